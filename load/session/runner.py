"""Runs the processes of a session through one run: starts them, sums up their reports, sees who is lost."""

from argparse import Namespace
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from time import time
from typing import Any, Final

import gevent

from load.measure.outcome import FAILED
from load.measure.tally import Tally
from load.report.locust_stats import LocustStats
from load.report.request_file import RequestFile
from load.session.fleet import Fleet
from load.session.processes import Processes
from load.session.scraper import Scraper, fetcher
from load.session.worker import NOT_STARTED
from load.transport.target import Target
from load.workload.plan import Plan, plan_of

START_AFTER_S: Final = 1.0  # between the assignment and the start, so that all workers are ready
# For the last reports after an interruption; who is gone is not waited for.
LAST_REPORTS_S: Final = 10.0
SILENT_S: Final = 30.0  # without a report, of which there is one a second: the worker is lost
LIVE_S: Final = 5  # over which the rate of the live line is taken
TICK_S: Final = 0.05
# What only the leader reads: its files need not be where the workers are.
LEADERS_OWN: Final[dict[str, Any]] = {"baseline": "", "fail_if_worse": "", "scrape": [], "metrics_port": ""}  # fmt: skip


class Runner:
    """`options` are those of the command line; a run may override some."""

    def __init__(
        self,
        options: Mapping[str, Any],
        processes: Processes,
        stats: LocustStats,
        say: Callable[[str], None],
    ) -> None:
        self.options = {name: value for name, value in options.items() if _plain(value)}
        self.fleet = Fleet(1)
        self.plan: Plan | None = None
        self.planned: int | None = None
        self.started_at = time()
        self.interrupted = False
        self._before_usd = 0.0  # of the runs before this one
        self.records: RequestFile | None = None
        self._scraper: Scraper | None = None
        self._processes = processes
        self._stats = stats
        self._say = say
        self._serial = 0
        self._ids: list[str] = []

    @property
    def spent_usd(self) -> float:
        """By all runs so far: the trials of a search, the stages of a sweep."""
        return self._before_usd + self.fleet.total.sums.get("usd", 0.0)

    def run(
        self, target: Target, key: str, overrides: Mapping[str, Any] | None = None, shown: str = ""
    ) -> Fleet:
        """One run of all processes, to its end."""
        options = self.options | dict(overrides or {})
        self.plan = plan = plan_of(Namespace(**options))
        self.planned = plan.planned
        self._ids = self._processes.ids()
        self._serial += 1
        self._before_usd = self.spent_usd
        self.fleet = fleet = Fleet(len(self._ids))
        self.started_at = time() + START_AFTER_S
        if self.records is not None and plan.records:
            self.records.begin(shown)
            fleet.keep_records = self.records.write
        if plan.scrape:
            fetch = fetcher(insecure=plan.insecure, cacert=plan.cacert)
            self._scraper = Scraper(plan.scrape, fetch)
            self._scraper.begin(self.started_at)
        for number, process in enumerate(self._ids):
            assignment = {
                "serial": self._serial,
                "worker": number,
                "workers": len(self._ids),
                "start_at": self.started_at,
                "base_url": target.base_url,
                "key": key,
                "options": options | LEADERS_OWN,
            }
            self._processes.send(process, "load_start", assignment)
        self._follow(fleet, shown)
        self._end_scrape()
        if fleet.total.counts["counted"]:
            self.plan = plan.as_run(fleet.ran_s)
        return fleet

    def _end_scrape(self) -> None:
        if self._scraper is not None:
            self.fleet.server = self._scraper.end()
            self._scraper = None

    def take_report(self, report: dict[str, Any]) -> None:
        """A worker's report; one of an earlier run is late and no longer counts."""
        if report["serial"] == self._serial:
            self.fleet.take_report(report)

    def interrupt(self, why: str) -> None:
        """End now, and wait a moment for what the workers still know."""
        self.interrupted = True
        self.fleet.stopped = self.fleet.stopped or why
        self._stop(why)
        until = time() + LAST_REPORTS_S
        while not self.fleet.done and time() < until and self._ids:
            self._look_for_lost()
            gevent.sleep(TICK_S)
        self._end_scrape()

    def _follow(self, fleet: Fleet, shown: str) -> None:
        last = time()
        ended: deque[tuple[float, int]] = deque(
            [(max(last, self.started_at), 0)], maxlen=LIVE_S + 1
        )
        while not fleet.done:
            gevent.sleep(TICK_S)
            now = time()
            if now - last < 1 or self.interrupted:
                continue
            fresh = fleet.take_fresh()
            at_s = now - self.started_at
            if at_s >= 0:
                fleet.in_flight.append((at_s, fleet.requests_in_flight))
                ended.append((now, fleet.ended))
                self._say(shown + live_line(at_s, fleet, fresh, _per_s(ended)))
            self._stats.add(fresh, now)
            last = now
            self._look_for_lost()
            if fleet.stopped.startswith(("every answer", NOT_STARTED)):
                self._stop(fleet.stopped)  # one worker speaks for all: the target is the same
        self._stats.add(fleet.take_fresh(), time())

    def _stop(self, why: str) -> None:
        for process in self._ids:
            self._processes.send(process, "load_stop", {"why": why})

    def _look_for_lost(self) -> None:
        for number, process in enumerate(self._ids):
            worker = self.fleet.workers.get(number)
            if worker is not None and worker.done:
                continue
            heard_at = max(self.started_at, worker.heard_at if worker is not None else 0.0)
            silent = not self._processes.local and time() - heard_at > SILENT_S
            if silent or self._processes.missing(process):
                self.fleet.lose(number)


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list)


def _per_s(ended: Sequence[tuple[float, int]]) -> float:
    """Over the last seconds: in a single one of a steady rate there may be none, or twice as many."""
    (first, before), (last, now) = ended[0], ended[-1]
    return (now - before) / (last - first) if last > first else 0.0


def live_line(at_s: float, fleet: Fleet, fresh: Tally, ended_per_s: float) -> str:
    """One second of a run in one line."""
    counts = fleet.total.counts
    failed = sum(counts[f"outcome:{outcome}"] for outcome in FAILED)
    ttft = fresh.histogram("ttft_ms")
    shown = (
        f"TTFT p50 {ttft.percentile(50) / 1000:.0f} p99 {ttft.percentile(99) / 1000:.0f} ms"
        if ttft.count
        else "TTFT -"
    )
    share = failed / counts["arrivals"] if counts["arrivals"] else 0.0
    return (
        f"{at_s:5.0f} s  ended {ended_per_s:7.1f}/s  in flight {fleet.requests_in_flight:5d}  "
        f"{shown}  errors {failed} ({share:.1%})  ${fleet.total.sums.get('usd', 0.0):.4f}"
    )
