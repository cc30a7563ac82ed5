"""What one arrival sent and got, as evidence in the report. Keys never enter: only bodies do."""

from typing import Any, Final

from load.transport.request import Arrival

SHOWN: Final = 6000  # characters of a body
PIECES: Final = 200


def transcript(arrival: Arrival, why: str) -> dict[str, Any]:
    """An arrival as JSON; the reply's bytes only where they were kept."""
    start = arrival.sent_ns or arrival.intended_ns
    shown: dict[str, Any] = {
        "number": arrival.number,
        "why": why,
        "outcome": str(arrival.outcome),
        "detail": arrival.detail,
        "request": {
            "path": arrival.request.path,
            "body": arrival.request.body[:SHOWN].decode("utf-8", "replace"),
        },
        "status": arrival.status,
        "media_type": arrival.media_type,
        "retry_after": arrival.retry_after,
        "events": arrival.reader.events,
        "total_ms": round((arrival.end_ns - start) / 1e6, 3),
    }
    if arrival.kept is not None:
        shown["headers"] = arrival.headers[:60]
        shown["frames"] = [
            [round((at_ns - start) / 1e6, 3), data.decode("utf-8", "replace")[:SHOWN]]
            for at_ns, data in arrival.kept[:PIECES]
        ]
    return shown
