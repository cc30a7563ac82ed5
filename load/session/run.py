"""One process's part of a run: sends its share of the schedule, drains, and reports in parts."""

from collections.abc import Callable, Iterator
from time import perf_counter_ns, time
from typing import Any, Final

import gevent
from gevent.event import Event

from load.measure.cost import Budget, estimate_usd, price_of
from load.measure.health import Health, peak_mb
from load.measure.outcome import REFUSED, UNJUDGED, WHOLE, Outcome
from load.measure.sample import MOST, line_of
from load.measure.tally import Tally
from load.measure.validity import COST
from load.measure.window import Window
from load.session.request_factory import Supply
from load.transport.engine import Engine, raise_file_limit
from load.transport.request import Flight
from load.transport.target import Target
from load.workload.oracle import Likeness, likeness_of
from load.workload.plan import Plan

PART_S: Final = 1.0
HOPELESS: Final = 5  # answers, all refused or no connection at all: stop
WITHOUT_YIELD: Final = 32
_UNREACHED: Final = frozenset({Outcome.CONNECT_ERROR, Outcome.TLS_ERROR, Outcome.TIMEOUT_CONNECT})


class Slot:
    """A place of a closed loop: one request after the other, while its user stays."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = False


class Run:
    """`report` gets a part each second and a last one with `done`."""

    def __init__(
        self,
        plan: Plan,
        target: Target,
        share: tuple[int, int],
        report: Callable[[dict[str, Any]], None],
    ) -> None:
        raise_file_limit()
        self.plan = plan
        self.worker, self.workers = share
        self.report = report
        self.engine = Engine(target, plan.limits, self._landed, kernel=plan.stamps != "app")
        self.health = Health()
        self.tally = Tally()
        self.stopped = ""  # why it ended early
        self.over = Event()
        self._supply = Supply(plan)
        limit = None if plan.max_cost is None else plan.max_cost / self.workers
        self._budget = Budget(limit, price_of(plan.model))
        self._slots: dict[Flight, Slot] = {}
        self._empty: list[Slot] = []  # slots that wait for the start
        self._number = self.worker
        self._hopeless = self._sampled = 0
        self._window = Window(0, 0, 0)
        self._greenlet: gevent.Greenlet | None = None
        self._later = gevent.get_hub().loop.run_callback

    def start(self, start_at: float) -> None:
        """Begin at a moment of the wall clock, the same for the whole fleet."""
        start_ns = perf_counter_ns() + round((start_at - time()) * 1e9)
        plan = self.plan
        self._window = Window(
            start_ns,
            start_ns + round(plan.warm_up_s * 1e9),
            start_ns + round(plan.arrivals.duration_s * 1e9),
            plan.bin_s,
            plan.ttft_slo_ms,
            plan.tpot_slo_ms,
            not plan.closed,
        )
        self._greenlet = gevent.spawn(self._go)

    def occupy(self) -> None:
        """A user of a closed loop: keeps one request in flight until the run is over."""
        slot = Slot()
        if perf_counter_ns() < self._window.start_ns:
            self._empty.append(slot)
        else:
            self._fill(slot)
        try:
            self.over.wait()
        finally:
            slot.left = True

    def interrupt(self, why: str) -> None:
        """End now: what is in flight is cut, and the last part is sent."""
        if self.over.is_set():
            return
        self.stopped = self.stopped or why
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
        self._finish()

    # The schedule.

    def _go(self) -> None:
        self.health.start()
        parts = gevent.spawn(self._parts)
        try:
            if self.plan.closed:
                self._sleep_until(self._window.start_ns)
                self.engine.next_due_ns = self._window.to_ns + round(self.plan.drain_s * 1e9)
                for slot in self._empty:
                    self._fill(slot)
                self._sleep_until(self._window.to_ns)
            else:
                self._send_all(self.plan.arrivals.share(self.worker, self.workers))
            self._drain()
        finally:
            parts.kill(block=False)
        self._finish()

    def _send_all(self, arrivals: Iterator[tuple[int, float]]) -> None:
        start_ns = self._window.start_ns
        unbroken = 0
        for number, offset_s in arrivals:
            flight = self._supply.flight(number)  # made before its time, so that it leaves on time
            flight.intended_ns = start_ns + int(offset_s * 1e9)
            self.engine.next_due_ns = flight.intended_ns
            unbroken += 1
            if perf_counter_ns() < flight.intended_ns:
                self._sleep_until(flight.intended_ns)
                unbroken = 0
            elif unbroken % WITHOUT_YIELD == 0:
                gevent.sleep(0)  # behind the schedule: answers are read all the same
            if self.stopped:
                return
            self._launch(flight)
        self.engine.next_due_ns = self._window.to_ns + round(self.plan.drain_s * 1e9)
        self._sleep_until(self._window.to_ns)

    def _sleep_until(self, at_ns: int) -> None:
        while (left := at_ns - perf_counter_ns()) > 0 and not self.stopped:
            gevent.sleep(min(left / 1e9, 1.0))

    def _drain(self) -> None:
        """Wait for the last answers; what comes later than allowed is cut."""
        end_ns = perf_counter_ns() + round(self.plan.drain_s * 1e9)
        hopeless = self._hopeless >= HOPELESS
        while self.engine.in_flight and perf_counter_ns() < end_ns and not hopeless:
            gevent.sleep(0.02)

    def _finish(self) -> None:
        if self.over.is_set():
            return
        if self.stopped:
            self.tally.counts["cut_short"] += 1
        else:
            self.tally.counts["unfinished"] += len(self.engine.in_flight)
        self.over.set()
        self.engine.cut()
        self.health.stop()
        self._part(done=True)

    # Requests.

    def _fill(self, slot: Slot) -> None:
        """The next request of a closed loop, straight from the hub: no user is woken for it."""
        now = perf_counter_ns()
        if slot.left or self.stopped or self.over.is_set() or now >= self._window.to_ns:
            return
        number, self._number = self._number, self._number + self.workers
        flight = self._supply.flight(number)
        flight.intended_ns = perf_counter_ns()
        self._slots[flight] = slot
        self._launch(flight)

    def _launch(self, flight: Flight) -> None:
        budget = self._budget
        if budget.limit_usd is not None and flight.shot.usage:
            estimate = estimate_usd(budget.price, flight.shot.body, flight.shot.most_tokens)
            if not budget.reserve(estimate):
                self._refuse(flight, estimate)
                return
            flight.reserved_usd = estimate
        self.engine.launch(flight)

    def _refuse(self, flight: Flight, estimate_usd: float) -> None:
        """No money: for good, or until what is in flight has turned out to be cheaper than reserved."""
        if self._budget.spent_usd + estimate_usd > (self._budget.limit_usd or 0.0):
            self.stopped = self.stopped or f"{COST}{self.plan.max_cost:.2f} was reached"
        flight.end(Outcome.CLIENT_SATURATED, "the limit of cost is reserved", perf_counter_ns())
        self._landed(flight)

    def _landed(self, flight: Flight) -> None:
        if flight.shot.usage:
            charged = 200 <= flight.status < 300
            cost = self._budget.settle(flight.reserved_usd, flight.usage, charged=charged)
            self.tally.gain("usd", cost)
        if flight.outcome in WHOLE and flight.shot.expected is not None:
            self._compare(flight, flight.shot.expected)
        if flight.violations and flight.kept is None:
            self._supply.keep_more()
        self.tally.record(flight, self._window)
        if flight.kept is not None and self._sampled * self.workers < MOST:
            self._sample(flight)
        if flight.outcome not in UNJUDGED:
            self._judge_hope(flight)
        slot = self._slots.pop(flight, None)
        if slot is not None:
            # Not here: a target that fails at once would nest calls without end.
            self._later(self._fill, slot)
        self._follow(flight)

    def _sample(self, flight: Flight) -> None:
        line = line_of(flight, time())
        if line is not None:
            self._sampled += 1
            self.tally.samples.append(line)
            if self._sampled * self.workers >= MOST:
                self._supply.sample_every = 0

    def _compare(self, flight: Flight, expected: str) -> None:
        likeness = likeness_of(flight.reader.text(), expected)
        self.tally.counts[f"text:{likeness}"] += 1
        if likeness is Likeness.NEAR:
            flight.violations["text.as-asked"] = (
                "nearly the text that was asked for: not all of it, or more"
            )

    def _judge_hope(self, flight: Flight) -> None:
        """Stop at once when every answer is 401 or 402, or nobody answers at all."""
        if flight.status not in REFUSED and flight.outcome not in _UNREACHED:
            self._hopeless = -(2**62)
            return
        self._hopeless += 1
        if self._hopeless >= HOPELESS and not self.stopped:
            what = f"HTTP {flight.status}" if flight.status else flight.detail
            self.stopped = f"every answer was {what}"

    def _follow(self, flight: Flight) -> None:
        """The next turn of an agent, after a pause for thought."""
        following = self._supply.after(flight)
        at_ns = perf_counter_ns() + round(self.plan.think_s * 1e9)
        if following is None or self.stopped or self.over.is_set() or at_ns >= self._window.to_ns:
            return
        following.intended_ns = at_ns
        gevent.spawn_later(self.plan.think_s, self._launch_later, following)

    def _launch_later(self, flight: Flight) -> None:
        if not self.over.is_set() and not self.stopped:
            self._launch(flight)

    # Parts.

    def _parts(self) -> None:
        while True:
            gevent.sleep(PART_S)
            self._part(done=False)

    def _part(self, *, done: bool) -> None:
        self.health.into(self.tally)
        tally, self.tally = self.tally, Tally()
        tally.settle()
        self.report({
            "worker": self.worker,
            "tally": tally,
            "in_flight": len(self.engine.in_flight),
            "connections": self.engine.connections,
            "cpu_share": self.health.cpu_share,
            "cpu_s": self.health.used_s,
            "peak_mb": peak_mb(),
            "stopped": self.stopped,
            "done": done,
        })  # fmt: skip
