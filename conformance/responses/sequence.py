"""Sequence numbers of a stream's events."""

from collections.abc import Iterator

from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule
from conformance.responses.framing import KNOWN
from conformance.responses.selectors import STREAM, number, typed
from wire.exchange import Exchange


def numbers(x: Exchange) -> Iterator[tuple[int, int]]:
    """(event, sequence number) of each event that has one."""
    for index, payload in enumerate(x.reply.payloads):
        value = number(payload, "sequence_number") if isinstance(payload, dict) else None
        if value is not None:
            yield index, value


def _where(event: int) -> str:
    return f"event {event}, sequence_number"


@rule("responses.stream.sequence-number", on=STREAM)
def present(x: Exchange) -> Findings:
    for index, kind, payload in typed(x):
        value = payload.get("sequence_number")
        # Events of routers and keep-alives are no events of the API: clients skip them, numbered or not.
        if value is None and (kind not in KNOWN or kind == "keepalive"):
            continue
        if type(value) is not int or value < 0:
            found = show(value) if "sequence_number" in payload else "missing"
            yield Finding(_where(index), "a whole number", found, index)


@rule("responses.stream.sequence-first", on=STREAM)
def first(x: Exchange) -> Findings:
    for event, value in numbers(x):
        if value != 0:
            yield Finding(_where(event), "0 at the first event", str(value), event)
        return


@rule("responses.stream.sequence-order", on=STREAM)
def growing(x: Exchange) -> Findings:
    last: int | None = None
    for event, value in numbers(x):
        if last is not None and value <= last:
            yield Finding(_where(event), f"more than {last}", str(value), event)
        last = value


@rule("responses.stream.sequence-gaps", on=STREAM)
def without_gaps(x: Exchange) -> Findings:
    last: int | None = None
    for event, value in numbers(x):
        if last is not None and value > last + 1:
            yield Finding(_where(event), str(last + 1), str(value), event)
        last = value
