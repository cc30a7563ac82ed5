"""How fast the target streamed, from the run's own streams: a glance, no measurement under load."""

from collections.abc import Iterable
from statistics import median
from typing import Any

from conformance.running.budget import usage_of
from wire.exchange import Ended, Exchange

LEAST_TOKENS = 8
"""A rate over fewer tokens tells more of the clock than of the server."""
LEAST_MS = 5.0


def speed(exchanges: Iterable[Exchange]) -> dict[str, Any] | None:
    """`speed` of the run document: medians in ms and tokens a second, and of how many streams.

    TTFT counts from the send of the request to the first piece of the answer. The rate is of the
    tokens after the first, by the server's own usage where a stream has one, else one a delta.
    None where no stream was timed.
    """
    firsts: list[float] = []
    rates: list[float] = []
    for x in exchanges:
        if not (x.ok and x.reply.timed and x.reply.is_stream and x.connection.ended is Ended.COMPLETE):  # fmt: skip
            continue
        times = [
            event.at_ms
            for event, payload in zip(x.reply.events, x.reply.payloads, strict=True)
            if event.at_ms is not None and isinstance(payload, dict) and says_something(payload)
        ]
        if not times:
            continue
        firsts.append(times[0])
        usage = usage_of(x)
        tokens = (usage.completion_tokens if usage else None) or len(times)
        if tokens >= LEAST_TOKENS and len(times) > 1 and times[-1] - times[0] >= LEAST_MS:
            rates.append((tokens - 1) / (times[-1] - times[0]) * 1000)
    if not firsts:
        return None
    return {
        "ttft_ms": round(median(firsts), 1),
        "ttft_ms_range": [round(min(firsts), 1), round(max(firsts), 1)],
        "tokens_per_s": round(median(rates), 1) if rates else None,
        "tokens_per_s_range": [round(min(rates), 1), round(max(rates), 1)] if rates else None,
        "streams": len(firsts),
        "rated_streams": len(rates),
    }


def says_something(payload: dict[str, Any]) -> bool:
    """Whether an event carries a piece of the answer: text, reasoning, or a call's arguments."""
    if str(payload.get("type", "")).endswith(".delta"):
        return bool(payload.get("delta"))
    choices = payload.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if isinstance(delta, dict) and any(
            value for name, value in delta.items() if name != "role"
        ):
            return True
    return False
