"""What one flight sent and got, as evidence in the report. Keys never enter: only bodies do."""

from typing import Any, Final

from load.transport.request import Flight

SHOWN: Final = 6000  # characters of a body
PIECES: Final = 200


def transcript(flight: Flight, why: str) -> dict[str, Any]:
    """A flight as JSON; the reply's bytes only where they were kept."""
    start = flight.sent_ns or flight.intended_ns
    shown: dict[str, Any] = {
        "number": flight.number,
        "why": why,
        "outcome": str(flight.outcome),
        "detail": flight.detail,
        "request": {
            "path": flight.shot.path,
            "body": flight.shot.body[:SHOWN].decode("utf-8", "replace"),
        },
        "status": flight.status,
        "media_type": flight.media_type,
        "retry_after": flight.retry_after,
        "events": flight.reader.events,
        "total_ms": round((flight.end_ns - start) / 1e6, 3),
    }
    if flight.kept is not None:
        shown["headers"] = flight.headers[:60]
        shown["frames"] = [
            [round((at_ns - start) / 1e6, 3), data.decode("utf-8", "replace")[:SHOWN]]
            for at_ns, data in flight.kept[:PIECES]
        ]
    return shown
