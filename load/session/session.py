"""A load session, in the process that leads it: what is run, in which order, and the report."""

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Any, Final

from gevent.event import Event

from load.measure.cost import DEFAULT_LIMIT_USD, price_of
from load.measure.sample import judged as sampled
from load.measure.validity import CANNOT_BE_JUDGED, TOO_FEW, validity
from load.options import configuration, typed
from load.report.baseline import beside
from load.report.document import Result, result
from load.report.folder import write, write_report
from load.report.host_facts import host_facts, versions
from load.report.locust_stats import LocustStats
from load.report.open_metrics import open_metrics
from load.report.request_file import NAME as RECORDS
from load.report.request_file import RequestFile
from load.report.stages import parts, together
from load.session import calibrate
from load.session.finished_run import FinishedRun
from load.session.metrics_page import serve
from load.session.processes import Processes
from load.session.runner import Runner
from load.session.search import Search
from load.session.search_result import with_search
from load.session.sweep import Sweep
from load.session.trial import judged
from load.transport.capacity import capacity
from load.transport.target import Gateway, Target, redactor_of
from load.workload.estimate import most_usd
from load.workload.plan import Plan

PROXIES: Final = (
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
)
METRICS: Final = "load-metrics.txt"
SAMPLES: Final = 40  # requests of a trial, for which a slow one is made longer, up to
MOST_TRIALS: Final = 4  # times its length
SCARCE: Final = 0.9  # of what is allowed, below which it is said that this machine allows less
SETTLES: Final = 0.2  # of a trial, until its queue is what it will be


class LoadSession:
    """`key` is the reference gateway's; any other target's key stays in the environment."""

    def __init__(
        self,
        plan: Plan,
        target: Target,
        *,
        options: dict[str, Any],
        key: str,
        processes: Processes,
        stats: LocustStats,
        say: Callable[[str], None] | None = None,
    ) -> None:
        limit = plan.max_cost
        if limit is None and not target.loopback:
            limit = DEFAULT_LIMIT_USD
        self.plan = replace(plan, max_cost=limit)
        self.target = target
        self.result: Result | None = None
        self._redactor = redactor_of(target, os.environ, plan.secrets)
        self._told = say or _say
        self.runner = Runner(options | {"max_cost": limit}, processes, stats, self._say)
        self._baseline = str(options.get("baseline") or "")
        self._calibrate = bool(options.get("calibrate"))
        self._calibration: calibrate.Calibration | None = None
        self._key = key
        self._stats = stats
        search = plan.schedule.kind == "search"
        self._rates = Search(plan.schedule.rate, plan.slo_share / 100) if search else None
        self._sweep = Sweep(plan) if plan.schedule.kind == "sweep" else None
        self._free_usd = 0.0
        self._finishing = False
        self._finished = Event()

    def run(self) -> Result:
        address = str(self.runner.options.get("metrics_port") or "")
        if not address:
            return self._run()
        server = serve(address, self._metrics)
        self._say(f"metrics: http://{server.address[0]}:{server.server_port}/metrics")
        try:
            return self._run()
        finally:
            server.stop()

    def _metrics(
        self, done: FinishedRun | None = None, document: dict[str, Any] | None = None
    ) -> str:
        """The run as it stands now, or one that is over with its document."""
        plan, fleet = self.runner.plan or self.plan, self.runner.fleet
        if done is not None:
            plan, fleet = done.plan, done.fleet
        labels = {"target": self.target.shown, "model": plan.model, "scenario": plan.scenario}
        return open_metrics(fleet.total, labels, fleet.requests_in_flight, document)

    def _run(self) -> Result:
        if self.plan.records:
            self.runner.records = RequestFile(self.plan.report_dir)
        if self._calibrate:
            self._measure_client()
        self._announce()
        if self.plan.schedule.kind == "search":
            return self._finish(self._search())
        if self._sweep is not None:
            return self._finish(self._run_stages(self._sweep))
        self.runner.run(self.target, self._key)
        return self._finish(self._finished_run())

    def interrupt(self, why: str) -> Result:
        """End now, with what is known."""
        if not self._finishing:
            self.runner.interrupt(why)
        return self._finish(self._finished_run())

    def _say(self, line: str) -> None:
        self._told(self._redactor.text(line))

    def _finished_run(self) -> FinishedRun:
        """The run that has just ended."""
        runner = self.runner
        return FinishedRun(
            runner.plan or self.plan,
            runner.fleet,
            runner.planned,
            runner.started_at,
            time() - runner.started_at,
        )

    def _announce(self) -> None:
        """What is about to be sent, and what it may cost."""
        plan = self.plan
        kind = plan.schedule.kind
        where = f"{self.target.shown} ({'loopback' if self.target.loopback else 'not loopback'})"
        what, n = f"{plan.scenario}, {kind}", plan.planned
        if self._sweep is not None:
            stages = ", ".join(f"{one:g}" for one in plan.rates or plan.concurrencies)
            what = f"{plan.scenario}, a stage at each {self._sweep.by} of {stages}"
        elif plan.closed:
            what = f"{plan.scenario}, {plan.concurrency} at a time"
        elif n is not None:
            what = f"{plan.scenario}, {plan.schedule.described}"
        cost = ""
        if n is not None:
            what = f"{n:,} requests of {what}"
            cost = f", at most ${most_usd(plan, price_of(plan.model)):,.2f}"
        limit = f", limit ${plan.max_cost:,.2f}" if plan.max_cost is not None else ""
        self._say(f"target {where}: {what}, model {plan.model}{cost}{limit}")

        unused = [name for name in PROXIES if os.environ.get(name)]
        if unused and not self.target.loopback:
            self._say(
                f"{', '.join(unused)} not used: requests go straight to the target; to measure a proxy, name it as --host"
            )
        room = capacity(plan.limits.in_flight)
        if room.in_flight < SCARCE * plan.limits.in_flight:
            self._say(
                f"this machine: at most {room.in_flight:,} in flight a process, by {room.because}"
            )

    def _measure_client(self) -> None:
        gateway = Gateway()
        try:
            fleet = self.runner.run(
                gateway.target, gateway.target.key, calibrate.OPTIONS, "calibration "
            )
        finally:
            gateway.stop()
        self._free_usd = self.runner.spent_usd  # our own gateway sends no bill
        self._calibration = calibrate.calibration(fleet)
        if self._calibration is None:
            self._say("calibration: nothing was answered")
            return
        for line in self._calibration.lines(self.plan):
            self._say(line)

    def _run_stages(self, sweep: Sweep) -> FinishedRun:
        """All stages of a sweep; none after one that nothing could be said of."""
        spent = 0.0
        while (stage := sweep.next) is not None and not self.runner.interrupted:
            if self.plan.max_cost is not None:
                stage["max_cost"] = max(0.0, self.plan.max_cost - spent)
            self.runner.run(self.target, self._key, stage, f"{sweep.label:>8} ")
            if self.runner.interrupted:
                break
            run = self._finished_run()
            spent += run.fleet.total.sums.get("usd", 0.0)
            self._say(sweep.add(self._result_of(run), run))
            if run.fleet.stopped:
                break
        return self._finished_run()

    def _search(self) -> FinishedRun:
        """All trials; the report is that of the best rate, else of the last trial that can be believed."""
        search, kept = self._rates, dict[float, FinishedRun]()
        assert search is not None
        spent = 0.0
        while search.next is not None and not self.runner.interrupted:
            rate = search.next
            left = None if self.plan.max_cost is None else max(0.0, self.plan.max_cost - spent)
            self.runner.run(self.target, self._key, self._trial(rate, left), f"{rate:8.2f}/s ")
            run = self._finished_run()
            spent += run.fleet.total.sums.get("usd", 0.0)
            doubts = [
                why
                for why in validity(run.fleet, run.planned, run.plan).reasons
                if not why.startswith((TOO_FEW, CANNOT_BE_JUDGED))
            ]
            one = judged(run.plan, run.fleet, doubts[0] if doubts and not run.fleet.stopped else "")
            search.add(one)
            if not one.doubt or not kept:
                kept.pop(0.0, None)
                kept[0.0 if one.doubt else rate] = run
            self._say(f"{rate:8.2f}/s {'meets the targets' if one.met else one.why}")
        if not kept:
            return self._finished_run()
        return kept[search.best] if search.best in kept else list(kept.values())[-1]

    def _trial(self, rate: float, left_usd: float | None) -> dict[str, Any]:
        """The options of one trial. Its arrivals are Poisson, but exactly as many as the rate says."""
        assert self._rates is not None
        plan = self.plan
        duration_s = min(max(plan.trial_s, SAMPLES / rate), MOST_TRIALS * plan.trial_s)
        return {
            "arrivals": "poisson",
            "exact": True,
            "rate": rate,
            "duration": duration_s,
            "warm_up": min(max(plan.warm_up_s, SETTLES * duration_s), duration_s / 2),
            "seed": plan.schedule.seed + len(self._rates.trials),
            "max_cost": left_usd,
        }

    def _result_of(self, done: FinishedRun) -> Result:
        about = {
            "base_url": self.target.shown,
            "started_at": done.started_at,
            "duration_s": max(0.0, done.duration_s),
        }
        found = result(done.plan, done.fleet, about, done.planned)
        stages = parts(done.plan, done.fleet, about)
        if stages:
            found.document["stages"] = together("time", stages)
        return found

    def _finish(self, done: FinishedRun) -> Result:
        """Write the report, once; who comes second waits for it."""
        if self._finishing:
            self._finished.wait()
            assert self.result is not None
            return self.result
        self._finishing = True
        spent_usd = self.runner.spent_usd - self._free_usd
        self._stats.add(done.fleet.take_fresh(), time(), last=True)
        if self._sweep is not None:
            if self.runner.interrupted or not self._sweep.stages:
                self._sweep.add(self._result_of(done), done)
            found, done = self._sweep.result()
        else:
            found = self._result_of(done)
        plan = done.plan
        shown = found.document["rates"]
        self._stats.close(
            done.fleet.total, shown["completed_per_s"] + shown["failed_per_s"], time()
        )
        found.document["spent_usd"] = round(spent_usd, 6)
        if self._rates is not None:
            found = with_search(found, self._rates, plan.slo_share)
        found.document["configuration"] = configuration(self.runner.options)
        # As it was typed: run again, it does the same, but for what the server makes of it.
        found.document["command"] = typed(sys.argv[1:])
        found.document["versions"] = versions()
        found.document["host"] = host_facts()
        if self._baseline:
            found = beside(found, Path(self._baseline), plan.fail_if_worse)
        if self._calibration is not None:
            found.document["calibration"] = vars(self._calibration)
        if not done.fleet.stopped:  # who interrupts a run does not want to wait for more
            profile = "reference" if self._key else "openai"  # only our own gateway claims all
            found.document["sample"] = sampled(done.fleet.total.samples, plan.report_dir, profile)
        if self.runner.records is not None:
            self.runner.records.close()
            found.document["records"] = {"file": RECORDS, "lines": self.runner.records.lines}
        write(plan.report_dir / METRICS, self._redactor.text(self._metrics(done, found.document)))
        for line in write_report(found.document, plan.report_dir, self._redactor, self._baseline):
            self._say(line)
        self.result = found
        self._finished.set()
        return found


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
