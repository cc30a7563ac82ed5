"""What one process has measured since its last report: arrivals go in, a tally comes out."""

from dataclasses import replace
from time import time

from load.measure.arrival_log import ArrivalLog
from load.measure.outcome import Outcome
from load.measure.request_record import record_of
from load.measure.sample import MOST, line_of
from load.measure.tally import Tally
from load.measure.window import Window
from load.transport.request import Arrival
from load.workload.plan import Plan
from wire.redaction import Redactor


class Recorder:
    """Counts each arrival once, also by the stage of a rate that changes, and keeps a sample."""

    def __init__(self, plan: Plan, workers: int, redactor: Redactor) -> None:
        self.tally = Tally()
        self._log = ArrivalLog(Window(0, 0, 0))
        self._plan = plan
        self._stages: list[ArrivalLog] = []
        self._most = -(-MOST // workers)  # of the sample
        self._sampled = 0
        self._redactor = redactor

    def begin(self, start_ns: int) -> None:
        plan = self._plan
        window = Window(
            start_ns,
            start_ns + round(plan.warm_up_s * 1e9),
            start_ns + round(plan.schedule.duration_s * 1e9),
            plan.bin_s,
            plan.ttft_slo_ms,
            plan.tpot_slo_ms,
            not plan.closed,
            plan.scenario == "mix",
        )
        self._log = ArrivalLog(window)
        self._stages = [
            ArrivalLog(
                replace(
                    window,
                    from_ns=start_ns + round(part.from_s * 1e9),
                    to_ns=start_ns + round(part.to_s * 1e9) - 1,
                )
            )
            for part in plan.parts()
        ]

    @property
    def window(self) -> Window:
        return self._log.window

    @property
    def recorded(self) -> int:
        """Arrivals so far."""
        return self._log.recorded

    def record(self, arrival: Arrival) -> None:
        self._log.record(arrival)
        for stage in self._stages:
            window = stage.window
            if arrival.intended_ns <= window.to_ns and arrival.end_ns >= window.from_ns:
                stage.record(arrival)
        if self._log.full:
            self._count()
        if self._plan.records:
            self.tally.records.append(record_of(arrival, self.window))

    def record_late(self, arrival: Arrival) -> None:
        """One whose tokens had to be counted first."""
        try:
            self.record(arrival)
        except Exception:  # noqa: BLE001 - whatever it makes of us, the run goes on
            self.tally.counts["own_errors"] += 1

    def failed_here(self, arrival: Arrival, error: BaseException, before: int, at_ns: int) -> None:
        """An error of this client while it took the arrival: it is counted all the same, and once."""
        arrival.fail_here(error, arrival.end_ns or at_ns)
        assert arrival.outcome is Outcome.CLIENT_ERROR
        if self._log.recorded == before:
            arrival.violations = {}
            self._log.record(arrival)
        else:
            self.tally.counts["own_errors"] += 1

    def sample(self, arrival: Arrival) -> bool:
        """Keep an exchange for the whole catalogue; False when there are enough."""
        if self._sampled < self._most and arrival.kept is not None:
            line = line_of(arrival, time(), self._redactor)
            if line is not None:
                self._sampled += 1
                self.tally.samples.append(line)
        return self._sampled < self._most

    def take(self) -> Tally:
        """All since the last call, added up."""
        self._count()
        tally, self.tally = self.tally, Tally()
        return tally

    def _count(self) -> None:
        self._log.into(self.tally)
        for number, log in enumerate(self._stages):
            stage = self.tally.stage(number)
            log.into(stage)
            stage.transcripts.clear()  # the whole run has them
