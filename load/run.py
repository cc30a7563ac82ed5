"""One process's part of a run: sends its share of the schedule, drains, and reports in parts."""

from collections.abc import Callable, Iterator
from time import perf_counter_ns, time
from typing import Any, Final

import gevent
from gevent.event import Event

from load.cost import Budget, estimate_usd, price_of
from load.engine import Engine, raise_file_limit, reader_of
from load.flight import Flight, Shot
from load.health import Health, peak_mb
from load.outcome import REFUSED, WHOLE, Outcome
from load.plan import Plan
from load.responses_reader import ResponsesReader
from load.scenario import Session
from load.tally import Tally, Window
from load.target import Target

PART_S: Final = 1.0
HOPELESS: Final = 5  # answers, all refused or no connection at all: stop
SAMPLE_EVERY: Final = 100
FIRST_KEPT: Final = 20
KEPT_AFTER_FINDING: Final = 50
WITHOUT_YIELD: Final = 32
CODEX_PREFIX: Final = 1500  # words of an agent's instructions
_UNREACHED: Final = frozenset({Outcome.CONNECT_ERROR, Outcome.TLS_ERROR, Outcome.TIMEOUT_CONNECT})

Report = Callable[[dict[str, Any]], None]


class Run:
    """`report` gets a part each second and a last one with `done`."""

    def __init__(self, plan: Plan, target: Target, share: tuple[int, int], report: Report) -> None:
        raise_file_limit()
        self.plan = plan
        self.worker, self.workers = share
        self.report = report
        self.engine = Engine(target, plan.limits, self._landed, kernel=plan.stamps != "app")
        self.health = Health()
        self.tally = Tally()
        self.stopped = ""  # why it ended early
        self.over = False
        self._writer = plan.writer()
        self._scenario_of = plan.scenario_of()
        limit = None if plan.max_cost is None else plan.max_cost / self.workers
        self._budget = Budget(limit, price_of(plan.model))
        self._estimates: dict[Flight, float] = {}
        self._waiting: dict[Flight, Event] = {}
        self._sessions: dict[Flight, Session] = {}
        self._number = self.worker
        self._landings = self._hopeless = 0
        self._keep_until = FIRST_KEPT
        self._window = Window(0, 0, 0)
        self._prefix = ""
        self._greenlet: gevent.Greenlet | None = None

    def start(self, start_at: float) -> None:
        """Begin at a moment of the wall clock, the same for the whole fleet."""
        start_ns = perf_counter_ns() + round((start_at - time()) * 1e9)
        plan = self.plan
        end_ns = start_ns + round(plan.arrivals.duration_s * 1e9)
        self._window = Window(
            start_ns,
            start_ns + round(plan.warm_up_s * 1e9),
            end_ns,
            plan.bin_s,
            plan.ttft_slo_ms,
            plan.tpot_slo_ms,
            not plan.closed,
        )
        self._greenlet = gevent.spawn(self._go)

    def perform(self) -> None:
        """One request of a closed loop, to its end."""
        done = Event()
        now = perf_counter_ns()
        if self.over or self.stopped or now >= self._window.to_ns or now < self._window.start_ns:
            gevent.sleep(0.05)
            return
        number, self._number = self._number, self._number + self.workers
        flight = self._flight(number)
        flight.intended_ns = perf_counter_ns()
        self._waiting[flight] = done
        self._launch(flight)
        done.wait()

    def interrupt(self, why: str) -> None:
        """End now: what is in flight is cut, and the last part is sent."""
        if self.over:
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
            flight = self._flight(number)  # made before its time, so that it leaves on time
            flight.intended_ns = intended_ns = start_ns + int(offset_s * 1e9)
            unbroken += 1
            if perf_counter_ns() < intended_ns:
                self._sleep_until(intended_ns)
                unbroken = 0
            elif unbroken % WITHOUT_YIELD == 0:
                gevent.sleep(0)  # behind the schedule: answers are read all the same
            if self.stopped:
                return
            self._launch(flight)
        self._sleep_until(self._window.to_ns)

    def _sleep_until(self, at_ns: int) -> None:
        while (left := at_ns - perf_counter_ns()) > 0 and not self.stopped:
            gevent.sleep(min(left / 1e9, 1.0))

    def _drain(self) -> None:
        """Wait for the last answers; what comes later than allowed is cut."""
        end_ns = perf_counter_ns() + round(self.plan.drain_s * 1e9)
        while self.engine.in_flight and perf_counter_ns() < end_ns and not self.stopped:
            gevent.sleep(0.02)

    def _finish(self) -> None:
        if self.over:
            return
        self.tally.counts["unfinished"] += 0 if self.stopped else len(self.engine.in_flight)
        self.engine.cut()
        self.over = True
        self.health.stop()
        self._part(done=True)

    # Requests.

    def _flight(self, number: int) -> Flight:
        name = self._scenario_of(number)
        if name != "agent":
            return self._kept(
                Flight(shot := self._writer.shot(name, number), reader_of(shot), number)
            )
        return self._turn_of(Session(self._writer, number, self.plan.turns, self._shared()))

    def _turn_of(self, session: Session) -> Flight:
        shot = session.next()
        flight = self._kept(Flight(shot, reader_of(shot), session.number))
        self._sessions[flight] = session
        return flight

    def _kept(self, flight: Flight) -> Flight:
        """Keep the raw bytes of the first flights, of a sample, and of those after a finding."""
        if self._landings < self._keep_until or flight.number % SAMPLE_EVERY == 0:
            flight.kept = []
        return flight

    def _shared(self) -> str:
        if not self._prefix:
            from load.prompts import Lengths, Synthetic

            words = self.plan.shared_prefix or CODEX_PREFIX
            self._prefix = Synthetic(Lengths(), 0).words(0, words)
        return self._prefix

    def _launch(self, flight: Flight) -> None:
        budget = self._budget
        if budget.limit_usd is not None:
            estimate = estimate_usd(budget.price, flight.shot.body, self._most_tokens(flight.shot))
            if not budget.reserve(estimate):
                self.stopped = f"the limit of ${self.plan.max_cost:.2f} was reached"
                self._release(flight)
                return
            self._estimates[flight] = estimate
        self.engine.launch(flight)

    def _most_tokens(self, shot: Shot) -> int | None:
        if self.plan.max_tokens is not None or shot.output_tokens is None:
            return self.plan.max_tokens
        return 2 * shot.output_tokens + 64

    def _landed(self, flight: Flight) -> None:
        self._landings += 1
        tokens = flight.reader.usage
        if flight.sent_ns and flight.shot.usage:
            charged = flight.headers_ns > 0 and flight.status < 300
            estimate = self._estimates.pop(flight, 0.0)
            cost = self._budget.settle(estimate, tokens, charged=charged and estimate > 0)
            self.tally.sums["usd"] += cost  # type: ignore[assignment]
        expected = flight.shot.expected
        if expected is not None and flight.outcome in WHOLE:
            same = flight.reader.text() == expected
            self.tally.counts["text_same" if same else "text_differs"] += 1
            if not same:
                flight.violations["text.as-asked"] = "the answer is not the text that was asked for"
        if flight.violations and flight.kept is None:
            self._keep_until = max(self._keep_until, self._landings + KEPT_AFTER_FINDING)
        self.tally.record(flight, self._window)
        self._judge_hope(flight)
        self._continue(flight)
        self._release(flight)

    def _release(self, flight: Flight) -> None:
        waiting = self._waiting.pop(flight, None)
        if waiting is not None:
            waiting.set()

    def _judge_hope(self, flight: Flight) -> None:
        """Stop at once when every answer is 401 or 402, or nobody answers at all."""
        if flight.outcome in {Outcome.CUT_BY_END, Outcome.CLIENT_SATURATED}:
            return
        if flight.status in REFUSED or flight.outcome in _UNREACHED:
            self._hopeless += 1
        else:
            self._hopeless = -(2**62)
        if self._hopeless >= HOPELESS and not self.stopped:
            what = f"HTTP {flight.status}" if flight.status else flight.detail
            self.stopped = f"every answer was {what}"

    def _continue(self, flight: Flight) -> None:
        """The next turn of an agent, after a pause."""
        session = self._sessions.pop(flight, None)
        if session is None or not isinstance(flight.reader, ResponsesReader):
            return
        if not session.answered(flight, flight.reader.output) or self.stopped or self.over:
            return
        intended_ns = perf_counter_ns() + round(self.plan.think_s * 1e9)
        if intended_ns >= self._window.to_ns:
            return
        gevent.spawn_later(self.plan.think_s, self._turn, session, intended_ns)

    def _turn(self, session: Session, intended_ns: int) -> None:
        if not self.over and not self.stopped:
            flight = self._turn_of(session)
            flight.intended_ns = intended_ns
            self._launch(flight)

    # Parts.

    def _parts(self) -> None:
        while True:
            gevent.sleep(PART_S)
            self._part(done=False)

    def _part(self, *, done: bool) -> None:
        self.health.into(self.tally)
        tally, self.tally = self.tally, Tally()
        self.report({
            "worker": self.worker,
            "tally": tally.as_message(),
            "in_flight": len(self.engine.in_flight),
            "connections": self.engine.connections,
            "cpu_share": self.health.cpu_share,
            "cpu_s": self.health.used_s,
            "peak_mb": peak_mb(),
            "stopped": self.stopped,
            "done": done,
        })  # fmt: skip
