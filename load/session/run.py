"""One process's share of a run: sends its part of the schedule, drains, and reports each second."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import perf_counter_ns, time
from typing import Any, Final

import gevent
from gevent.event import Event

from load.measure.cost import estimate_usd
from load.measure.health import Health, peak_mb
from load.measure.outcome import Outcome
from load.measure.tally import Tally
from load.measure.validity import COST
from load.measure.window import Window
from load.session.answers import Answers
from load.session.request_factory import RequestFactory
from load.transport.capacity import capacity
from load.transport.engine import Engine
from load.transport.request import Arrival
from load.transport.target import Target, redactor_of
from load.workload.plan import Plan
from load.workload.refusals import PlanError

REPORT_S: Final = 1.0
WITHOUT_YIELD: Final = 32


class ClosedUser:
    """A Locust user of a closed loop: one request after the other, until it is stopped."""

    __slots__ = ("stopped",)

    def __init__(self) -> None:
        self.stopped = False


class Run:
    """`report` is called each second, and a last time with `done`."""

    def __init__(
        self,
        plan: Plan,
        target: Target,
        share: tuple[int, int],
        report: Callable[[dict[str, Any]], None],
    ) -> None:
        self.capacity = capacity(plan.limits.in_flight)
        own = -(-plan.concurrency // share[1])
        if plan.closed and own > self.capacity.in_flight:
            raise PlanError(
                f"--concurrency: {own} in flight in this process, {self.capacity.in_flight} at most: "
                f"{self.capacity.because}"
            )
        self.plan = plan
        self.worker, self.workers = share
        self.report = report
        limits = replace(plan.limits, in_flight=max(1, self.capacity.in_flight))
        target = replace(target, headers=plan.headers, insecure=plan.insecure, cacert=plan.cacert)
        self.engine = Engine(
            target, limits, self._done, kernel=plan.stamps != "app", stop_after=plan.stop_after
        )
        self._factory = RequestFactory(plan)
        redactor = redactor_of(target, os.environ, plan.secrets)
        self._answers = Answers(plan, self.workers, redactor, self._factory)
        self._recorder = self._answers.recorder
        self.health = Health()
        self.stopped = ""  # why it ended early
        self.over = Event()
        self._users: dict[Arrival, ClosedUser] = {}
        self._waiting: list[ClosedUser] = []  # users that wait for the start
        self._number = self.worker
        self._whole_conversations = plan.whole_conversations
        self._over_ns = 0
        self._thinking = 0  # conversations between two turns
        self._greenlet: gevent.Greenlet | None = None
        self._later = gevent.get_hub().loop.run_callback

    def start(self, start_at: float) -> None:
        """Begin at a moment of the wall clock, the same for the whole fleet."""
        start_ns = perf_counter_ns() + round((start_at - time()) * 1e9)
        self._recorder.begin(start_ns)
        self._greenlet = gevent.spawn(self._go)

    @property
    def _window(self) -> Window:
        return self._recorder.window

    @property
    def tally(self) -> Tally:
        return self._recorder.tally

    def run_user(self) -> None:
        """A user of a closed loop: keeps one request in flight until the run is over."""
        user = ClosedUser()
        if perf_counter_ns() < self._window.start_ns:
            self._waiting.append(user)
        else:
            self._send_next(user)
        try:
            self.over.wait()
        finally:
            user.stopped = True

    def interrupt(self, why: str) -> None:
        """End now: what is in flight is cut, and the last report is sent."""
        if self.over.is_set():
            return
        self.stopped = self.stopped or why
        if self._greenlet is not None:
            self._greenlet.kill(block=False)
        self._finish()

    # The schedule.

    def _go(self) -> None:
        self.health.start()
        reporting = gevent.spawn(self._report_each_second)
        try:
            if self.plan.closed:
                self._sleep_until(self._window.start_ns)
                if self.plan.own_users:
                    more = self.worker < self.plan.concurrency % self.workers
                    own = self.plan.concurrency // self.workers + more
                    self._waiting = [ClosedUser() for _ in range(own)]
                self.engine.next_due_ns = self._window.to_ns + round(self.plan.drain_s * 1e9)
                for user in self._waiting:
                    self._send_next(user)
                self._sleep_until_counted()
            else:
                self._send_all(self.plan.schedule.share(self.worker, self.workers))
            self._drain()
        finally:
            reporting.kill(block=False)
        self._finish()

    def _send_all(self, arrivals: Iterator[tuple[int, float]]) -> None:
        start_ns = self._window.start_ns
        unbroken = 0
        for number, offset_s in arrivals:
            # Made before its time, so that it leaves on time.
            arrival = self._factory.arrival(number)
            arrival.intended_ns = start_ns + int(offset_s * 1e9)
            self.engine.next_due_ns = arrival.intended_ns
            unbroken += 1
            if perf_counter_ns() < arrival.intended_ns:
                self._sleep_until(arrival.intended_ns)
                unbroken = 0
            elif unbroken % WITHOUT_YIELD == 0:
                gevent.sleep(0)  # behind the schedule: answers are read all the same
            if self.stopped:
                return
            self._send(arrival)
        self.engine.next_due_ns = self._window.to_ns + round(self.plan.drain_s * 1e9)
        self._sleep_until(self._window.to_ns)

    def _sleep_until(self, at_ns: int) -> None:
        while (left := at_ns - perf_counter_ns()) > 0 and not self.stopped:
            gevent.sleep(min(left / 1e9, 1.0))

    def _sleep_until_counted(self) -> None:
        """To the end of the schedule, or until so many requests as it has were all answered."""
        most = self.plan.schedule.most
        if most is None:
            self._sleep_until(self._window.to_ns)
            return
        while perf_counter_ns() < self._window.to_ns and not self.stopped:
            if self._number >= most and not self.engine.in_flight and not self._thinking:
                if self.plan.counted:
                    self._over_ns = perf_counter_ns()
                    self.tally.counts["counted"] += 1
                return
            gevent.sleep(0.005)

    def _drain(self) -> None:
        """Wait for the last answers; what comes later than allowed is cut."""
        end_ns = perf_counter_ns() + round(self.plan.drain_s * 1e9)
        hopeless = self._answers.hopeless
        while (
            (self.engine.in_flight or self._thinking)
            and perf_counter_ns() < end_ns
            and not hopeless
        ):
            gevent.sleep(0.02)

    def _finish(self) -> None:
        if self.over.is_set():
            return
        if self.stopped:
            self.tally.counts["cut_short"] += 1
        self.over.set()
        self._over_ns = self._over_ns or perf_counter_ns()  # what follows is no time of the run
        self.engine.cut(None if self.stopped else self._answers.why_unanswered)
        self.health.stop()
        self._answers.finish(whole=not self.stopped)
        self._report(done=True)

    # Requests.

    def _send_next(self, user: ClosedUser) -> None:
        """The next request of a closed loop, straight from the hub: no user is woken for it."""
        now = perf_counter_ns()
        if user.stopped or self.stopped or self.over.is_set() or now >= self._window.to_ns:
            return
        most = self.plan.schedule.most
        if most is not None and self._number >= most:
            return
        number, self._number = self._number, self._number + self.workers
        arrival = self._factory.arrival(number)
        arrival.intended_ns = perf_counter_ns()
        self._users[arrival] = user
        self._send(arrival)

    def _send(self, arrival: Arrival) -> None:
        budget = self._answers.budget
        if budget.limit_usd is not None and arrival.request.usage:
            estimate = estimate_usd(budget.price, arrival.request.body, arrival.request.most_tokens)
            if not budget.reserve(estimate):
                self._refuse(arrival, estimate)
                return
            arrival.reserved_usd = estimate
        self.engine.send(arrival)

    def _refuse(self, arrival: Arrival, estimate_usd: float) -> None:
        """No money: for good, or until what is in flight has turned out to be cheaper than reserved."""
        budget = self._answers.budget
        if budget.spent_usd + estimate_usd > (budget.limit_usd or 0.0):
            self.stopped = self.stopped or f"{COST}{self.plan.max_cost:.2f} was reached"
        arrival.end(Outcome.CLIENT_SATURATED, "the limit of cost is reserved", perf_counter_ns())
        self._done(arrival)

    def _done(self, arrival: Arrival) -> None:
        """An arrival has ended. Whatever it makes of us, it is counted, once, and the run goes on."""
        before = self._recorder.recorded
        try:
            self._take(arrival)
        except Exception as error:  # noqa: BLE001 - an answer of a kind that nobody thought of
            self._recorder.failed_here(arrival, error, before, perf_counter_ns())
            self._users_next(arrival)

    def _users_next(self, arrival: Arrival) -> None:
        """The closed loop goes on."""
        user = self._users.pop(arrival, None)
        if user is not None:
            # Not here: a target that fails at once would nest calls without end.
            self._later(self._send_next, user)

    def _take(self, arrival: Arrival) -> None:
        self._answers.take(arrival)
        self.stopped = self.stopped or self._answers.stopped
        self._after(arrival)

    def _after(self, arrival: Arrival) -> None:
        """The next turn of a conversation, after a pause for thought; a closed loop's user stays with it."""
        found = self._factory.next_turn(arrival)
        if found is None or self.stopped or self.over.is_set():
            self._users_next(arrival)
            return
        following, think_s = found
        at_ns = perf_counter_ns() + round(think_s * 1e9)
        # Where so many requests are asked for, conversations are held to their end.
        if at_ns >= self._window.to_ns and not self._whole_conversations:
            self._factory.forget(following)
            self._users_next(arrival)
            return
        user = self._users.pop(arrival, None)
        if user is not None:
            self._users[following] = user
        following.intended_ns = at_ns
        self._thinking += 1
        gevent.spawn_later(think_s, self._send_later, following)

    def _send_later(self, arrival: Arrival) -> None:
        self._thinking -= 1
        if not self.over.is_set() and not self.stopped:
            self._send(arrival)

    # Reports.

    def _report_each_second(self) -> None:
        while True:
            gevent.sleep(REPORT_S)
            self._report(done=False)

    def _report(self, *, done: bool) -> None:
        self.health.into(self.tally)
        self.report({
            "worker": self.worker,
            "tally": self._recorder.take(),
            "in_flight": len(self.engine.in_flight),
            "connections": self.engine.connections,
            "cpu_share": self.health.cpu_share,
            "cpu_s": self.health.used_s,
            "peak_mb": peak_mb(),
            "stopped": self.stopped,
            "ran_s": (min(self._over_ns or perf_counter_ns(), self._window.to_ns) - self._window.start_ns) / 1e9,
            "vocabulary": self._answers.vocabulary,
            "limit": f"{self.capacity.in_flight:,}: {self.capacity.because}",
            "done": done,
        })  # fmt: skip
