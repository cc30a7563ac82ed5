"""What streams beside the text: annotations and logprobs."""

import math
from collections import defaultdict
from typing import Any, Final

from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule
from conformance.responses.selectors import STREAM, Json, dicts, number, stream_with, typed
from wire.exchange import Exchange
from wire.responses import fold_responses

_ROUNDED: Final = 0.01
_ADDED: Final = "response.output_text.annotation.added"


@rule("responses.stream.annotations", on=stream_with("response.content_part.done"))
def annotations(x: Exchange) -> Findings:
    counts: defaultdict[Any, int] = defaultdict(int)
    for event, kind, payload in typed(x):
        key = number(payload, "output_index"), number(payload, "content_index")
        if kind != _ADDED:
            continue
        found = payload.get("annotation_index")
        if found != counts[key]:
            yield Finding(f"event {event}, annotation_index", str(counts[key]), show(found), event)
        counts[key] += 1
    for item in fold_responses(x.reply).items.values():
        for (name, n), part in item.parts.items():
            told = part.done.get("annotations") if part.done else None
            if part.done is not None and (told or []) != part.annotations:
                where = f"output[{item.index}], {name}[{n}].annotations"
                yield Finding(where, show(part.annotations), show(told))


def _with_logprobs(x: Exchange) -> bool:
    return x.reply.is_stream and any(p.get("logprobs") for _, _, p in typed(x))


@rule(
    "responses.stream.logprobs",
    on=STREAM.only("with logprobs", _with_logprobs, "responses.stream.logprobs"),
)
def logprobs(x: Exchange) -> Findings:
    deltas: defaultdict[Any, list[Json]] = defaultdict(list)
    for event, kind, payload in typed(x):
        key = number(payload, "output_index"), number(payload, "content_index")
        if kind == "response.output_text.delta":
            deltas[key] += dicts(payload.get("logprobs"))
        elif kind == "response.output_text.done":
            yield from _compared(f"event {event}, logprobs", deltas[key], payload.get("logprobs"))
    for item in fold_responses(x.reply).items.values():
        for n, part in enumerate(dicts(item.json.get("content"))):
            where = f"output[{item.index}], content[{n}].logprobs"
            yield from _compared(where, deltas[item.index, n], part.get("logprobs"))


def _compared(where: str, expected: list[Json], found: Any) -> Findings:
    if not isinstance(found, list) or not _alike(expected, found):
        told = f"{len(found)}: {show(found, 60)}" if isinstance(found, list) else show(found)
        yield Finding(where, f"the {len(expected)} of the deltas", told)


def _alike(one: Any, other: Any) -> bool:
    """Equal but for rounding: real streams round the numbers of the finished item, or of its top."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(_alike(a, b) for a, b in pairs)
    if isinstance(one, float) or isinstance(other, float):
        numbers = all(isinstance(v, int | float) for v in (one, other))
        try:
            return numbers and math.isclose(one, other, rel_tol=_ROUNDED, abs_tol=_ROUNDED)
        except OverflowError:  # an integer of hundreds of digits is no float
            return False
    return bool(one == other)
