"""The worker of a session, in every process that sends: starts runs when told, and passes on what they report."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from time import time
from typing import Any, Final

from load.measure.tally import Tally
from load.report.document import result
from load.report.folder import as_text, write
from load.session.fleet import Fleet
from load.session.run import Run
from load.transport.target import Target, TargetError, redactor_of, target_of
from load.workload.plan import plan_of
from load.workload.refusals import PlanError

NOT_STARTED: Final = "could not start: "


def nothing(worker: int, why: str) -> dict[str, Any]:
    """The report of a process that has measured nothing."""
    empty = {"in_flight": 0, "connections": 0, "cpu_share": 0.0, "cpu_s": 0.0, "peak_mb": 0.0}
    return {"worker": worker, "tally": Tally(), "stopped": why, "done": True, **empty}


class Worker:
    """Holds the run of this process. `start` takes an assignment of `load.session.runner`.

    `keep`: remember the reports, too, for a document of its own should the master be lost.
    """

    def __init__(
        self,
        send: Callable[[dict[str, Any]], None],
        environ: Mapping[str, str],
        *,
        keep: bool = False,
    ) -> None:
        self.run: Run | None = None
        self._send = send
        self._environ = environ
        self._keep = keep
        self._kept = Fleet(1)
        self._assignment: dict[str, Any] = {}

    def start(self, assignment: dict[str, Any]) -> None:
        self.interrupt("another run began")
        plan = plan_of(Namespace(**assignment["options"]))
        target = target_of(assignment["base_url"], self._environ)
        if assignment["key"]:
            target = Target(target.base_url, assignment["key"])
        self._assignment = assignment
        self._kept = Fleet(1)
        self.run = Run(plan, target, (assignment["worker"], assignment["workers"]), self._report)
        self.run.start(assignment["start_at"])

    def obey(self, assignment: dict[str, Any]) -> None:
        """Start, or report at once why not: a leader must not wait for what never began."""
        try:
            self.start(assignment)
        except (PlanError, TargetError, OSError) as error:
            self._assignment, self.run = assignment, None
            self._report(nothing(assignment["worker"], f"{NOT_STARTED}{error}"))

    def run_user(self) -> bool:
        """Be a user of the closed loop to its end; False when there is none."""
        run = self.run
        if run is None or not run.plan.closed or run.plan.own_users or run.over.is_set():
            return False
        run.run_user()
        return True

    def interrupt(self, why: str) -> None:
        if self.run is not None:
            self.run.interrupt(why)

    def write_own_document(self) -> Path | None:
        """The master is lost: write what this process measured, for nobody else will."""
        if self.run is None:
            return None
        plan, assignment = self.run.plan, self._assignment
        about = {
            "base_url": self.run.engine.target.shown,
            "started_at": assignment["start_at"],
            "duration_s": time() - assignment["start_at"],
        }
        document = result(plan, self._kept, about, None).document
        plan.report_dir.mkdir(parents=True, exist_ok=True)
        path = plan.report_dir / f"load.worker-{assignment['worker']}.json"
        redactor = redactor_of(self.run.engine.target, self._environ, plan.secrets)
        write(path, as_text(document, redactor))
        return path

    def _report(self, report: dict[str, Any]) -> None:
        report["serial"] = self._assignment["serial"]
        if self._keep:
            self._kept.take_report(report)
        self._send(report)
