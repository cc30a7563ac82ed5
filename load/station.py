"""The part of a session that every process has: starts runs when told, and passes their parts on."""

from argparse import Namespace
from collections.abc import Callable
from typing import Any

from load.fleet import Fleet
from load.plan import plan_of
from load.run import Run
from load.target import Target, target_of

Send = Callable[[dict[str, Any]], None]


class Station:
    """Holds the run of this process. `order` is what a conductor says: see `load.conductor`."""

    def __init__(self, send: Send, environ: dict[str, str]) -> None:
        self.run: Run | None = None
        self.mine = Fleet(1)  # what this process measured, should nobody hear of it
        self.document_base: dict[str, Any] = {}
        self._send = send
        self._environ = environ
        self._serial = 0

    def go(self, order: dict[str, Any]) -> None:
        self.interrupt("another run began")
        plan = plan_of(Namespace(**order["options"]))
        target = target_of(order["base_url"], self._environ)
        if order["key"]:
            target = Target(target.base_url, order["key"])
        self._serial = order["serial"]
        self.mine = Fleet(1)
        self.plan = plan
        self.document_base = {
            "base_url": target.base_url,
            "started_at": order["start_at"],
            "duration_s": plan.arrivals.duration_s,
        }
        self.run = Run(plan, target, (order["worker"], order["workers"]), self._part)
        self.run.start(order["start_at"])

    def occupy(self) -> bool:
        """Be a user of the closed loop to its end; False when there is none."""
        if self.run is None or not self.run.plan.closed:
            return False
        if self.run.over.is_set():
            return False
        self.run.occupy()
        return True

    def interrupt(self, why: str) -> None:
        if self.run is not None:
            self.run.interrupt(why)

    def _part(self, part: dict[str, Any]) -> None:
        part["serial"] = self._serial
        self.mine.take(part)
        self._send(part)
