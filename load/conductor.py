"""The part of a session that only one process has: orders runs, sums up parts, writes the report."""

import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from time import time
from typing import Any, Final

import gevent
from gevent.event import Event

from load.cost import DEFAULT_LIMIT_USD, estimate_usd, price_of
from load.crew import Crew
from load.document import Result, result
from load.fleet import Fleet
from load.folder import write_report
from load.live import live_line
from load.plan import Plan
from load.rows import Rows
from load.target import Target

LEAD_S: Final = 1.0  # between the order and the start, so that all workers have it
PATIENCE_S: Final = 5.0  # for the last parts after an interruption
TICK_S: Final = 0.05


class Conductor:
    def __init__(
        self,
        plan: Plan,
        target: Target,
        *,
        options: Namespace,
        key: str,
        crew: Crew,
        rows: Rows,
        say: Callable[[str], None] | None = None,
    ) -> None:
        limit = plan.max_cost
        if limit is None and not target.loopback:
            limit = DEFAULT_LIMIT_USD
        self.plan = replace(plan, max_cost=limit)
        self.target = target
        self.crew = crew
        self.rows = rows
        self.fleet = Fleet(1)
        self.result: Result | None = None
        self.serial = 0
        self._key = key
        self._say = say or _say
        self._options = {name: value for name, value in vars(options).items() if _plain(value)} | {
            "max_cost": limit
        }
        self._started_at = 0.0
        self._planned: int | None = None
        self._members: list[str] = []
        self._finished = Event()

    def announce(self) -> None:
        """What is about to be sent, and what it may cost."""
        plan = self.plan
        where = f"{self.target.base_url} ({'loopback' if self.target.loopback else 'not loopback'})"
        sample = plan.writer().shot(plan.scenario_of()(0) if plan.scenario != "agent" else "responses-stream", 0)  # fmt: skip
        if plan.closed or plan.arrivals.kind == "search":
            what = f"{plan.scenario}, {plan.arrivals.kind}"
            cost = ""
        else:
            n = plan.arrivals.planned * (plan.turns if plan.scenario == "agent" else 1)
            most = n * estimate_usd(price_of(plan.model), sample.body, sample.most_tokens)  # fmt: skip
            what = f"{n:,} requests of {plan.scenario}, {plan.arrivals.kind} {plan.arrivals.rate:g}/s over {plan.arrivals.duration_s:g} s"  # fmt: skip
            cost = f", at most ${most:,.2f}"
        limit = f", limit ${plan.max_cost:,.2f}" if plan.max_cost is not None else ""
        self._say(f"target {where}: {what}, model {plan.model}{cost}{limit}")

    def perform(self, plan: Plan, shown: str = "") -> Fleet:
        """One run of the whole fleet, to its end."""
        self._members = self.crew.roster()
        self.serial += 1
        self.fleet = fleet = Fleet(len(self._members))
        self._started_at = start_at = time() + LEAD_S
        self._planned = None if plan.closed else plan.arrivals.planned
        arrivals = {"kind": plan.arrivals.kind, "rate": plan.arrivals.rate, "duration_s": plan.arrivals.duration_s, "seed": plan.arrivals.seed}  # fmt: skip
        for number, member in enumerate(self._members):
            self.crew.tell(member, "load_go", {
                "serial": self.serial,
                "worker": number,
                "workers": len(self._members),
                "start_at": start_at,
                "base_url": self.target.base_url,
                "key": self._key,
                "options": self._options,
                "arrivals": arrivals,
            })  # fmt: skip
        self._follow(fleet, shown)
        return fleet

    def take(self, part: dict[str, Any]) -> None:
        """A worker's part; one of an earlier run is late and no longer counts."""
        if part["serial"] == self.serial:
            self.fleet.take(part)

    def conduct(self) -> Result:
        self.announce()
        fleet = self.perform(self.plan)
        return self.finish(fleet)

    def finish(self, fleet: Fleet) -> Result:
        """Write the report, once."""
        if self.result is None:
            self.rows.add(fleet.take_fresh(), time(), last=True)
            about = {
                "base_url": self.target.base_url,
                "started_at": self._started_at,
                "duration_s": max(0.0, time() - self._started_at),
            }
            self.result = result(self.plan, fleet, about, self._planned)
            for line in write_report(self.result.document, self.plan.report_dir):
                self._say(line)
        self._finished.set()
        return self.result

    def interrupt(self, why: str) -> Result:
        """End now, with what is known."""
        if self.result is not None:
            return self.result
        self.fleet.stopped = self.fleet.stopped or why
        for member in self._members:
            self.crew.tell(member, "load_stop", {"why": why})
        until = time() + PATIENCE_S
        while not self.fleet.done and time() < until and self._members:
            self._look_for_lost(self.fleet)
            gevent.sleep(TICK_S)
        return self.finish(self.fleet)

    def _follow(self, fleet: Fleet, shown: str) -> None:
        last = time()
        while not fleet.done:
            gevent.sleep(TICK_S)
            now = time()
            if now - last < 1 or self.result is not None:
                continue
            fresh = fleet.take_fresh()
            fleet.in_flight.append((now - self._started_at, fleet.flying))
            self.rows.add(fresh, now)
            self._say(shown + live_line(now - self._started_at, fleet, fresh, now - last))
            last = now
            self._look_for_lost(fleet)
            self._share_stop(fleet)

    def _look_for_lost(self, fleet: Fleet) -> None:
        for number, member in enumerate(self._members):
            worker = fleet.workers.get(number)
            if self.crew.gone(member) and not (worker is not None and worker.done):
                fleet.lose(number)

    def _share_stop(self, fleet: Fleet) -> None:
        """One worker that has given up speaks for all: the target is the same."""
        if fleet.stopped.startswith("every answer"):
            for member in self._members:
                self.crew.tell(member, "load_stop", {"why": fleet.stopped})


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
