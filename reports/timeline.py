"""The events of a stream with the moment of each, from recorded frames or a bare body.

This is for showing, not for judging: whoever judges has decoded the bytes with care, and names an
event by its position. Here blocks of text are put in the same order and counted the same way.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from reports.document import Exchange

FIELD: Final = re.compile(r"(?:data|event|id|retry)(?::|$)|:", re.MULTILINE)
BLOCK: Final = re.compile(r"(?:\r\n|\n|\r)(?:\r\n|\n|\r)+")


@dataclass(frozen=True)
class Moment:
    """An event, or a block without data (a comment, a name alone), which has no index."""

    index: int | None
    at_ms: float | None
    name: str
    data: str
    raw: str


def is_stream(exchange: Exchange) -> bool:
    types = [value for name, value in exchange.headers if name.lower() == "content-type"]
    looks = FIELD.match(exchange.body.lstrip("\ufeff \r\n")) is not None
    return bool(exchange.frames) or any("event-stream" in value for value in types) or looks


def moments(exchange: Exchange) -> list[Moment]:
    """What arrived, in order. Frames may be events, or whatever a receive call gave."""
    if not exchange.frames:
        return _split(exchange.body, [], []) if is_stream(exchange) else []
    if not any(FIELD.match(text.lstrip("\ufeff \r\n")) for _, text in exchange.frames[:3]):
        return [Moment(n, at, "", text, text) for n, (at, text) in enumerate(exchange.frames)]
    blocks = [text for _, text in exchange.frames]
    if all(FIELD.match(text) and text[-1:] not in "\r\n" for text in blocks):
        blocks = [text + "\n\n" for text in blocks]  # events stored without their blank line
    ends = list(accumulate(len(text) for text in blocks))
    whole = "".join(blocks)
    return _split(whole, ends, [at for at, _ in exchange.frames])


def _split(whole: str, ends: list[int], times: list[float]) -> list[Moment]:
    found: list[Moment] = []
    index = start = 0
    cuts = [(match.start(), match.end()) for match in BLOCK.finditer(whole)] + [(len(whole),) * 2]
    for stop, following in cuts:
        raw = whole[start:stop].lstrip("\ufeff")
        start = following
        if not raw.strip("\r\n"):
            continue
        lines = re.split(r"\r\n|\n|\r", raw)
        data = [_value(line) for line in lines if line.startswith("data:") or line == "data"]
        name = next((_value(line) for line in reversed(lines) if line.startswith("event:")), "")
        # The event is there when its blank line is: the receive call that brought that one counts.
        place = min(bisect_left(ends, min(stop + 1, len(whole))), len(times) - 1)
        at = times[place] if times else None
        found.append(Moment(index if data else None, at, name, "\n".join(data), raw))
        index += bool(data)
    return found


def _value(line: str) -> str:
    return line.partition(":")[2].removeprefix(" ")
