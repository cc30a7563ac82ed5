"""A sweep: one run a rate, or a concurrency, one after the other, each with its own warm-up, window and drain."""

from typing import Any

from load.measure.stages import knee
from load.report.document import Result
from load.report.stages import line, stage_of, swept
from load.session.finished_run import FinishedRun
from load.workload.plan import Plan


class Sweep:
    """Says what the next stage is, keeps what each was, and makes one document of them."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.by = "rate" if plan.rates else "concurrency"
        self._values: list[float] = [float(one) for one in plan.rates or plan.concurrencies]
        self.stages: list[dict[str, Any]] = []
        self._found: list[tuple[Result, FinishedRun]] = []

    @property
    def next(self) -> dict[str, Any] | None:
        """The options of the next stage; None after the last."""
        number = len(self.stages)
        if number >= len(self._values):
            return None
        value = self._values[number]
        if self.by == "rate":
            own: dict[str, Any] = {"arrivals": "poisson", "exact": True, "rate": value}
        else:
            own = {"arrivals": "closed", "concurrency": int(value), "own_users": True}
        return own | {
            "seed": self._plan.schedule.seed + number,
            "rates": "",
            "concurrencies": "",
        }

    @property
    def label(self) -> str:
        """Of the next stage, or the last: `8/s`, `16 at a time`."""
        value = self._values[min(len(self.stages), len(self._values) - 1)]
        return f"{value:g}/s" if self.by == "rate" else f"{value:g} at a time"

    def add(self, found: Result, run: FinishedRun) -> str:
        """Take the stage that has just ended; a line that tells it."""
        stage = stage_of(self.label, found)
        self.stages.append(stage)
        self._found.append((found, run))
        return line(stage)

    def result(self) -> tuple[Result, FinishedRun]:
        """The document of the knee, else of the last stage, with all stages in it; and the run of that stage."""
        labels = [one["label"] for one in self.stages]
        bend = knee(self.stages)
        shown = labels.index(bend) if bend else len(labels) - 1
        codes = [found.exit_code for found, _ in self._found]
        found, run = self._found[shown]
        return swept(found, self.by, self.stages, codes, labels[shown]), run
