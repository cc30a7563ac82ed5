"""What an arrival came to: its outcome class and its violations, from what the reader and decoder saw."""

from collections.abc import Sequence
from typing import Any, Final

from load.measure.outcome import Outcome, of_status
from load.transport.reader import DETAIL, ERROR_FINISHES
from load.transport.request import Arrival
from load.transport.usage_sums import believable
from wire.endpoint import Endpoint
from wire.exchange import Invalid, parse_json
from wire.sse import DONE, Event, Fact, FactKind

EVENT_STREAM: Final = "text/event-stream"
_FRAMING: Final = {
    FactKind.BAD_UTF8: "utf-8",
    FactKind.BOM: "no-bom",
    FactKind.NO_BLANK_LINE_AT_END: "terminated",
    FactKind.EMPTY_DATA: "no-empty-event",
    FactKind.NO_DATA: "no-empty-event",
}
NEAR_LIMIT: Final = 8  # tokens that end an answer, or are not counted the same everywhere


def classify(arrival: Arrival, at_ns: int, outcome: Outcome | None, detail: str) -> None:
    """Give the arrival its one class. `outcome` is set when the HTTP message itself was not whole."""
    reader = arrival.reader
    refused = of_status(arrival.status) if arrival.headers_ns else None
    if refused is not None:
        where = f" to {arrival.location}" if arrival.location else ""
        arrival.end(refused, f"HTTP {arrival.status}{where}"[:DETAIL], at_ns)
        return
    request = arrival.request
    if arrival.encoding:
        detail = f"content-encoding {arrival.encoding}, though identity was asked for"
        arrival.end(Outcome.PARSE_ERROR, detail, at_ns)
        return
    if arrival.headers_ns and request.stream:
        if arrival.media_type.lower() == EVENT_STREAM:
            arrival.violations |= reader.violations()
        else:
            # What is no event stream cannot be read as one, however it ended.
            _violate(arrival, "media-type", f"content type {arrival.media_type or 'missing'}")
            arrival.end(Outcome.PARSE_ERROR, f"no event stream: {arrival.media_type}", at_ns)
            return
    elif arrival.headers_ns:
        arrival.violations |= reader.violations()
    if reader.error is not None:
        arrival.end(Outcome.ERROR_EVENT, _message(reader.error), at_ns)
    elif reader.problem:
        arrival.end(Outcome.PARSE_ERROR, reader.problem, at_ns)
    elif not reader.whole and not (reader.finished and _ended_well(arrival, outcome)):
        if not request.stream and outcome is None:
            outcome, detail = Outcome.PARSE_ERROR, "not the object that was asked for"
        arrival.end(outcome or Outcome.TRUNCATED, detail or "no terminal event", at_ns)
    else:
        if outcome is not None:
            _violate(arrival, "whole", detail)
        if not reader.stamps:
            arrival.end(Outcome.EMPTY, "no content", at_ns)
        else:
            arrival.end(*_whole(arrival), at_ns)


def _ended_well(arrival: Arrival, outcome: Outcome | None) -> bool:
    """Without its last event a stream is whole only where its message says so, not where bytes just ended."""
    return outcome is None and (arrival.framed or arrival.reader.usage is not None)


def _whole(arrival: Arrival) -> tuple[Outcome, str]:
    """The class of an answer that is whole by its form."""
    reader = arrival.reader
    if reader.finish in ERROR_FINISHES:
        return Outcome.ERROR_FINISH, f"finish_reason {reader.finish}"
    if reader.finish:
        return Outcome.CONTENT_FILTER, f"finish_reason {reader.finish}"
    if reader.limited:
        usage, limit = believable(reader.usage), arrival.request.most_tokens
        used = usage.completion_tokens if usage else None
        if limit is not None and used is not None and used < limit - NEAR_LIMIT:
            return Outcome.LENGTH_EARLY, f"cut after {used} tokens, the limit asked for is {limit}"
        if reader.whole:
            return Outcome.INCOMPLETE_LENGTH, ""
    return (Outcome.OK, "") if reader.whole else (Outcome.WITHOUT_DONE, "no [DONE]")


def readable(event: Event) -> bool:
    """Whether an event that the end of the stream cut short says something: half of one is a cut."""
    return event.data.strip() == DONE or not isinstance(parse_json(event.data), Invalid)


def framing(facts: Sequence[Fact], arrival: Arrival) -> dict[str, str]:
    """What the decoder itself noticed, under the ids of the requirements on framing."""
    if arrival.request.endpoint is Endpoint.OTHER:
        return {}
    return {
        f"{_area(arrival)}.stream.{_FRAMING[fact.kind]}": f"event {fact.where}: {fact.kind}"
        for fact in facts
        if fact.kind in _FRAMING
    }


def _violate(arrival: Arrival, name: str, what: str) -> None:
    if arrival.request.endpoint is Endpoint.OTHER:
        return  # the catalogue has nothing on it
    arrival.violations.setdefault(f"{_area(arrival)}.stream.{name}", what)


def _area(arrival: Arrival) -> str:
    return "chat" if arrival.request.endpoint is Endpoint.CHAT else "responses"


def _message(error: Any) -> str:
    message = error.get("message") if isinstance(error, dict) else error
    return message[:DETAIL] if isinstance(message, str) else type(message).__name__
