"""The part of a session that every process has: starts runs when told, and passes their parts on."""

import json
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from time import time
from typing import Any

from load.report.document import result
from load.report.folder import write
from load.session.fleet import Fleet
from load.session.run import Run
from load.transport.target import Target, target_of
from load.workload.plan import plan_of


class Station:
    """Holds the run of this process. `go` takes the order of a lead, see `load.session.runner`.

    `keep`: remember the parts, too, for a report of one's own should the lead be lost.
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
        self._order: dict[str, Any] = {}

    def go(self, order: dict[str, Any]) -> None:
        self.interrupt("another run began")
        plan = plan_of(Namespace(**order["options"]))
        target = target_of(order["base_url"], self._environ)
        if order["key"]:
            target = Target(target.base_url, order["key"])
        self._order = order
        self._kept = Fleet(1)
        self.run = Run(plan, target, (order["worker"], order["workers"]), self._part)
        self.run.start(order["start_at"])

    def occupy(self) -> bool:
        """Be a user of the closed loop to its end; False when there is none."""
        if self.run is None or not self.run.plan.closed or self.run.over.is_set():
            return False
        self.run.occupy()
        return True

    def interrupt(self, why: str) -> None:
        if self.run is not None:
            self.run.interrupt(why)

    def report_alone(self) -> Path | None:
        """The lead is gone: write what this process measured, for nobody else will."""
        if self.run is None:
            return None
        plan, order = self.run.plan, self._order
        about = {
            "base_url": order["base_url"],
            "started_at": order["start_at"],
            "duration_s": time() - order["start_at"],
        }
        document = result(plan, self._kept, about, None).document
        plan.report_dir.mkdir(parents=True, exist_ok=True)
        path = plan.report_dir / f"load.worker-{order['worker']}.json"
        write(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n")
        return path

    def _part(self, part: dict[str, Any]) -> None:
        part["serial"] = self._order["serial"]
        if self._keep:
            self._kept.take(part)
        self._send(part)
