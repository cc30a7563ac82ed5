"""What a flight came to: its outcome class and its violations, from what the reader and decoder saw."""

from typing import Any, Final

from load.measure.outcome import Outcome, of_status
from load.transport.request import Flight
from wire.endpoint import Endpoint
from wire.exchange import Invalid, parse_json
from wire.sse import DONE, Decoder, Event, FactKind

_EVENT_STREAM: Final = "text/event-stream"
_FRAMING: Final = {
    FactKind.BAD_UTF8: "utf-8",
    FactKind.BOM: "no-bom",
    FactKind.NO_BLANK_LINE_AT_END: "terminated",
    FactKind.EMPTY_DATA: "no-empty-event",
    FactKind.NO_DATA: "no-empty-event",
}
_WHOLE_MESSAGE: Final = "whole"


def classify(flight: Flight, at_ns: int, outcome: Outcome | None, detail: str) -> None:
    """Give the flight its one class. `outcome` is set when the HTTP message itself was not whole."""
    reader = flight.reader
    refused = of_status(flight.status) if flight.headers_ns else None
    if refused is not None:
        flight.end(refused, f"HTTP {flight.status}", at_ns)
        return
    shot = flight.shot
    if flight.headers_ns and shot.stream:
        if flight.media_type == _EVENT_STREAM:
            flight.violations |= reader.violations()
        else:
            # What is no event stream cannot be read as one, however it ended.
            _violate(flight, "media-type", f"content type {flight.media_type or 'missing'}")
            flight.end(Outcome.PARSE_ERROR, f"no event stream: {flight.media_type}", at_ns)
            return
    elif flight.headers_ns:
        flight.violations |= reader.violations()
    if reader.error is not None:
        flight.end(Outcome.ERROR_EVENT, _message(reader.error), at_ns)
    elif reader.problem:
        flight.end(Outcome.PARSE_ERROR, reader.problem, at_ns)
    elif not reader.whole:
        if not shot.stream and outcome is None:
            outcome, detail = Outcome.PARSE_ERROR, "not the object that was asked for"
        flight.end(outcome or Outcome.TRUNCATED, detail or "no terminal event", at_ns)
    else:
        if outcome is not None:
            _violate(flight, _WHOLE_MESSAGE, detail)
        if not reader.stamps:
            flight.end(Outcome.EMPTY, "no content", at_ns)
        elif reader.limited:
            flight.end(Outcome.INCOMPLETE_LENGTH, "", at_ns)
        else:
            flight.end(Outcome.OK, "", at_ns)


def readable(event: Event) -> bool:
    """Whether an event that the end of the stream cut short says something: half of one is a cut."""
    return event.data.strip() == DONE or not isinstance(parse_json(event.data), Invalid)


def framing(decoder: Decoder, flight: Flight) -> dict[str, str]:
    """What the decoder itself noticed, under the ids of the requirements on framing."""
    return {
        f"{_area(flight)}.stream.{_FRAMING[fact.kind]}": f"event {fact.where}: {fact.kind}"
        for fact in decoder.facts
        if fact.kind in _FRAMING
    }


def _violate(flight: Flight, name: str, what: str) -> None:
    flight.violations.setdefault(f"{_area(flight)}.stream.{name}", what)


def _area(flight: Flight) -> str:
    return "chat" if flight.shot.endpoint is Endpoint.CHAT else "responses"


def _message(error: Any) -> str:
    message = error.get("message") if isinstance(error, dict) else error
    return str(message)[:200]
