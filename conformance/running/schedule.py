"""The schedule: sends what a plan names, once a model, in dependency order, within the budget."""

import asyncio
import secrets
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from conformance.judging.profile import Profile
from conformance.running import pulse
from conformance.running.budget import BYTES_A_TOKEN, Budget
from conformance.running.circuit_breaker import CircuitBreaker
from conformance.running.gate import Gate
from conformance.running.greedy import Greedy
from conformance.running.memory import Memory
from conformance.running.offer import ASKS, Offer
from conformance.running.output_limit import generates
from conformance.running.pace import LEAST_S, Pace
from conformance.running.planned import Step
from conformance.running.probe import Impossible, Probe, ProbeContext
from conformance.running.property import Property, attempt
from conformance.running.pulse import Pulse
from conformance.running.sender import Sender
from wire.exchange import Ended, Exchange, Request

Progress = Callable[[int, int, str], None]


@dataclass
class Traffic:
    """What a run brought: exchanges by step, and for each step that was not sent, why."""

    exchanges: dict[tuple[str, str], list[Exchange]] = field(default_factory=dict)
    unsent: dict[tuple[str, str], str] = field(default_factory=dict)
    absent: dict[tuple[str, str], str] = field(default_factory=dict)
    """Steps that ask for what the target does not offer, and how that was seen."""
    broken: dict[tuple[str, str], str] = field(default_factory=dict)
    """Steps whose sending broke: errors of the suite."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Answers by status; 0 for none."""
    lost: str = ""
    """That the server stopped answering, and after what."""
    memory: Memory = field(default_factory=Memory)

    def put(self, key: tuple[str, str], exchanges: Iterable[Exchange]) -> None:
        """Add the exchanges of a step, as far as the run's memory holds them."""
        held = [self.memory.holds(exchange) for exchange in exchanges]
        self.exchanges.setdefault(key, []).extend(held)

    def all(self) -> list[Exchange]:
        return [exchange for group in self.exchanges.values() for exchange in group]


@dataclass(frozen=True)
class Terms:
    """On what terms a plan is sent: what is on offer, and how long requests may take."""

    offer: Offer = field(default_factory=Offer)
    greedy: Greedy = field(default_factory=Greedy)
    pace: Pace = field(default_factory=Pace)
    seconds: float | None = None
    """So long may the sending take; None without end."""
    stop: Callable[[], bool] = lambda: False
    """Asked before each request: nobody wants the rest any more."""
    keep: Callable[[Exchange], None] = lambda _: None
    """Given each exchange as soon as it is there."""
    concurrency: int | None = None
    """Requests in flight at most, when it is not as the profile says."""


class Schedule:
    """Runs steps: many at a time, those that want to be `alone` one by one after the others."""

    def __init__(
        self,
        sender: Sender,
        profile: Profile,
        budget: Budget,
        progress: Progress = lambda _done, _total, _name: None,
        run: str = "",
        terms: Terms | None = None,
    ) -> None:
        self._sender = sender
        self._profile = profile
        self._budget = budget
        self._progress = progress
        self._terms = terms or Terms()
        self._mark = run or secrets.token_hex(4)
        self._gate = Gate(self._terms.concurrency or profile.concurrency)
        self.traffic = Traffic()
        self._done: dict[tuple[str, str], asyncio.Event] = {}
        self._unreachable = 0
        self._breaker = CircuitBreaker()
        self._pulse = Pulse(self._look, sender.let_pass)
        self._started = time.monotonic()
        if self._terms.seconds is not None:
            sender.ends_at = self._started + self._terms.seconds
        self._total = self._count = 0

    def expect(self, trials: int) -> None:
        """So many properties will be tried after the steps; they count in the progress."""
        self._total += trials

    async def run(self, steps: list[Step]) -> Traffic:
        """Send all steps; on cancellation what has arrived so far stays in `traffic`."""
        self._done = {step.key: asyncio.Event() for step in steps}
        self._total += len(steps)
        alone = self._with_those_after({step.key for step in steps if step.probe.alone}, steps)
        is_last = (s.key for s in steps if s.probe.last or s.probe.name == pulse.ALIVE.name)
        last = self._with_those_after(set(is_last), steps)
        first = [step for step in steps if step.probe.first]
        try:
            await self._in_turn(first)
            for late in (False, True):
                mine = [s for s in steps if (s.key in last) is late and not s.probe.first]
                await self._together(step for step in mine if step.key not in alone)
                await self._in_turn(step for step in mine if step.key in alone)
        finally:
            for step in steps:
                if step.key not in self.traffic.exchanges and step.key not in self.traffic.absent:
                    self.traffic.unsent.setdefault(step.key, "the run was interrupted")
        return self.traffic

    def _with_those_after(
        self, keys: set[tuple[str, str]], steps: Iterable[Step]
    ) -> set[tuple[str, str]]:
        """What builds on one of these steps has to wait for it, so it is sent as they are."""
        for step in steps:
            if any(self._before(name, step) in keys for name in step.probe.after):
                keys.add(step.key)
        return keys

    async def _together(self, steps: Iterable[Step]) -> None:
        tasks = [asyncio.ensure_future(self._step(step)) for step in steps]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _in_turn(self, steps: Iterable[Step]) -> None:
        """One model after the other: what runs alone is often read in sequence."""
        listed = list(steps)
        for model in dict.fromkeys(step.model for step in listed):
            for step in listed:
                if step.model == model:
                    await self._step(step)

    async def attempt(self, prop: Property, model: str, *, number: int, keep: bool = True) -> None:
        """Run a property for a model; what it keeps joins the traffic under its name."""
        key = (prop.name, model)
        probe = prop.probe
        self._count += 1
        if reason := self._key_lacks(probe):
            self.traffic.unsent[key] = reason
            return
        if reason := self._over():
            self.traffic.unsent[key] = reason
            return
        refused = ""

        async def send(request: Request) -> Exchange | None:
            nonlocal refused
            if reason := self._terms.offer.lacks(request):
                self.traffic.absent[key] = reason
                return None
            found = await self._paid(probe, request, model, 0)
            if isinstance(found, Exchange):
                return found
            refused = found
            return None

        trial = await attempt(prop, model, send, number=number, keep=keep)
        if self.traffic.lost:
            self.traffic.unsent[key] = self.traffic.lost
        elif trial.kept:
            for exchange in trial.kept:
                self._terms.keep(exchange)
            self.traffic.put(key, trial.kept)
        elif trial.out_of_money and key not in self.traffic.absent:
            self.traffic.unsent[key] = refused
        self._progress(self._count, self._total, prop.name)

    async def _step(self, step: Step) -> None:
        try:
            for name in step.probe.after:
                # What the profile does not claim is not in the plan, and not waited for.
                if earlier := self._done.get(self._before(name, step)):
                    await earlier.wait()
            await self._send(step)
        except Exception as error:  # noqa: BLE001 - one probe of ours must not end the others
            self.traffic.broken.setdefault(step.key, failing_line(error))
            self.traffic.unsent[step.key] = f"the suite broke: {failing_line(error)}"
        except asyncio.CancelledError:
            self._done[step.key].set()
            raise  # not sent, and not counted as sent
        self._done[step.key].set()
        self._count += 1
        self._progress(self._count, self._total, step.probe.name)

    def _before(self, name: str, step: Step) -> tuple[str, str]:
        """The key of an earlier probe: for the step's own model, else for the one it was sent for."""
        mine = (name, step.model)
        return mine if mine in self._done else next((k for k in self._done if k[0] == name), mine)

    def _key_lacks(self, probe: Probe) -> str:
        """Which key is needed and not there, in words that say how to give it."""
        if not probe.key or probe.key in self._sender.target.keys:
            return ""
        if probe.key == "main" and self._terms.offer.keyless:
            return ""
        return f"needs a key: set {self._profile.variable(probe.key)}"

    def _over(self, wait_s: float = 0.0) -> str:
        """Why nothing more is sent, or nothing; `wait_s`: what would have to be waited for first."""
        if self.traffic.lost:
            return self.traffic.lost
        if self._terms.stop():
            return "the run was ended before it (-x, --maxfail)"
        most_s = self._terms.seconds
        if most_s is not None and time.monotonic() - self._started + wait_s > most_s:
            return f"--max-time {most_s:g} is over: raise it"
        return ""

    async def _send(self, step: Step) -> None:
        probe = step.probe
        earlier: dict[str, list[Exchange]] = {}
        for name in probe.after:
            key = self._before(name, step)
            if key in self.traffic.absent:
                self.traffic.absent[step.key] = self.traffic.absent[key]
                return
            if key not in self.traffic.exchanges:
                reason = self.traffic.unsent.get(key, "it was not sent")
                self.traffic.unsent[step.key] = f"builds on {name}: {reason}"
                return
            earlier[name] = self.traffic.exchanges[key]
        if reason := self._key_lacks(probe):
            self.traffic.unsent[step.key] = reason
            return
        if self._unreachable >= 5 and not self.traffic.exchanges:
            self.traffic.unsent[step.key] = "the target cannot be reached"
            return
        keys = self._sender.target.keys
        contexts = [
            ProbeContext(self._profile, step.model, index, earlier, keys, self._mark)
            for index in range(probe.count)
        ]
        sent = await asyncio.gather(*(self._one(step, context) for context in contexts))
        if arrived := [exchange for exchange in sent if exchange is not None]:
            for exchange in arrived:
                self._terms.keep(exchange)
            self.traffic.put(step.key, arrived)

    async def _one(self, step: Step, context: ProbeContext) -> Exchange | None:
        try:
            request = step.probe.build(context)
        except Impossible as reason:
            self.traffic.unsent[step.key] = str(reason)
            return None
        except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
            if not step.probe.after:
                raise
            # An earlier answer is not what the probe builds on: the target's doing, told elsewhere.
            self.traffic.unsent[step.key] = f"an earlier answer cannot be built on: {error!r}"
            return None
        if not step.probe.name.endswith(ASKS) and (lacks := self._terms.offer.lacks(request)):
            self.traffic.absent[step.key] = lacks
            return None
        model = step.model if step.probe.per_model else ""
        probe = step.probe
        if probe.settles:
            probe = replace(probe, until=probe.settles(context))
        if probe.wait and (seconds := probe.wait(context)):
            if over := self._over(seconds):
                self.traffic.unsent[step.key] = over
                return None
            await self._sender.let_pass(seconds)
        exchange = await self._paid(probe, request, model, context.index)
        if isinstance(exchange, str):
            self.traffic.unsent[step.key] = exchange
            return None
        if exchange.connection.ended is Ended.FAILED and not exchange.reply.status:
            self._unreachable += 1
            self.traffic.unsent[step.key] = f"no connection: {exchange.connection.error}"
            return None
        return exchange

    async def _paid(self, probe: Probe, request: Request, model: str, index: int) -> Exchange | str:
        """Send when money and time allow it and book what it cost; else say why not."""
        budget, limits = self._budget, self._budget.limits
        request = limits.applied(self._terms.greedy.applied(request, probe, model), probe)
        share = limits.share(request, probe)
        worst_usd = budget.worst_usd(model, request, probe)
        async with self._gate:
            for again in (False, True):
                if reason := self._over() or self._open_because(request):
                    return reason
                if reason := budget.reserve(worst_usd, probe):
                    return reason
                number = self._pulse.sent(probe, request, model)
                beside = self._pulse.in_flight
                exchange = Exchange("", request)
                bounded = self._in_bounds(probe, request, share)
                try:
                    exchange = await self._sender.send(bounded, request, model, index)
                finally:
                    budget.settle(exchange, worst_usd, probe, scripted=probe.feature == "scripted")
                self._breaker.record(exchange, max(beside, self._pulse.in_flight))
                self._gate.came(probe, exchange)
                self.traffic.statuses[exchange.reply.status] += 1
                self._terms.pace.record(exchange)
                was_away = await self._pulse.came(number, exchange)
                if self._pulse.lost and pulse.silent(exchange):
                    self._lose(exchange)
                    return self.traffic.lost
                if not was_away or again:
                    break
        return exchange

    def _open_because(self, request: Request) -> str:
        return self._breaker.open_because(request, time.monotonic() - self._started)

    def _in_bounds(self, probe: Probe, request: Request, share: int) -> Probe:
        """The probe with the bounds of its answer: how long it may be, how long it may take."""
        handling, pace = probe.handling, self._terms.pace
        own_s = handling.timeout_s
        silence_s, whole_s = pace.deadline_s(share), pace.whole_s(share)
        if not probe.output_tokens and self._pulse.in_flight == 1:
            # It is to be refused, and sent alone. A server that takes it may work on it without end.
            silence_s = pace.alone_s(share, len(request.body) // BYTES_A_TOKEN)
            whole_s = min(whole_s, silence_s + LEAST_S)
        return replace(
            probe,
            handling=replace(
                handling,
                share_tokens=share if generates(request) else handling.share_tokens,
                timeout_s=own_s or silence_s,
                whole_s=handling.whole_s or (None if own_s else whole_s),
            ),
        )

    async def _look(self, probe: Probe, request: Request) -> Exchange:
        return await self._sender.send(probe, request, "")

    def _lose(self, exchange: Exchange) -> None:
        """The server is gone: what was in flight tells nothing, and nothing more is sent."""
        if self.traffic.lost or self._pulse.lost is None:
            return
        probe, request, _ = self._pulse.lost
        beside = ", ".join(self._pulse.beside[:5])
        also = f"; in flight with it: {beside}" if beside else ""
        self.traffic.lost = f"the server stopped answering after {probe.name}"
        told = replace(
            exchange,
            id=f"{pulse.LOST}-1",
            request=self._sender.as_sent(request, probe),
            connection=replace(
                exchange.connection, ended=Ended.ABORTED, error=self.traffic.lost + also
            ),
            probe=pulse.LOST,
            model=None,
        )
        self.traffic.exchanges[pulse.LOST, ""] = [told]
        self._terms.keep(told)


def failing_line(error: Exception) -> str:
    """An exception of ours in one line: what, and in which line of which file."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"{type(error).__name__} in {place}: {str(error)[:200]}"
