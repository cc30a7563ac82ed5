"""`--clients`: the clients themselves do a task against the target, through the tap, and are reported.

Each client goes through a tap of its own, which records what it asked and got. That traffic is judged as
any recording is, its answers are booked, and a client that would cost more than is left is not started.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from conformance.clients.programs import PROGRAMS
from conformance.clients.programs.program import ANY_MODEL, Outcome, Program, Target
from conformance.judging.area import Catalogue
from conformance.judging.profile import Profile
from conformance.offline.recordings import Entry
from conformance.offline.verdicts import OfflineJudge
from conformance.running.budget import Budget
from conformance.running.target import Target as Judged
from wire import jsonl
from wire.exchange import Exchange
from wire.secret import revealed

READY_S: Final = 20.0
MOST_REQUESTS: Final = 30
"""A client that asks more often than that for one task goes in circles, and is ended."""
_SHOWN: Final = 5
_NAMES: Final = {program.slug: program for program in PROGRAMS}


class UnknownClientError(ValueError):
    """A name that `--clients` does not know; the message says which there are."""


@dataclass(frozen=True)
class Trial:
    """One client, tried: `works` is None when it was not, and `saw` says why."""

    name: str
    works: bool | None
    saw: str = ""
    version: str = ""
    model: str = ""
    requests: int = 0
    billable_requests: int = 0
    usd: float = 0.0
    findings: list[dict[str, str]] = field(default_factory=list)
    """What the traffic of the client breaks at MUST: requirement and message."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def chosen(text: str) -> tuple[Program, ...]:
    """The programs that `all` or a list of slugs names; none for an empty text."""
    if not text:
        return ()
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name != "all" and name not in _NAMES]
    if unknown or not names:
        there = ", ".join(["all", *_NAMES])
        raise UnknownClientError(f"--clients {text!r}: the clients are {there}")
    return PROGRAMS if "all" in names else tuple(_NAMES[name] for name in dict.fromkeys(names))


def most_usd(programs: Sequence[Program], budget: Budget, model: str) -> Decimal:
    """What trials of these clients are reckoned with, together: each may do its task twice."""
    return sum((_reserve(program, budget, model) for program in programs), Decimal(0))


def _reserve(program: Program, budget: Budget, model: str) -> Decimal:
    prompt, output = program.tokens
    return 2 * budget.tokens_usd(model, prompt, output)


@dataclass
class Stop:
    """Whether a client has used up what was held back for it, by what is recorded so far."""

    record: Path
    budget: Budget
    model: str
    reserve: Decimal
    why: str = ""

    def is_due(self) -> bool:
        try:
            passed = list(jsonl.iter_file(self.record)) if self.record.exists() else []
        except ValueError:  # a line that is being written
            return False
        usd = sum((self.budget.foreign_usd(x, self.model) for x in passed), Decimal(0))
        if len(passed) > MOST_REQUESTS:
            self.why = f"asked more than {MOST_REQUESTS} times"
        elif usd > self.reserve:
            self.why = f"cost more than the ${self.reserve:.2f} that are held back for it"
        return bool(self.why)


@dataclass
class Trials:
    """Tries programs one after the other against a target that is there."""

    programs: Sequence[Program]
    catalogue: Catalogue
    profile: Profile
    budget: Budget
    model: str
    progress: Callable[[str], None] = lambda _: None
    done: list[Trial] = field(default_factory=list)

    @property
    def there(self) -> list[Program]:
        """Those that can be started."""
        return [program for program in self.programs if not program.missing]

    def run(self, target: Judged) -> None:
        for program in self.programs:
            self.progress(program.name)
            self.done.append(self._one(program, target))

    def _one(self, program: Program, target: Judged) -> Trial:
        if why := program.missing or self._hindered(program, target):
            return Trial(program.name, None, why)
        reserve = _reserve(program, self.budget, self.model)
        limit, spent = self.budget.limit_usd, self.budget.spent_usd
        if limit is not None and spent + reserve > limit:
            need = f"${reserve:.2f} for it and ${spent:.2f} that are spent"
            return Trial(program.name, None, f"not started: --max-cost {limit} is less than {need}")
        trial = self._tried(program, target, reserve)
        # A model errs now and then; a client that is broken is broken twice.
        if trial.works is False and self.budget.spent_usd - spent <= reserve / 2:
            again = self._tried(program, target, reserve / 2)
            trial = _together(trial, again)
        return trial

    def _hindered(self, program: Program, target: Judged) -> str:
        if not any(self.profile.claims_feature(name) for name in program.endpoints):
            return f"the profile claims no {' and no '.join(sorted(program.endpoints))}"
        if target.insecure or target.proxy:
            return "not tried: the tap goes through no proxy and checks certificates"
        if target.headers:
            return "not tried: clients send no --header"
        return ""

    def _tried(self, program: Program, target: Judged, reserve: Decimal) -> Trial:
        with tempfile.TemporaryDirectory(prefix="client-", ignore_cleanup_errors=True) as place:
            folder = Path(place)
            record = folder / "tap.jsonl"
            with _tap(target, record) as base_url:
                stop = Stop(record, self.budget, self.model, reserve)
                claimed = [
                    n for n in ("chat", "responses", "models") if self.profile.claims_feature(n)
                ]
                outcome = _outcome(program, Target(
                    base_url, revealed(target.keys.get("main", "")), folder, self.model, ANY_MODEL,
                    frozenset(claimed), stop.is_due,
                ))  # fmt: skip
            exchanges = list(jsonl.iter_file(record)) if record.exists() else []
        if stop.why and not outcome.works:
            outcome = Outcome(False, f"ended, because it {stop.why}")
        return self._judged(program, outcome, exchanges)

    def _judged(self, program: Program, outcome: Outcome, exchanges: list[Exchange]) -> Trial:
        before, billable = self.budget.spent_usd, self.budget.billable_requests
        for x in exchanges:
            self.budget.book_foreign(x, self.model)
        rows = [row for row in self.catalogue.requirements.values() if row.level.value == "MUST"]
        judge = OfflineJudge(self.catalogue, tuple(r for r in rows if not r.excluded), self.profile)
        for number, x in enumerate(exchanges, 1):
            judge.judge(Entry(x, f"request {number}"))
        judge.end_of_run()
        findings = [
            {"requirement": tally.requirement.id, "message": shown.message, "where": shown.where}
            for tally in judge.verdicts()
            for shown, _ in list(tally.shown)[:1]
        ]
        return Trial(
            program.name, outcome.works, outcome.saw[:300],
            program.installed_version or program.version, self.model, len(exchanges),
            self.budget.billable_requests - billable, float(self.budget.spent_usd - before),
            findings[:_SHOWN],
        )  # fmt: skip


def _outcome(program: Program, target: Target) -> Outcome:
    """What became of the task; a driver that cannot read what the client wrote saw it break."""
    try:
        return program.run(target)
    except (OSError, ValueError, LookupError, TypeError) as error:
        return Outcome(False, f"{type(error).__name__}: {error}")


def _together(first: Trial, second: Trial) -> Trial:
    """Two runs of one client: the second decides, both are paid."""
    return Trial(
        second.name, second.works, second.saw or first.saw, second.version, second.model,
        first.requests + second.requests, first.billable_requests + second.billable_requests,
        first.usd + second.usd, second.findings or first.findings,
    )  # fmt: skip


@contextlib.contextmanager
def _tap(target: Judged, record: Path) -> Iterator[str]:
    """A tap in a process of its own; what it prints at its end is for nobody."""
    words = [
        sys.executable, "-u", "-m", "conformance", "tap", "--upstream", target.base_url,
        "--port", "0", "--record", str(record), "--record-only",
    ]  # fmt: skip
    env = {**os.environ, **({"SSL_CERT_FILE": target.cacert} if target.cacert else {})}
    process = subprocess.Popen(  # noqa: S603 - our own module by our own interpreter
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env,
        cwd=Path(__file__).parents[1], start_new_session=True,
    )  # fmt: skip
    told: list[str] = []
    ready = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            if "Ctrl-C" in line:
                ready.set()
        ready.set()

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    try:
        ready.wait(READY_S)
        found = re.search(r"http://\S+", "".join(told))
        if not found:
            raise OSError(f"the tap did not start: {''.join(told).strip()[-200:]}")
        yield found[0]
    finally:
        process.terminate()
        try:
            process.wait(READY_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(READY_S)
        if process.stdout is not None:
            process.stdout.close()
