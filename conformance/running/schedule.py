"""The schedule: sends what a plan names, once a model, in dependency order, within the budget."""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from conformance.judging.profile import Profile
from conformance.running.budget import Budget, estimate_usd
from conformance.running.circuit_breaker import CircuitBreaker
from conformance.running.probe import Impossible, Probe, ProbeContext
from conformance.running.property import Property, attempt
from conformance.running.sender import Sender
from wire.exchange import Ended, Exchange, Request


@dataclass(frozen=True)
class Step:
    """A probe for a model; the model is empty for probes that need none."""

    probe: Probe
    model: str

    @property
    def key(self) -> tuple[str, str]:
        return self.probe.name, self.model


@dataclass
class Traffic:
    """What a run brought: exchanges by step, and for each step that was not sent, why."""

    exchanges: dict[tuple[str, str], list[Exchange]] = field(default_factory=dict)
    unsent: dict[tuple[str, str], str] = field(default_factory=dict)

    def all(self) -> list[Exchange]:
        return [exchange for group in self.exchanges.values() for exchange in group]


def plan(
    probes: Mapping[str, Probe],
    wanted: Iterable[str],
    profile: Profile,
    models: Iterable[str],
    depth: str = "full",
) -> list[Step]:
    """Steps for the wanted probes and all they build on, those that others wait for first."""
    order: dict[str, Probe] = {}

    def visit(name: str) -> None:
        if name not in order:
            for earlier in probes[name].after:
                visit(earlier)
            order[name] = probes[name]

    for name in wanted:
        visit(name)
    models = list(models)
    return [
        Step(probe, model)
        for probe in order.values()
        if profile.claims_feature(probe.feature) and depth in (probe.depth, "full")
        for model in (models if probe.per_model else models[:1])
    ]


class Schedule:
    """Runs steps: many at a time, those that want to be `alone` one by one after the others."""

    def __init__(
        self,
        sender: Sender,
        profile: Profile,
        budget: Budget,
        progress: Callable[[int, int, str], None] = lambda _done, _total, _name: None,
        run: str = "",
    ) -> None:
        self._sender = sender
        self._profile = profile
        self._budget = budget
        self._progress = progress
        self._mark = run or secrets.token_hex(4)
        self._gate = asyncio.Semaphore(profile.concurrency)
        self.traffic = Traffic()
        self._done: dict[tuple[str, str], asyncio.Event] = {}
        self._unreachable = 0
        self._breaker = CircuitBreaker()

    async def run(self, steps: list[Step]) -> Traffic:
        """Send all steps; on cancellation what has arrived so far stays in `traffic`."""
        self._done = {step.key: asyncio.Event() for step in steps}
        self._total, self._count = len(steps), 0
        alone = {step.key for step in steps if step.probe.alone}
        # What builds on a step that runs alone has to wait for it, so it runs alone, too.
        for step in steps:
            if any(self._before(name, step) in alone for name in step.probe.after):
                alone.add(step.key)
        together = [asyncio.ensure_future(self._step(s)) for s in steps if s.key not in alone]
        try:
            await asyncio.gather(*together)
            # One model after the other: what runs alone is often read in sequence.
            for model in dict.fromkeys(step.model for step in steps):
                for step in steps:
                    if step.key in alone and step.model == model:
                        await self._step(step)
        finally:
            for task in together:
                task.cancel()
            for step in steps:
                if step.key not in self.traffic.exchanges:
                    self.traffic.unsent.setdefault(step.key, "the run was interrupted")
        return self.traffic

    async def attempt(self, prop: Property, model: str, *, number: int, keep: bool = True) -> None:
        """Run a property for a model; what it keeps joins the traffic under its name."""
        key = (prop.name, model)
        probe = prop.probe
        if probe.key and probe.key not in self._sender.target.keys:
            self.traffic.unsent[key] = f"needs a key: set {self._profile.variable(probe.key)}"
            return

        async def send(request: Request) -> Exchange | None:
            found = await self._paid(probe, request, model, 0)
            return found if isinstance(found, Exchange) else None

        trial = await attempt(prop, model, send, number=number, keep=keep)
        if trial.kept:
            self.traffic.exchanges[key] = trial.kept
        elif trial.out_of_money:
            limit = self._budget.limit_usd
            self.traffic.unsent[key] = f"--max-cost {limit} would be passed: raise it"

    async def _step(self, step: Step) -> None:
        try:
            for name in step.probe.after:
                # What the profile does not claim is not in the plan, and not waited for.
                if earlier := self._done.get(self._before(name, step)):
                    await earlier.wait()
            await self._send(step)
        finally:
            self._done[step.key].set()
            self._count += 1
            self._progress(self._count, self._total, step.probe.name)

    def _before(self, name: str, step: Step) -> tuple[str, str]:
        """The key of an earlier probe: for the step's own model, else for the one it was sent for."""
        mine = (name, step.model)
        return mine if mine in self._done else next((k for k in self._done if k[0] == name), mine)

    async def _send(self, step: Step) -> None:
        probe = step.probe
        earlier: dict[str, list[Exchange]] = {}
        for name in probe.after:
            key = self._before(name, step)
            if key not in self.traffic.exchanges:
                reason = self.traffic.unsent.get(key, "it was not sent")
                self.traffic.unsent[step.key] = f"builds on {name}: {reason}"
                return
            earlier[name] = self.traffic.exchanges[key]
        keys = self._sender.target.keys
        if probe.key and probe.key not in keys:
            variable = self._profile.variable(probe.key)
            self.traffic.unsent[step.key] = f"needs a key: set {variable}"
            return
        if self._unreachable >= 5 and not self.traffic.exchanges:
            self.traffic.unsent[step.key] = "the target cannot be reached"
            return
        asks = [
            ProbeContext(self._profile, step.model, index, earlier, keys, self._mark)
            for index in range(probe.count)
        ]
        sent = await asyncio.gather(*(self._ask(step, context) for context in asks))
        if arrived := [exchange for exchange in sent if exchange is not None]:
            self.traffic.exchanges[step.key] = arrived

    async def _ask(self, step: Step, context: ProbeContext) -> Exchange | None:
        try:
            request = step.probe.build(context)
        except Impossible as reason:
            self.traffic.unsent[step.key] = str(reason)
            return None
        except (LookupError, TypeError, AttributeError) as error:
            if not step.probe.after:
                raise
            # An earlier answer is not what the probe builds on: the target's doing, told elsewhere.
            self.traffic.unsent[step.key] = f"an earlier answer cannot be built on: {error!r}"
            return None
        model = step.model if step.probe.per_model else ""
        probe = step.probe
        if probe.settles:
            probe = replace(probe, until=probe.settles(context))
        if probe.wait and (seconds := probe.wait(context)):
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
        """Send when the budget allows it and book what it cost; else say why not."""
        estimate = estimate_usd(self._profile, model, request, probe.output_tokens)
        async with self._gate:
            if reason := self._breaker.open_because(request):
                return reason
            if not self._budget.reserve(probe.name, estimate):
                return f"--max-cost {self._budget.limit_usd} would be passed: raise it"
            exchange = await self._sender.send(probe, request, model, index)
            self._breaker.record(exchange)
        self._budget.settle(exchange, estimate, scripted=probe.feature == "scripted")
        return exchange
