"""What a run achieved by the second: requests, tokens, and requests that meet every target.

Arrivals are counted in the window in which they were planned, completions and failures in the one in which
they ended, tokens in the one in which they came. Warm-up, steady window and drain are never mixed.
"""

from typing import Any, Final

from load.measure.outcome import FAILED, WHOLE
from load.measure.queue import queue_of
from load.measure.tally import Tally
from load.measure.window import SLICES
from load.workload.plan import Plan
from load.workload.scenario import NO_OUTPUT

MEANINGS: Final = {
    "offered_per_s": "arrivals planned in the steady window",
    "completed_per_s": "whole answers that ended in the steady window",
    "failed_per_s": "failures that ended in the steady window",
    "output_tokens_per_s": "tokens that came in the steady window",
    "input_tokens_per_s": "prompt tokens of answers that ended in the steady window, by usage",
    "total_tokens_per_s": "input and output tokens",
    "tokens_per_s_a_user": "1 / the median TPOT: what one user sees once the first token is there",
    "chunks_per_s": "events with content that came in the steady window",
    "error_share": "failures of the arrivals planned in the steady window",
}
UNKNOWN_SHARE: Final = 0.05  # of whole answers, above which a target cannot be judged


def rates(plan: Plan, total: Tally, ran_s: float = 0.0) -> dict[str, Any]:
    """Figures of the steady window, each by its own time; `ran_s`: how long the schedule ran."""
    seconds = window_s(plan, total, ran_s)
    counts = total.counts
    whole = sum(counts[f"steady:{outcome}"] for outcome in WHOLE)
    failed = sum(counts[f"steady:{outcome}"] for outcome in FAILED)
    queue = queue_of(total)
    known = tokens_by(total)
    tokens = total.sums.get("steady_tokens", 0.0)
    return {
        "window_s": round(seconds, 3),
        "window": {"from_s": plan.warm_up_s, "to_s": round(plan.warm_up_s + seconds, 3)},
        "offered_per_s": _per(counts["steady"], seconds),
        "completed_per_s": _per(ended(total, "completed"), seconds),
        "failed_per_s": _per(ended(total, "failed"), seconds),
        "output_tokens_per_s": _per(tokens, seconds)
        if known or not counts["chunks"] or plan.scenario in NO_OUTPUT
        else None,
        "tokens_by": known,
        "input_tokens_per_s": _per(counts["steady_prompt_tokens"], seconds)
        if counts["with_usage"]
        else None,
        "total_tokens_per_s": _per(counts["steady_prompt_tokens"] + tokens, seconds)
        if counts["with_usage"]
        else None,
        "tokens_per_s_a_user": _speed(total),
        "chunks_per_s": _per(counts["steady_chunks"], seconds),
        "error_share": round(failed / (whole + failed), 6) if whole + failed else None,
        "meanings": MEANINGS,
        "in_flight": list(queue.in_flight),
        "saturated": not plan.closed and not counts["cut_short"] and queue.grows,
        "phases": phases(total),
    }


def ended(total: Tally, kind: str) -> int:
    """How many ended within the steady window, `completed` or `failed`."""
    return sum(total.counts[f"{kind}:{number}"] for number in range(SLICES))


def phases(total: Tally) -> dict[str, dict[str, int]]:
    """What was planned and what ended in the warm-up, the steady window and the drain."""
    spans = {"warm_up": [-1], "steady": list(range(SLICES)), "drain": [SLICES]}
    return {
        phase: {
            kind: sum(total.counts[f"{kind}:{number}"] for number in numbers)
            for kind in ("arrived", "completed", "failed", "unjudged")
        }
        for phase, numbers in spans.items()
    }


def tokens_by(total: Tally) -> str:
    """Who counted the output tokens: usage, a tokenizer, both; empty where nobody could."""
    counts = total.counts
    said = ["usage"] * bool(counts["tokens:completion"])
    said += ["tokenizer"] * bool(counts["with_count"])
    return " and ".join(said)


def window_s(plan: Plan, total: Tally, ran_s: float = 0.0) -> float:
    """The steady window; of a run that ended early, as far as it came."""
    end_s = plan.schedule.duration_s
    if total.counts["cut_short"]:
        last_s = max(total.line("arrivals"), default=0) + plan.bin_s
        end_s = min(end_s, ran_s or last_s)
    return max(0.0, end_s - plan.warm_up_s)


def goodput(plan: Plan, total: Tally, ran_s: float = 0.0) -> dict[str, Any]:
    """Requests that meet every target. A failure misses; what the end of the run cut is no miss."""
    counts = total.counts
    whole = sum(counts[f"steady:{outcome}"] for outcome in WHOLE)
    judged = whole + sum(counts[f"steady:{outcome}"] for outcome in FAILED)
    why = unjudgeable(plan, total)
    return {
        "slo": {
            "ttft_ms": plan.ttft_slo_ms,
            "tpot_ms": plan.tpot_slo_ms,
            "from": "send" if plan.closed else "planned arrival",
        },
        "good": counts["good"],
        "judged": judged,
        "unknown": counts["slo_unknown"],
        "cannot_be_judged": why,
        "attainment": round(counts["good"] / judged, 6) if judged and not why else None,
        "per_s": None if why else _per(counts["good_in_time"], window_s(plan, total, ran_s)),
    }


def unjudgeable(plan: Plan, total: Tally) -> str:
    """Why the targets cannot be judged; empty where they can."""
    counts = total.counts
    whole = sum(counts[f"steady:{outcome}"] for outcome in WHOLE)
    unknown = counts["slo_unknown"]
    if plan.tpot_slo_ms is None or unknown <= UNKNOWN_SHARE * whole:
        return ""
    if counts["bursts"] >= unknown / 2:
        return (
            f"{counts['bursts']} of {whole} streams came all at once, so there is no time per token"
        )
    return (
        f"{unknown} of {whole} streams say no usage, and no tokenizer is known for {plan.model}: "
        "there is no time per token"
    )


def _speed(total: Tally) -> float | None:
    histogram = total.histograms.get("tpot_ms")
    tpot_us = histogram.percentile(50) if histogram is not None else 0
    return round(1e6 / tpot_us, 2) if tpot_us else None


def _per(amount: float, seconds: float) -> float:
    return round(amount / seconds, 3) if seconds > 0 else 0.0
