"""One trial of a search: a run at a rate, and what it says by itself."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from load.measure.rates import goodput, rates
from load.measure.window import SLICES
from load.session.fleet import Fleet
from load.workload.plan import Plan

UNJUDGEABLE: Final = "cannot be judged"
Slices = tuple[tuple[int, int], ...]  # good, and judged


@dataclass(frozen=True)
class Trial:
    """One run at a rate, as the search and the report need it."""

    rate: float
    met: bool
    why: str
    offered_per_s: float
    completed_per_s: float
    goodput_per_s: float | None
    attainment: float | None
    error_share: float | None
    ttft_p50_ms: float | None
    ttft_p99_ms: float | None
    tpot_p50_ms: float | None
    behind: bool
    doubt: str = ""  # why it is not to be believed
    slices: Slices = ()
    left: int = 0  # in flight at the end
    arrived: int = 0
    unloaded_s: float = 0.0  # what its quickest tenth took
    delivered_per_s: float = 0.0  # whole answers from the start of the trial to its end

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def judged(plan: Plan, fleet: Fleet, doubt: str = "") -> Trial:
    """What one trial says by itself."""
    total = fleet.total
    seen, good = rates(plan, total, fleet.ran_s), goodput(plan, total, fleet.ran_s)
    scheduled = total.histogram("ttft_scheduled_ms").as_distribution()
    tpot = total.histogram("tpot_ms").as_distribution()
    attainment = good["attainment"]
    why = ""
    if fleet.stopped:
        why = fleet.stopped
    elif doubt:
        why = f"not to be believed: {doubt}"
    elif good["cannot_be_judged"]:
        why = f"{UNJUDGEABLE}: {good['cannot_be_judged']}"
    elif seen["saturated"]:
        why = "the server falls behind the rate"
    elif attainment is None or attainment * 100 < plan.slo_share:
        shown = "no" if attainment is None else f"{attainment:.1%} of"
        why = f"{shown} requests are good, asked for {plan.slo_share:g} %"
    counts = total.counts
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
        behind=seen["saturated"],
        doubt=doubt,
        slices=()
        if good["cannot_be_judged"]
        else tuple((counts[f"good:{n}"], counts[f"judged:{n}"]) for n in range(SLICES)),
        left=seen["in_flight"][-1],
        arrived=counts["arrivals"],
        unloaded_s=total.histogram("e2e_ms").percentile(10) / 1e6,
        delivered_per_s=(
            sum(counts[f"completed:{n}"] for n in range(-1, SLICES)) / plan.schedule.duration_s
        ),
    )


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)
