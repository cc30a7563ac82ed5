"""Whether the numbers can be believed: VALID, or INVALID with every reason."""

from dataclasses import dataclass
from typing import Final

from load.measure.histogram import enough
from load.measure.outcome import FAILED, WHOLE
from load.measure.rates import unjudgeable
from load.session.fleet import Fleet
from load.workload.plan import Plan

LATE_MS: Final = 5.0
LATE_SHARE: Final = 0.05  # of the median time to first token
LAG_MS: Final = 5.0
LAG_SHARE: Final = 0.10  # of the median time between chunks
STAMPED_LAG_MS: Final = 50.0  # where the kernel stamps, a late loop moves no stamp
CPU_SHARE: Final = 0.90
SENT_SHARE: Final = 0.99
FEWEST: Final = 30
CANNOT_BE_JUDGED: Final = "--tpot-slo cannot be judged"
TOO_FEW: Final = "too few samples"
COST: Final = "the limit of $"  # how a run says that it ended for want of money


@dataclass(frozen=True)
class Validity:
    reasons: tuple[str, ...]

    @property
    def stamp(self) -> str:
        return "INVALID" if self.reasons else "VALID"


def validity(fleet: Fleet, planned: int | None, plan: Plan) -> Validity:
    """Judge the client, never the target: a slow or failing server makes no run invalid.

    A target that nothing can be said of is named, too: what is not judged is not met.
    """
    reasons = _reasons(fleet, planned, plan)
    why = unjudgeable(plan, fleet.total)
    if why:
        reasons.append(f"{CANNOT_BE_JUDGED}: {why}")
    return Validity(tuple(reasons))


def _reasons(fleet: Fleet, planned: int | None, plan: Plan) -> list[str]:
    total, reasons = fleet.total, []

    def point(name: str, percentile: float) -> float:
        return total.histogram(name).percentile(percentile) / 1000

    allowed = max(LATE_MS, LATE_SHARE * point("ttft_ms", 50))
    if plan.schedule.exact:  # of a trial only whether it keeps its target is asked
        allowed = max(allowed, LATE_SHARE * (plan.ttft_slo_ms or 0.0))
    # Of few samples the p99 is the highest one, and one says little.
    place = 99 if enough(99, total.histogram("lateness_ms").count) else 90
    late = point("lateness_ms", place)
    if late > allowed:
        reasons.append(f"requests left {late:.1f} ms late at p{place} (allowed {allowed:.1f} ms)")
    stamped = total.histogram("kernel_lag_ms").count > 0
    lag = point("loop_lag_ms", 99)
    allowed = STAMPED_LAG_MS if stamped else max(LAG_MS, LAG_SHARE * point("ict_ms", 50))
    if lag > allowed:
        reasons.append(f"the event loop was {lag:.1f} ms late at p99 (allowed {allowed:.1f} ms)")
    behind = point("kernel_lag_ms", 99)
    if stamped and behind > STAMPED_LAG_MS:
        reasons.append(f"received bytes waited {behind:.1f} ms for the client at p99 (allowed {STAMPED_LAG_MS:.0f} ms)")  # fmt: skip
    for number, worker in sorted(fleet.workers.items()):
        if worker.cpu_share > CPU_SHARE:
            reasons.append(f"worker {number} used {worker.cpu_share:.0%} of a core (allowed {CPU_SHARE:.0%})")  # fmt: skip
    counts = total.counts
    saturated = counts["outcome:client_saturated"]
    if saturated and not fleet.stopped.startswith(COST):
        why = f" ({fleet.limit})" if fleet.limit else ""
        reasons.append(f"{saturated} arrivals were not sent: as much in flight as allowed{why}")
    failed_here = counts["outcome:client_error"] + counts["own_errors"]
    if failed_here:
        kept = total.transcripts.get("outcome:client_error") or [{}]
        reasons.append(f"{failed_here} arrivals failed in this client: {kept[0].get('detail') or 'see its log'}")  # fmt: skip
    if planned and not fleet.stopped and counts["arrivals"] < SENT_SHARE * planned:
        reasons.append(f"{counts['arrivals']} of {planned} arrivals happened")
    cut = counts["outcome:cut_by_end"]
    if cut and not fleet.stopped:
        reasons.append(
            f"{cut} requests were still in flight after the drain, no longer than others took: raise --drain"
        )
    if fleet.lost:
        reasons.append(
            f"lost: worker {', '.join(map(str, fleet.lost))}; its last second is missing"
        )
    if len(fleet.workers) < fleet.size:
        reasons.append(f"{fleet.size - len(fleet.workers)} of {fleet.size} workers never reported")
    if fleet.stopped:
        reasons.append(f"ended early: {fleet.stopped}")
    judged = sum(counts[f"steady:{outcome}"] for outcome in WHOLE | FAILED)
    if judged < FEWEST:
        reasons.append(f"{TOO_FEW}: {judged} in the steady window (at least {FEWEST})")
    return reasons
