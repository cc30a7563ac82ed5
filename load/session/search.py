"""Finds the highest rate that keeps the targets: doubling to bracket it, then bisection.

A trial fails when too few requests are good, or when the server falls behind the rate: then more is in
flight at its end than at its middle, and what it completed falls short of what arrived. Such a trial
says nothing about a steady state, whatever its percentiles look like.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any, Final

from load.measure.outcome import WHOLE
from load.measure.rates import goodput, rates
from load.session.fleet import Fleet
from load.workload.plan import Plan

CLOSE: Final = 1.08  # ratio of the lowest failing to the highest passing rate
DOUBLINGS: Final = 12
STEPS: Final = 6
BEHIND: Final = (
    0.90  # of the arrivals, answered when the schedule ends, below which it falls behind
)
GROWTH: Final = 1.5  # of what is in flight, from the middle to the end


@dataclass(frozen=True)
class Trial:
    rate: float
    met: bool
    why: str
    offered_per_s: float
    completed_per_s: float
    goodput_per_s: float
    attainment: float | None
    error_share: float | None
    ttft_p50_ms: float | None
    ttft_p99_ms: float | None
    tpot_p50_ms: float | None
    behind: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def judged(plan: Plan, fleet: Fleet) -> Trial:
    """Whether a trial kept the targets."""
    seen, good = rates(plan, fleet.total, fleet.ran_s), goodput(plan, fleet.total, fleet.ran_s)
    scheduled = fleet.total.histogram("ttft_scheduled_ms").as_distribution()
    tpot = fleet.total.histogram("tpot_ms").as_distribution()
    behind = falls_behind(plan, fleet)
    attainment = good["attainment"]
    why = ""
    if fleet.stopped:
        why = fleet.stopped
    elif behind:
        why = "the server falls behind the rate"
    elif attainment is None or attainment * 100 < plan.slo_share:
        shown = "no" if attainment is None else f"{attainment:.1%} of"
        why = f"{shown} requests are good, asked for {plan.slo_share:g} %"
    return Trial(
        rate=plan.schedule.rate,
        met=not why,
        why=why,
        offered_per_s=seen["offered_per_s"],
        completed_per_s=seen["completed_per_s"],
        goodput_per_s=good["per_s"],
        attainment=attainment,
        error_share=seen["error_share"],
        ttft_p50_ms=_number(scheduled["p50"]),
        ttft_p99_ms=_number(scheduled["p99"] or scheduled["max"]),
        tpot_p50_ms=_number(tpot["p50"]),
        behind=behind,
    )


def falls_behind(plan: Plan, fleet: Fleet) -> bool:
    """Whether the queue still grew when the schedule ended."""
    end_s = plan.schedule.duration_s
    within = [(at, n) for at, n in fleet.in_flight if at <= end_s + 0.5]
    middle = [n for at, n in within if 0.4 * end_s <= at <= 0.6 * end_s]
    late = [n for at, n in within if at >= 0.8 * end_s]
    if not middle or not late:
        return False
    grows = mean(late) > max(4.0, GROWTH * mean(middle))
    answered = sum(n for at, n in fleet.total.line("completed").items() if at < end_s)
    whole = sum(fleet.total.counts[f"outcome:{outcome}"] for outcome in WHOLE)
    return grows and answered < BEHIND * whole


def search(first: float, trial: Callable[[float], Trial]) -> Iterator[Trial]:
    """Yields each trial as it ends; the best rate is the highest that met the targets."""
    rate, low, high = first, 0.0, 0.0
    for _ in range(DOUBLINGS):
        one = trial(rate)
        yield one
        if one.met:
            low = max(low, rate)
        else:
            high = rate
        if low and high:
            break
        rate = rate * 2 if one.met else rate / 2
    if not low or not high:
        return
    for _ in range(STEPS):
        if high / low <= CLOSE:
            return
        rate = (low + high) / 2
        one = trial(rate)
        yield one
        if one.met:
            low = rate
        else:
            high = rate


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
