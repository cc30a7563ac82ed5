"""What a run achieved by the second: requests, tokens, and requests that meet every target."""

from typing import Any

from load.measure.outcome import FAILED, WHOLE
from load.measure.tally import Tally
from load.workload.plan import Plan


def rates(plan: Plan, total: Tally) -> dict[str, Any]:
    """Over the steady window; requests by their planned time, tokens by the time of their events."""
    seconds = window_s(plan, total)
    counts = total.counts
    whole = sum(counts[f"steady:{outcome}"] for outcome in WHOLE)
    failed = sum(counts[f"steady:{outcome}"] for outcome in FAILED)
    return {
        "window_s": round(seconds, 3),
        "offered_per_s": _per(counts["steady"], seconds),
        "completed_per_s": _per(whole, seconds),
        "output_tokens_per_s": _per(total.sums.get("steady_tokens", 0.0), seconds),
        "chunks_per_s": _per(counts["steady_chunks"], seconds),
        "error_share": round(failed / (whole + failed), 6) if whole + failed else None,
    }


def window_s(plan: Plan, total: Tally) -> float:
    """The steady window; of a run that ended early, to its last arrival."""
    planned_s = plan.schedule.duration_s
    last_s = max(total.line("arrivals"), default=0) + plan.bin_s
    return max(
        0.0, min(planned_s, last_s if total.counts["cut_short"] else planned_s) - plan.warm_up_s
    )


def goodput(plan: Plan, total: Tally) -> dict[str, Any]:
    """Requests that meet every target. A failure misses; what the end of the run cut is no miss."""
    counts = total.counts
    whole = sum(counts[f"steady:{outcome}"] for outcome in WHOLE)
    judged = whole + sum(counts[f"steady:{outcome}"] for outcome in FAILED)
    return {
        "slo": {
            "ttft_ms": plan.ttft_slo_ms,
            "tpot_ms": plan.tpot_slo_ms,
            "from": "send" if plan.closed else "planned arrival",
        },
        "good": counts["good"],
        "judged": judged,
        "attainment": round(counts["good"] / judged, 6) if judged else None,
        "per_s": _per(counts["good"], window_s(plan, total)),
    }


def _per(amount: float, seconds: float) -> float:
    return round(amount / seconds, 3) if seconds > 0 else 0.0
