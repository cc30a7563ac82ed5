"""Leads a crew through one run: orders it, sums up its parts, shows the live line, sees who is lost."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from time import time
from typing import Any, Final

import gevent

from load.report.locust_stats import Rows
from load.session.fleet import Fleet
from load.session.live_line import live_line
from load.session.processes import Crew
from load.transport.target import Target
from load.workload.plan import Plan, plan_of

LEAD_S: Final = 1.0  # between the order and the start, so that all workers are ready
PATIENCE_S: Final = 10.0  # for the last parts after an interruption; who is gone is not waited for
TICK_S: Final = 0.05


class Lead:
    """`options` are those of the command line; a run may override some."""

    def __init__(
        self, options: Mapping[str, Any], crew: Crew, rows: Rows, say: Callable[[str], None]
    ) -> None:
        self.options = {name: value for name, value in options.items() if _plain(value)}
        self.fleet = Fleet(1)
        self.plan: Plan | None = None
        self.planned: int | None = None
        self.started_at = time()
        self.interrupted = False
        self._crew = crew
        self._rows = rows
        self._say = say
        self._serial = 0
        self._members: list[str] = []

    def perform(
        self, target: Target, key: str, overrides: Mapping[str, Any] | None = None, shown: str = ""
    ) -> Fleet:
        """One run of the whole crew, to its end."""
        options = self.options | dict(overrides or {})
        self.plan = plan = plan_of(Namespace(**options))
        self.planned = None if plan.closed else plan.arrivals.planned
        self._members = self._crew.roster()
        self._serial += 1
        self.fleet = fleet = Fleet(len(self._members))
        self.started_at = time() + LEAD_S
        for number, member in enumerate(self._members):
            order = {
                "serial": self._serial,
                "worker": number,
                "workers": len(self._members),
                "start_at": self.started_at,
                "base_url": target.base_url,
                "key": key,
                "options": options,
            }
            self._crew.tell(member, "load_go", order)
        self._follow(fleet, shown)
        return fleet

    def take(self, part: dict[str, Any]) -> None:
        """A worker's part; one of an earlier run is late and no longer counts."""
        if part["serial"] == self._serial:
            self.fleet.take(part)

    def interrupt(self, why: str) -> None:
        """End now, and wait a moment for what the workers still know."""
        self.interrupted = True
        self.fleet.stopped = self.fleet.stopped or why
        self._stop(why)
        until = time() + PATIENCE_S
        while not self.fleet.done and time() < until and self._members:
            self._look_for_lost()
            gevent.sleep(TICK_S)

    def _follow(self, fleet: Fleet, shown: str) -> None:
        last = time()
        while not fleet.done:
            gevent.sleep(TICK_S)
            now = time()
            if now - last < 1 or self.interrupted:
                continue
            fresh = fleet.take_fresh()
            at_s = now - self.started_at
            if at_s >= 0:
                fleet.in_flight.append((at_s, fleet.flying))
                self._say(shown + live_line(at_s, fleet, fresh, now - last))
            self._rows.add(fresh, now)
            last = now
            self._look_for_lost()
            if fleet.stopped.startswith("every answer"):
                self._stop(fleet.stopped)  # one worker speaks for all: the target is the same
        self._rows.add(fleet.take_fresh(), time())

    def _stop(self, why: str) -> None:
        for member in self._members:
            self._crew.tell(member, "load_stop", {"why": why})

    def _look_for_lost(self) -> None:
        for number, member in enumerate(self._members):
            worker = self.fleet.workers.get(number)
            if self._crew.gone(member) and not (worker is not None and worker.done):
                self.fleet.lose(number)


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list)
