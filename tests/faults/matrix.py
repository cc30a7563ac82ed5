"""Fault x requirement: what each named fault makes fail, over everything a run sends.

The gateway is seeded and its clock stands still, so an exchange that a fault does not touch comes
back byte for byte; what the rules said about it is taken over, and only the rest is judged again.
`python -m tests.faults.matrix [GLOB]` prints each fault whose set differs from what it declares.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache

from conformance.judging.area import Catalogue, catalogue
from conformance.judging.finding import Finding
from conformance.judging.judge import Judge, Outcome
from conformance.judging.route import Silence, routes
from conformance.judging.rule import Rule, RunRule
from conformance.judging.run import Run
from conformance.judging.selector import Selector, named
from conformance.running.profiles import load_profile
from gateway.faults.machinery.fault import all_faults
from tests.direct import traffic
from tests.faults.replay import Log, RecordingSender
from wire.exchange import Exchange

BAD = {Outcome.FAIL, Outcome.ADVISORY}


class Reads:
    """A run as one rule sees it, and which exchanges the rule asked for."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.profile, self.model = run.profile, run.model
        self.globs: set[str] = set()
        self.selectors: dict[int, Selector] = {}
        self.everything = False

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        self.everything = True
        return self.run.exchanges

    def all(self, probe: str) -> list[Exchange]:
        self.globs.add(probe)
        return self.run.all(probe)

    def one(self, probe: str) -> Exchange:
        self.globs.add(probe)
        return self.run.one(probe)

    def named(self, pattern: str) -> list[Exchange]:
        self.globs.add(pattern)
        return self.run.named(pattern)

    def brought(self, pattern: str) -> list[Exchange]:
        self.globs.add(pattern)
        return self.run.brought(pattern)

    def where(self, selector: Selector) -> Iterator[Exchange]:
        self.selectors[id(selector)] = selector
        return self.run.where(selector)

    def concerned(self, matches: Callable[[Selector, Exchange], bool], x: Exchange) -> bool:
        """Whether the rule would have read this exchange as well."""
        return (
            self.everything
            or any(named(x.probe or "", glob) for glob in self.globs)
            or any(matches(selector, x) for selector in self.selectors.values())
        )


class Matrix:
    """Judges runs of the gateway with faults, for one model; of all areas, or of those named.

    On the clean gateway no rule has anything to say, so with a fault only what differs is judged:
    new exchanges by the rules over one, the run by those rules that read what is new or gone.
    """

    def __init__(self, model: str = "gpt-5.5", *areas: str) -> None:
        self.model = model
        self.at = time.time()
        chosen = [a for a in catalogue().areas if not areas or a.name in areas]
        self.known = Catalogue(tuple(chosen))
        self.rows = [row for row in self.known.requirements.values() if not row.excluded]
        self.seen: dict[tuple[object, ...], Exchange] = {}
        self.log: Log
        self.findings: list[Finding] = []
        """What the rules said of the last fault."""
        self.memory: dict[tuple[int, int], bool] = {}
        self.lasting: dict[int, Selector] = {}
        sent, self.profile = traffic(
            (), models=(model,), known=self.known, at=self.at, exchanges=self.seen,
            sender_type=RecordingSender, use=self._record,
        )  # fmt: skip
        self.log.profile = self.profile
        self.clean = Judge(self.known, self.profile, tuple(sent.all()), sent.unsent)
        self.outcomes = {
            row.id: self.clean.result(row, model if row.per_model else "").outcome
            for row in self.rows
        }
        self.old = {id(x) for x in self.clean.exchanges}
        self.kept = set(self.seen)
        self.single: dict[int, tuple[Selector, list[Rule]]] = {}
        for rule in self.known.rules:
            if isinstance(rule, Rule):
                self.single.setdefault(id(rule.on), (rule.on, []))[1].append(rule)
        self.overall = [
            (rule, self._read(rule, of)) for rule in self.known.rules
            if isinstance(rule, RunRule) for of in self._models(rule)
        ]  # fmt: skip

    def _record(self, sender: RecordingSender) -> None:
        self.log = sender.log = Log(load_profile("reference"), self.model, self.at, sender)

    def _models(self, rule: RunRule) -> set[str]:
        return {
            self.model if self.known.requirements[name].per_model else ""
            for name in rule.requirements
        }

    def _read(self, rule: RunRule, model: str) -> Reads:
        reads = Reads(self._run(self.clean.exchanges, model))
        if all(rule.brought(reads)):
            list(rule.judge(reads))
        self.lasting |= reads.selectors
        return reads

    def _run(self, exchanges: Iterable[Exchange], model: str) -> "Remembering":
        # The empty model is the run as a whole, as the judge has it.
        mine = (x for x in exchanges if not model or x.model in {None, "", model})
        run = Remembering(tuple(mine), self.profile, model)
        run.matches = self._matches
        return run

    def _matches(self, selector: Selector, x: Exchange) -> bool:
        """Whether a selector matches; asked once of what the clean run brought.

        Some rules make a selector when they run: its id may come again for another one.
        """
        if id(x) not in self.old or id(selector) not in self.lasting:
            return selector.matches(x)
        key = (id(selector), id(x))
        if key not in self.memory:
            self.memory[key] = selector.matches(x)
        return self.memory[key]

    def broken(self, *faults: str) -> tuple[set[str], set[str]]:
        """(requirements that deviate, rules that crashed) with these faults at once."""
        changed = self.log.replayed(all_faults()[faults[0]]) if len(faults) == 1 else None
        if changed is not None:
            return self.broken_with(changed)
        sent, _ = traffic(
            faults, models=(self.model,), known=self.known, at=self.at, exchanges=self.seen
        )
        said = self._said(tuple(sent.all()))
        # What only this run brought is forgotten with it.
        for key in [key for key in self.seen if key not in self.kept]:
            del self.seen[key]
        return said

    def broken_with(self, changed: dict[str, Exchange | None]) -> tuple[set[str], set[str]]:
        """The same with some exchanges of the clean run, by id, replaced or (None) left out."""
        now = (changed.get(x.id, x) for x in self.clean.exchanges)
        return self._said(tuple(x for x in now if x is not None))

    def _said(self, exchanges: tuple[Exchange, ...]) -> tuple[set[str], set[str]]:
        new = [x for x in exchanges if id(x) not in self.old]
        here = {id(x) for x in exchanges}
        gone = [x for x in self.clean.exchanges if id(x) not in here]
        bad: set[str] = set()
        errors: set[str] = set()
        self.findings = []
        told = routes(exchanges)
        silent = {x.id: why[0] for x in exchanges if (why := told.silence(x))}
        for selector, rules in self.single.values():
            for x in new:
                if selector.matches(x):
                    for rule in rules:
                        if x.id not in silent or silent[x.id] in rule.silence:
                            self._judged(rule, x, bad, errors)
        runs: dict[tuple[str, frozenset[Silence]], Run] = {}
        for overall, reads in self.overall:
            if any(reads.concerned(self._matches, x) for x in (*new, *gone)):
                key = (reads.model, overall.silence)
                if key not in runs:
                    runs[key] = self._run(told.heard(exchanges, *overall.silence), reads.model)
                run = runs[key]
                if all(overall.brought(run)):
                    self._judged(overall, run, bad, errors)
        return bad & self.outcomes.keys(), errors

    def _judged(self, rule, subject, bad: set[str], errors: set[str]) -> None:
        try:
            found = [w for w in rule.judge(subject) if isinstance(w, Finding)]
            bad.update(w.requirement for w in found)
            self.findings += found
        except Exception as error:
            errors.update(f"{name}: {error!r}" for name in rule.requirements)


class Remembering(Run):
    """A run that asks a selector only once about exchanges that many runs share."""

    matches: Callable[[Selector, Exchange], bool]

    def where(self, selector: Selector) -> Iterator[Exchange]:
        return (x for x in self.exchanges if self.matches(selector, x))


@cache
def matrix(model: str = "gpt-5.5", *areas: str) -> Matrix:
    return Matrix(model, *areas)


def main() -> None:
    pattern = sys.argv[1] if len(sys.argv) > 1 else "*"
    started = time.perf_counter()
    bench = matrix()
    clean = {n: o for n, o in bench.outcomes.items() if o is not Outcome.PASS}
    print(f"clean gateway: {len(bench.outcomes)} judged, not passed: {clean}")
    chosen = [f for name, f in all_faults().items() if fnmatchcase(name, pattern)]
    wrong = 0
    for fault in chosen:
        bad, errors = bench.broken(fault.name)
        declared = set(fault.breaks)
        if bad != declared or errors or not bad:
            wrong += 1
            print(f"{fault.name}: {fault.says}")
            for word, names in (
                ("not declared", bad - declared),
                ("declared, holds", declared - bad),
                ("RULE CRASHED", errors),
            ):
                if names:
                    print(f"    {word}: {', '.join(sorted(names))}")
            if not bad:
                print("    NOT NOTICED")
    seconds = time.perf_counter() - started
    print(f"{len(chosen)} faults, {wrong} wrong, {seconds:.1f} s")


if __name__ == "__main__":
    main()
