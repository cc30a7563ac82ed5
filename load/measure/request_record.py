"""One line of load-requests.jsonl.gz: what a request was, when it did what, and how it ended.

Times are seconds from the start of the run (`at_s`, the planned arrival) and milliseconds from the send; null
where it never came to that. Tokens are the server's usage; `counted` those of a tokenizer, where there is none.
"""

from typing import Any

import msgspec

from load.measure.outcome import WHOLE
from load.measure.token_times import time_per_token_us
from load.measure.window import Window
from load.transport.request import Arrival

_encode = msgspec.json.Encoder().encode


def record_of(arrival: Arrival, window: Window) -> str:
    """An arrival that has ended, as a line of JSON."""
    request, reader, usage = arrival.request, arrival.reader, arrival.usage
    sent, stamps = arrival.sent_ns, reader.stamps
    intended = arrival.intended_ns

    def since(at_ns: int, start_ns: int) -> float | None:
        return round((at_ns - start_ns) / 1e6, 3) if at_ns and start_ns else None

    first = stamps[0] if stamps else 0
    tokens = arrival.output_tokens
    tpot_us = time_per_token_us(arrival, tokens) if tokens and len(stamps) > 1 and request.stream else None  # fmt: skip
    line: dict[str, Any] = {
        "number": arrival.number,
        "scenario": request.scenario,
        "at_s": round((intended - window.start_ns) / 1e9, 6),
        "steady": window.from_ns <= intended <= window.to_ns,
        "outcome": arrival.outcome,
        "whole": arrival.outcome in WHOLE,
        "status": arrival.status or None,
        "delay_ms": since(sent, intended),
        "connect_ms": round(arrival.connect_ns / 1e6, 3) if arrival.connect_ns else None,
        "headers_ms": since(arrival.headers_ns, sent),
        "ttft_ms": since(first, sent),
        "ttft_scheduled_ms": since(first, intended),
        "visible_ms": since(reader.visible_ns, sent),
        "last_ms": since(stamps[-1] if stamps else 0, sent),
        "end_ms": since(arrival.end_ns, sent),
        "tpot_ms": tpot_us / 1000 if tpot_us is not None else None,
        "chunks": len(stamps),
        "bytes": arrival.received_bytes,
        "prompt_tokens": usage.prompt_tokens if usage else None,
        "completion_tokens": usage.completion_tokens if usage else None,
        "cached_tokens": usage.cached_tokens if usage else None,
        "reasoning_tokens": usage.reasoning_tokens if usage else None,
        "counted": arrival.counted,
        "violations": sorted(arrival.violations),
    }
    if request.session:
        line |= {"session": request.session, "turn": request.turn}
    if arrival.detail:
        line["detail"] = arrival.detail
    return _encode(line).decode()
