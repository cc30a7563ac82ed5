"""Rules about readers: an answer to a known prompt, read as a client reads it, is what was sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from conformance.clients.readers.reading import Reader, Reading, read
from conformance.judging.ability import CALL, REPEAT
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.refusal import refuses
from conformance.judging.route import Silence
from conformance.judging.rule import Rule
from conformance.judging.selector import Selector
from conformance.judging.substance import answered
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange, parse_json

Calls = list[tuple[Any, Any]]
_SHOWN: Final = 160


@dataclass(frozen=True)
class Known:
    """What an answer has to be: one text, or calls as (name, value of the arguments)."""

    text: str | None
    calls: Calls
    sent: Callable[[Exchange], tuple[str, Calls]]
    """What was sent as the suite reads it: a model may say something else than it was told."""
    is_any_call: bool = False
    """Whether one call is enough, whichever it is."""


def reader_rule(
    requirement: str,
    on: Selector,
    ways: Mapping[str, Reader],
    known: Callable[[Exchange], Known | None],
) -> Rule:
    """A rule that lets a client read each matching answer in its `ways`, by name."""

    def check(x: Exchange) -> Findings:
        if refuses(x):
            yield Finding(" and ".join(ways), "200 for a request as plain as this", status_line(x))
        if not x.ok or (wanted := known(x)) is None:
            return
        for way, reader in ways.items():
            reading = read(reader, x)
            if reading.complaint and _cut_short(x, wanted):
                yield Unsure("the limit of the request cut the answer, which the client says")
            elif reading.complaint:
                yield Finding(way, "an answer that it reads to its end", reading.complaint)
            else:
                yield from _differs(way, reading, wanted, x)

    # A client meets what is torn or packed as well.
    heard = frozenset({Silence.TORN, Silence.PACKED})
    return Rule((requirement,), on, check, heard, sees=answered)


def _cut_short(x: Exchange, wanted: Known) -> bool:
    """Whether an answer says that its limit cut it, and is not whole: a client that complains is right."""
    text, calls = wanted.sent(x)
    if wanted.is_any_call:
        whole = bool(calls) and all(isinstance(given, dict) for _, given in calls)
    else:
        whole = calls == wanted.calls if wanted.calls else text == wanted.text
    return not whole and _says_cut(x)


def _says_cut(x: Exchange) -> bool:
    if x.endpoint is Endpoint.CHAT and x.reply.is_stream:
        return any(c.finish_reason == "length" for c in fold_chat(x.reply).choices.values())
    for _, value in x.objects():
        choices = value.get("choices") if isinstance(value, dict) else None
        if isinstance(choices, list):
            ends = (c.get("finish_reason") for c in choices if isinstance(c, dict))
            if "length" in ends:
                return True
        said = (value.get("status"), value.get("type")) if isinstance(value, dict) else ()
        if "incomplete" in said or "response.incomplete" in said:
            return True
    return False


def _differs(way: str, reading: Reading, wanted: Known, x: Exchange) -> Findings:
    """What was read is what was told; where it is at least what was sent, the model may have erred."""
    text, calls = wanted.sent(x)
    if wanted.is_any_call:
        if not reading.calls:
            yield Finding(way, "a call of a tool", show(reading.text, _SHOWN), ability=CALL)
    elif wanted.calls:
        made = [
            (name, parse_json(text) if isinstance(text, str) else text)
            for name, text in reading.calls
        ]
        if made != wanted.calls:
            told = show(wanted.calls, _SHOWN), show(made, _SHOWN)
            yield Finding(way, *told, ability=CALL if made == calls else "")
    elif reading.text != wanted.text:
        told = show(wanted.text, _SHOWN), show(reading.text, _SHOWN)
        yield Finding(way, *told, ability=REPEAT if reading.text == text else "")
