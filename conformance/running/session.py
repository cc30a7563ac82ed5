"""One run: sends the planned traffic once, whoever asks first, and judges it for everybody.

Under `pytest -n` every worker collects the same tests and so knows the same plan. The worker that
takes the lead sends; the others wait for its ledger. Each probe is so sent once a model.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from conformance.judging.area import Catalogue
from conformance.judging.judge import Judge, Result
from conformance.judging.profile import KEY_VARIABLES
from conformance.judging.requirement import Level, Requirement
from conformance.judging.rule import Rule
from conformance.running.announced import Announcement
from conformance.running.budget import Budget
from conformance.running.first_failures import FirstFailures
from conformance.running.first_look import FirstLook
from conformance.running.greedy import Greedy
from conformance.running.offer import Offer
from conformance.running.pace import Pace
from conformance.running.planned import Step, plan, probes, properties, wanted_probes
from conformance.running.property import Property
from conformance.running.reference import NotStartedError, reference_gateway
from conformance.running.run_folder import BEAT_S, LeaderLostError, RunFolder
from conformance.running.schedule import Progress, Schedule, Terms, Traffic, failing_line
from conformance.running.sender import Sender
from conformance.running.settings import Settings
from conformance.running.signals import ended_by_signals
from conformance.running.target import Target
from wire import jsonl
from wire.exchange import Exchange


@dataclass
class Session:
    """The traffic of a run and its judge. `folder` is shared between workers, or None."""

    settings: Settings
    catalogue: Catalogue
    models: tuple[str, ...]
    folder: RunFolder | None = None
    progress: Progress = lambda _done, _total, _name: None
    look: FirstLook | None = None
    items: tuple[tuple[str, str], ...] = ()
    """Requirement and model of every verdict that is asked for."""
    traffic: Traffic = field(default_factory=Traffic)
    budget: Budget = field(init=False)
    base_url: str = ""
    keys_present: dict[str, bool] = field(default_factory=dict)
    interrupted: bool = False
    ended: bool = False
    """Everything that was to be sent is sent, or said why not."""
    afterwards: Callable[[Target], list[dict[str, Any]]] | None = None
    """What is done with the target when the plan is sent, and is told in the report: trials of clients."""
    afterwards_usd: Decimal = Decimal(0)
    """What that costs at most; it is announced with the plan."""
    tried: list[dict[str, Any]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """What no file and no line of this run may hold, by label."""
    broken: str = ""
    """An exception of ours while sending. It is told once; what was sent is judged all the same."""
    progressed: tuple[int, int] = (0, 0)
    _judge: Judge | None = None

    def __post_init__(self) -> None:
        self.budget = Budget(self.settings.profile, self.settings.max_cost_usd)
        if self.look is not None:
            self.look.teach(self.budget)

    @cached_property
    def requirements(self) -> tuple[str, ...]:
        """Ids of the requirements that are to be judged."""
        return tuple(dict.fromkeys(name for name, _ in self.items))

    def steps(self) -> list[Step]:
        return self._planned(self.settings.depth)

    def _planned(self, depth: str) -> list[Step]:
        rows, ids = self.catalogue.requirements, self._judged
        if depth == "quick":
            ids = [name for name in ids if rows[name].level is Level.MUST]
        deepest = "full" if depth == "full" else "default"
        wanted = wanted_probes(self.catalogue, ids)
        return plan(probes(self.catalogue), wanted, self.settings.profile, self.models, deepest)

    def _left_out(self) -> None:
        """Say of what is not asked at this depth that it is not."""
        asked = {step.key for step in self.steps()}
        for step in self._planned("full"):
            if step.key not in asked and step.key not in self.traffic.exchanges:
                deeper = step.probe.depth if step.probe.depth == "full" else "default"
                self.traffic.unsent.setdefault(step.key, f"it is asked with --depth {deeper}")

    @property
    def _judged(self) -> list[str]:
        """The requirements that something can be said of: not about keys where there are none."""
        rows = self.catalogue.requirements
        lacks = self.look.offer.lacks_feature if self.look else lambda _: ""
        return [name for name in self.requirements if not lacks(rows[name].feature)]

    def trials(self) -> list[tuple[Property, str]]:
        """The properties to try, each for each model."""
        ids = set(self._judged) if self.settings.depth != "quick" else set()
        rules = [
            r for r in self.catalogue.rules if isinstance(r, Rule) and ids & set(r.requirements)
        ]
        return [
            (prop, model)
            for name, prop in properties(self.catalogue).items()
            if any(rule.plans(name) for rule in rules)
            and self.settings.profile.claims_feature(prop.probe.feature)
            for model in self.models
        ]

    @cached_property
    def plan_usd(self) -> Decimal:
        """What the whole plan costs at most, whatever the limit."""
        mine = self.settings.base_url is None
        is_reference = self.look.is_reference if self.look else mine
        announcement = Announcement(
            self.budget,
            self.settings.profile,
            self.look.offer if self.look else Offer(),
            None if mine else frozenset(self.settings.keys),
            is_reference=is_reference and not self.settings.gateway_faults,
        )
        spent_usd = self.look.spent_usd if self.look else Decimal(0)
        usd = announcement.usd(self.steps(), self.trials())
        return usd + spent_usd + self.afterwards_usd

    @property
    def announced_usd(self) -> Decimal:
        """What the run costs at most: it is said first, and holds."""
        limit_usd = self.settings.max_cost_usd
        return self.plan_usd if limit_usd is None else min(self.plan_usd, limit_usd)

    def judge(self) -> Judge:
        """The judge over all traffic; the first caller brings the traffic about."""
        if self._judge is None:
            if self.folder is None or self.folder.takes_the_lead():
                self._lead()
            else:
                self._follow(self.folder)
            self._judge = self._new_judge()
        return self._judge

    def _new_judge(self) -> Judge:
        return Judge(
            self.catalogue,
            self.settings.profile,
            tuple(self.traffic.all()),
            self.traffic.unsent,
            self.traffic.absent,
            self.look.offer.lacks_feature if self.look else lambda _: "",
        )

    def result(self, requirement: Requirement, model: str) -> Result:
        return self.judge().result(requirement, model)

    def exchanges(self) -> list[Exchange]:
        return self.traffic.all()

    def load(self, folder: RunFolder) -> None:
        """Take over what the leading worker wrote down, as far as it got."""
        for exchange in folder.exchanges():
            key = (exchange.probe or "", exchange.model or "")
            self.traffic.put(key, [exchange])
        ledger = folder.ledger()
        if not ledger:
            self.base_url = folder.run().get("base_url", "")
            return
        self.traffic.unsent = {(row[0], row[1]): row[2] for row in ledger["unsent"]}
        self.traffic.absent = {(row[0], row[1]): row[2] for row in ledger["absent"]}
        self.traffic.lost = ledger["lost"]
        self.broken = ledger["broken"]
        self.base_url = ledger["base_url"]
        self.keys_present = ledger["keys_present"]
        self.interrupted = ledger["interrupted"]
        self.budget.restore(ledger["budget"])
        self.tried = ledger.get("tried", [])

    def _ledger(self) -> dict[str, Any]:
        return {
            "unsent": [[*key, reason] for key, reason in self.traffic.unsent.items()],
            "absent": [[*key, reason] for key, reason in self.traffic.absent.items()],
            "lost": self.traffic.lost,
            "broken": self.broken,
            "base_url": self.base_url,
            "keys_present": self.keys_present,
            "interrupted": self.interrupted,
            "budget": self.budget.as_json(),
            "tried": self.tried,
        }

    def _lead(self) -> None:
        try:
            self._send()
            self.ended = not self.interrupted
            self.broken = next(iter(self.traffic.broken.values()), "")
        except (NotStartedError, KeyboardInterrupt):
            raise
        except Exception as error:  # noqa: BLE001 - what was sent is there, and is judged
            self.broken = failing_line(error)
            self.ended = True
        finally:
            if self.folder is not None:
                self.folder.publish(self._ledger())
                self.folder.close()

    def _follow(self, folder: RunFolder) -> None:
        lost = ""
        try:
            folder.wait()
        except LeaderLostError as reason:
            lost = str(reason)
        self.load(folder)
        if lost:
            self.broken = lost
            for step in self.steps():
                if step.key not in self.traffic.exchanges:
                    self.traffic.unsent[step.key] = lost

    def _send(self) -> None:
        with self._target() as target:
            self.base_url = target.base_url
            self.secrets |= {**target.keys, **target.header_secrets}
            self.keys_present = {
                self.settings.profile.variable(kind): kind in target.keys for kind in KEY_VARIABLES
            }
            if self.folder is not None:
                self.folder.begin(self._run())
            asyncio.run(self._everything(target))
            if self.afterwards is not None and not self.interrupted:
                self.tried = self.afterwards(target)
        self._left_out()
        if self.settings.record:
            # What memory does not hold is whole on disk.
            on_disk = self.folder is not None and self.traffic.memory.passed
            whole = self.folder.exchanges() if self.folder and on_disk else self.traffic.all()
            jsonl.write_file(self.settings.record, whole)

    def _run(self) -> dict[str, Any]:
        """What the run is about, for whoever has to make its report."""
        return {
            "base_url": self.base_url,
            "profile": self.settings.profile_name,
            "models": list(self.models),
            "items": [list(item) for item in self.items],
            "keys_present": self.keys_present,
            "announced_usd": str(self.announced_usd),
        }

    @contextlib.contextmanager
    def _target(self) -> Iterator[Target]:
        given = self.settings.target()
        if self.settings.base_url is not None:
            yield given
            return
        arguments = [word for name in self.settings.gateway_faults for word in ("--fault", name)]
        with reference_gateway(arguments) as reference:
            yield replace(given, base_url=reference.base_url, keys=reference.keys, proxy="")

    async def _everything(self, target: Target) -> None:
        async with Sender(target) as sender:
            self.budget.announced_usd = self.announced_usd
            schedule = Schedule(
                sender, self.settings.profile, self.budget, self._progress, terms=self._terms()
            )
            self.traffic = schedule.traffic
            task = asyncio.ensure_future(self._sent(schedule))
            beat = asyncio.ensure_future(self._beat())
            try:
                with ended_by_signals(task):
                    await task
            except asyncio.CancelledError:
                self.interrupted = True
            finally:
                beat.cancel()

    def _terms(self) -> Terms:
        settings = self.settings
        pace = Pace(settings.timeout_s or settings.profile.timeout_s, settings.concurrency)
        pace.told = settings.timeout_s is not None
        if self.look is not None and self.look.first_s is not None:
            pace.begin(self.look.first_s, self.look.first_tokens)
        return Terms(
            offer=self.look.offer if self.look else Offer(),
            greedy=self.look.greedy if self.look else Greedy(),
            pace=pace,
            seconds=settings.max_time_s,
            stop=self._failures.enough,
            keep=self._keep,
            concurrency=settings.concurrency,
        )

    @cached_property
    def _failures(self) -> FirstFailures:
        settings = self.settings
        return FirstFailures(
            self.catalogue,
            settings.profile,
            self.requirements,
            settings.most_failures,
            settings.fail_on_should,
        )

    def _keep(self, exchange: Exchange) -> None:
        self._failures.see(exchange)
        if self.folder is not None:
            self.folder.keep(exchange)

    async def _sent(self, schedule: Schedule) -> None:
        steps, trials = self.steps(), self.trials()
        schedule.expect(len(trials))
        await schedule.run(steps)
        for prop, model in trials:
            await schedule.attempt(prop, model, number=self.settings.seed)

    async def _beat(self) -> None:
        """Signs of life: to the other workers, and to whoever reads the log."""
        while True:
            await asyncio.sleep(BEAT_S)
            if self.folder is not None:
                self.folder.beat()
            self.progress(*self.progressed, "")

    def _progress(self, done: int, total: int, name: str) -> None:
        self.progressed = (done, total)
        self.progress(done, total, name)

    def close(self, reason: str) -> None:
        """Nothing is sent any more: what was not says this reason."""
        for step in self.steps():
            if step.key not in self.traffic.exchanges and step.key not in self.traffic.absent:
                self.traffic.unsent.setdefault(step.key, reason)
        self._judge = self._new_judge()
