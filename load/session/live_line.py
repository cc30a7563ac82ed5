"""The live line while a run goes on: rate, in flight, time to first token, errors, cost."""

from load.measure.outcome import FAILED
from load.measure.tally import Tally
from load.session.fleet import Fleet


def live_line(at_s: float, fleet: Fleet, fresh: Tally, over_s: float) -> str:
    """One second of a run in one line."""
    counts = fleet.total.counts
    failed = sum(counts[f"outcome:{outcome}"] for outcome in FAILED)
    ttft = fresh.histogram("ttft_ms")
    shown = (
        f"TTFT p50 {ttft.percentile(50) / 1000:.0f} p99 {ttft.percentile(99) / 1000:.0f} ms"
        if ttft.count
        else "TTFT -"
    )
    share = failed / counts["arrivals"] if counts["arrivals"] else 0.0
    return (
        f"{at_s:5.0f} s  {fresh.counts['arrivals'] / max(over_s, 0.1):7.1f}/s  in flight {fleet.flying:5d}  "
        f"{shown}  errors {failed} ({share:.1%})  ${fleet.total.sums.get('usd', 0.0):.4f}"
    )
