"""What this machine can drive: a short run against the reference gateway, and what follows from it."""

from dataclasses import dataclass
from typing import Any, Final

from load.measure.outcome import WHOLE
from load.session.fleet import Fleet
from load.workload.plan import Plan

OPTIONS: Final[dict[str, Any]] = {
    "scenario": "chat-stream", "prompts": "", "trace": "", "max_tokens": None, "model": "",
    "input_tokens": 120.0, "output_tokens": 100.0, "spread": 0.0, "shared_prefix": 0,
    "arrivals": "poisson", "rate": 40.0, "duration": 3.0, "warm_up": 0.0, "drain": 10.0, "gate": [],
    "max_cost": None, "requests": "", "records": False, "baseline": "", "fail_if_worse": "", "scrape": [], "rates": "", "concurrencies": "", "stop_after": None, "header": [], "extra_body": [], "insecure": False, "cacert": "",
}  # fmt: skip
USABLE: Final = 0.7  # of a core, above which time stamps suffer
OTHER_EVENTS: Final = 4  # of a stream beside its tokens


@dataclass(frozen=True)
class Calibration:
    """Costs of one process, an upper bound: the reading of few events is dear."""

    us_per_event: float
    dispatch_p99_ms: float
    loop_lag_p99_ms: float
    processes: int
    input_deviation: float = 0.0  # of prompts in tokens, by usage against what was asked for
    output_deviation: float = 0.0

    @property
    def events_per_s(self) -> float:
        return USABLE * 1e6 / self.us_per_event * self.processes

    def needed(self, plan: Plan) -> float:
        """Cores that a plan needs, roughly."""
        tokens = plan.max_tokens or plan.lengths.output_tokens
        return plan.schedule.rate * (tokens + OTHER_EVENTS) * self.us_per_event / 1e6

    def lines(self, plan: Plan) -> list[str]:
        said = [
            (
                f"calibration: {self.us_per_event:.1f} µs of processor time an event; "
                f"{self.processes} process{'es' if self.processes > 1 else ''} can read about "
                f"{self.events_per_s:,.0f} events/s; dispatch delay p99 {self.dispatch_p99_ms:.1f} ms, "
                f"loop lag p99 {self.loop_lag_p99_ms:.1f} ms"
            )
        ]
        said.append(
            f"calibration: lengths in tokens by usage against what was asked for: prompts {self.input_deviation:+.1%}, "
            f"answers {self.output_deviation:+.1%}"
        )
        if plan.schedule.kind not in {"closed", "search", "sweep"}:
            share = self.needed(plan) / self.processes
            said.append(f"calibration: the plan needs about {share:.0%} of a core in each process")
            if share > USABLE:
                processes = -int(-self.needed(plan) / USABLE // 1)
                said.append(
                    f"calibration: too much for {self.processes}; try --processes {processes}"
                )
        return said


def calibration(fleet: Fleet) -> Calibration | None:
    total = fleet.total
    whole = sum(total.counts[f"outcome:{outcome}"] for outcome in WHOLE)
    events = total.counts["events"]
    if not whole or not events:
        return None
    cpu_s = sum(worker.cpu_s for worker in fleet.workers.values())
    return Calibration(
        cpu_s * 1e6 / events,
        total.histogram("lateness_ms").percentile(99) / 1000,
        total.histogram("loop_lag_ms").percentile(99) / 1000,
        fleet.size,
        *(
            round(total.counts[f"got:{name}"] / asked - 1, 4)
            if (asked := total.counts[f"asked:{name}"])
            else 0.0
            for name in ("input", "output")
        ),
    )
