"""One run: sends the planned traffic once, whoever asks first, and judges it for everybody.

Under `pytest -n` every worker collects the same tests and so knows the same plan. The worker that
takes the lead sends; the others wait for its file. Each probe is so sent once a model.
"""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from conformance.judging.area import Catalogue
from conformance.judging.judge import Judge, Result
from conformance.judging.profile import KEY_VARIABLES
from conformance.judging.requirement import Requirement
from conformance.judging.rule import Rule
from conformance.running.budget import Budget, estimate_usd
from conformance.running.planned import probes, properties
from conformance.running.probe import Impossible, ProbeContext
from conformance.running.profiles import key_of
from conformance.running.property import Property
from conformance.running.reference import reference_gateway
from conformance.running.schedule import Schedule, Step, Traffic, plan
from conformance.running.sender import Sender, Target
from conformance.running.settings import Settings
from wire import jsonl
from wire.exchange import Exchange, Request

Progress = Callable[[int, int, str], None]
LEADER, EXCHANGES, LEDGER = "leader", "exchanges.jsonl", "ledger.json"
NOMINAL_PROMPT_BYTES = 400


def wanted_probes(catalogue: Catalogue, requirements: Iterable[str]) -> list[str]:
    """Names of the probes that the rules of these requirements read."""
    ids = set(requirements)
    rules = [rule for rule in catalogue.rules if ids & set(rule.requirements)]
    plans = [rule.on.plans if isinstance(rule, Rule) else rule.plans for rule in rules]
    return [name for name in probes(catalogue) if any(p(name) for p in plans)]


@dataclass
class Session:
    """The traffic of a run and its judge. `folder` is shared between workers, or None."""

    settings: Settings
    catalogue: Catalogue
    models: tuple[str, ...]
    requirements: tuple[str, ...] = ()
    folder: Path | None = None
    progress: Progress = lambda _done, _total, _name: None
    traffic: Traffic = field(default_factory=Traffic)
    budget: Budget = field(init=False)
    base_url: str = ""
    keys_present: dict[str, bool] = field(default_factory=dict)
    interrupted: bool = False
    _judge: Judge | None = None

    def __post_init__(self) -> None:
        self.budget = Budget(self.settings.profile, self.settings.max_cost_usd)

    def steps(self) -> list[Step]:
        wanted = wanted_probes(self.catalogue, self.requirements)
        return plan(
            probes(self.catalogue), wanted, self.settings.profile, self.models, self.settings.depth
        )

    def trials(self) -> list[tuple[Property, str]]:
        """The properties to try, each for each model."""
        ids = set(self.requirements)
        rules = [
            r for r in self.catalogue.rules if isinstance(r, Rule) and ids & set(r.requirements)
        ]
        return [
            (prop, model)
            for name, prop in properties(self.catalogue).items()
            if any(rule.on.plans(name) for rule in rules)
            and self.settings.profile.claims_feature(prop.probe.feature)
            for model in self.models
        ]

    def estimate_usd(self) -> Decimal:
        """An upper estimate for the plan. What builds on answers counts with a nominal prompt."""
        total = Decimal(0)
        for step in self.steps():
            probe = step.probe
            context = ProbeContext(self.settings.profile, step.model, 0, {})
            try:
                request = probe.build(context)
            except (Impossible, LookupError):
                request = Request("POST", "/", (), b" " * NOMINAL_PROMPT_BYTES)
            one = estimate_usd(self.settings.profile, step.model, request, probe.output_tokens)
            total += one * probe.count
        for prop, model in self.trials():
            empty = Request("POST", "/", (), b" " * NOMINAL_PROMPT_BYTES)
            tokens = prop.probe.output_tokens
            total += estimate_usd(self.settings.profile, model, empty, tokens) * prop.examples
        return total

    def judge(self) -> Judge:
        """The judge over all traffic; the first caller brings the traffic about."""
        if self._judge is None:
            if self.folder is None:
                self._send()
            elif self._takes_the_lead():
                self._send()
                self._publish(self.folder)
            else:
                self._await(self.folder)
            exchanges = tuple(self.traffic.all())
            self._judge = Judge(
                self.catalogue, self.settings.profile, exchanges, self.traffic.unsent
            )
        return self._judge

    def result(self, requirement: Requirement, model: str) -> Result:
        return self.judge().result(requirement, model)

    def exchanges(self) -> list[Exchange]:
        return self.traffic.all()

    def load(self, folder: Path) -> None:
        """Take over what the leading worker published, if it got that far."""
        if not (folder / LEDGER).is_file():
            return
        ledger = json.loads((folder / LEDGER).read_text(encoding="utf-8"))
        for exchange in jsonl.iter_file(folder / EXCHANGES):
            key = (exchange.probe or "", exchange.model or "")
            self.traffic.exchanges.setdefault(key, []).append(exchange)
        self.traffic.unsent = {(row[0], row[1]): row[2] for row in ledger["unsent"]}
        self.base_url = ledger["base_url"]
        self.keys_present = ledger["keys_present"]
        for name, value in ledger["budget"].items():
            setattr(self.budget, name, Decimal(value) if name == "spent_usd" else value)

    def _takes_the_lead(self) -> bool:
        assert self.folder is not None
        try:
            descriptor = os.open(self.folder / LEADER, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return False
        os.write(descriptor, str(os.getpid()).encode())
        os.close(descriptor)
        return True

    def _publish(self, folder: Path) -> None:
        with (folder / EXCHANGES).open("w", encoding="utf-8") as file:
            file.writelines(jsonl.dump(x) + "\n" for x in self.traffic.all())
        budget = self.budget
        ledger: dict[str, Any] = {
            "unsent": [[*key, reason] for key, reason in self.traffic.unsent.items()],
            "base_url": self.base_url,
            "keys_present": self.keys_present,
            "budget": {
                "spent_usd": str(budget.spent_usd),
                "requests": budget.requests,
                "billable_requests": budget.billable_requests,
                "prompt_tokens": budget.prompt_tokens,
                "completion_tokens": budget.completion_tokens,
            },
        }
        waiting = folder / f"{LEDGER}.part"
        waiting.write_text(json.dumps(ledger), encoding="utf-8")
        waiting.replace(folder / LEDGER)

    def _await(self, folder: Path) -> None:
        while not (folder / LEDGER).is_file():
            leader = (folder / LEADER).read_text(encoding="utf-8")
            if leader and not _alive(int(leader)):
                raise RuntimeError("the worker that sends the requests has died")
            time.sleep(0.05)
        self.load(folder)

    def _send(self) -> None:
        with self._target() as target:
            self.base_url = target.base_url
            self.keys_present = {
                self.settings.profile.variable(kind): kind in target.keys for kind in KEY_VARIABLES
            }
            asyncio.run(self._run(target))
        if self.settings.record:
            jsonl.write_file(self.settings.record, self.traffic.all())

    @contextlib.contextmanager
    def _target(self) -> Iterator[Target]:
        profile = self.settings.profile
        if self.settings.base_url is not None:
            keys = {kind: key for kind in KEY_VARIABLES if (key := key_of(profile, kind))}
            yield Target(self.settings.base_url, keys, profile.timeout_s)
            return
        arguments = [word for name in self.settings.gateway_faults for word in ("--fault", name)]
        with reference_gateway(arguments) as reference:
            yield Target(reference.base_url, reference.keys, profile.timeout_s)

    async def _run(self, target: Target) -> None:
        async with Sender(target) as sender:
            schedule = Schedule(sender, self.settings.profile, self.budget, self.progress)
            self.traffic = schedule.traffic
            task = asyncio.ensure_future(self._everything(schedule))
            loop = asyncio.get_running_loop()
            with contextlib.suppress(ValueError, NotImplementedError, RuntimeError):
                loop.add_signal_handler(signal.SIGINT, task.cancel)
            try:
                await task
            except asyncio.CancelledError:
                self.interrupted = True

    async def _everything(self, schedule: Schedule) -> None:
        await schedule.run(self.steps())
        for prop, model in self.trials():
            await schedule.attempt(prop, model, number=self.settings.seed)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
