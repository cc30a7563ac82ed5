"""Fault x requirement: what each named fault makes fail, over everything a run sends.

The gateway is seeded and its clock stands still, so an exchange that a fault does not touch comes
back byte for byte; what the rules said about it is taken over, and only the rest is judged again.
`python -m tests.faults.matrix [GLOB]` prints each fault whose set differs from what it declares.
"""

import sys
import time
from fnmatch import fnmatchcase
from functools import cache

from conformance.area import Catalogue, catalogue
from conformance.judge import Judge, Outcome
from conformance.requirement import Requirement
from conformance.rule import Rule, RunRule
from gateway.fault import all_faults
from tests.direct import traffic
from tests.faults.replay import Log, RecordingSender
from wire.exchange import Exchange

BAD = {Outcome.FAIL, Outcome.ADVISORY}


class AgainstClean(Judge):
    """A judge that knows what the clean run's selectors matched, and asks them only of the rest."""

    def __init__(self, known, profile, exchanges, unsent, clean):
        super().__init__(known, profile, exchanges, unsent)
        self.clean = clean
        same = {id(x) for x in clean.exchanges}
        self.old = {id(x) for x in exchanges} & same
        self.new = [x for x in exchanges if id(x) not in same]

    def matching(self, selector, run):
        before = [x for x in self.clean.matched(selector, run.model) if id(x) in self.old]
        new = self.new if not run.model else [x for x in self.new if x.model in {None, run.model}]
        return before + [x for x in new if selector.matches(x)]


class Clean(Judge):
    """The clean run's judge, which remembers what each selector matched."""

    def matched(self, selector, model):
        if not hasattr(self, "memory"):
            self.memory = {}
        key = (id(selector), model)
        if key not in self.memory:
            self.memory[key] = super().matching(selector, self._run(model))
        return self.memory[key]

    def matching(self, selector, run):
        return self.matched(selector, run.model)


class Matrix:
    """Judges runs of the gateway with faults, for one model; of all areas, or of those named."""

    def __init__(self, model: str = "gpt-5.5", *areas: str) -> None:
        self.model = model
        self.at = time.time()
        chosen = [a for a in catalogue().areas if not areas or a.name in areas]
        self.known = Catalogue(tuple(chosen))
        self.rows = [row for row in self.known.requirements.values() if not row.excluded]
        self.whole_run = {id(rule) for rule in self.known.rules if isinstance(rule, RunRule)}
        self.seen: dict[tuple[object, ...], Exchange] = {}
        self.clean: Clean | None = None
        self.log: Log | None = None
        self.matched: dict[int, set[int]] = {}
        self.kept: set[int] = set()
        self.outcomes = self._outcomes(self._judge(()))
        self.kept = {id(x) for x in self.seen.values()}

    def _judge(self, faults: tuple[str, ...]) -> Judge:
        """The judge of a whole run with these faults; the first one is the clean run's."""
        if self.clean is None:
            sent, profile = traffic(
                (), models=(self.model,), known=self.known, at=self.at, exchanges=self.seen,
                sender_type=RecordingSender, use=self._record,
            )  # fmt: skip
            self.clean = Clean(self.known, profile, tuple(sent.all()), sent.unsent)
            self.log.profile = profile
            return self.clean
        sent, _ = traffic(
            faults, models=(self.model,), known=self.known, at=self.at, exchanges=self.seen
        )
        # What only this run brought is forgotten with it.
        for key in [key for key, x in self.seen.items() if id(x) not in self.kept]:
            del self.seen[key]
        return self.against(tuple(sent.all()), sent.unsent)

    def _record(self, sender: RecordingSender) -> None:
        self.log = Log(None, self.model, sender=sender)
        sender.log = self.log

    def against(self, exchanges: tuple[Exchange, ...], unsent: dict[tuple[str, str], str]) -> Judge:
        """A judge of these exchanges that takes over what was said of the clean ones."""
        judge = AgainstClean(self.known, self.clean.profile, exchanges, unsent, self.clean)
        names = {x.id for x in exchanges if id(x) in judge.old}
        judge.said.update(
            (key, said)
            for key, said in self.clean.said.items()
            if key[1] in names and key[0] not in self.whole_run
        )
        return judge

    def _outcomes(self, judge: Judge, rows: list[Requirement] | None = None) -> dict[str, Outcome]:
        return {
            row.id: judge.result(row, self.model if row.per_model else "").outcome
            for row in (self.rows if rows is None else rows)
        }

    def _affected(self, changed: dict[str, Exchange]) -> list[Requirement]:
        """Rows that a rule over any of these exchanges judges, as it was or as it is."""
        old = {id(x) for x in self.clean.exchanges if x.id in changed}
        names: set[str] = set()
        for rule in self.known.rules:
            if isinstance(rule, RunRule) or self._touches(rule, old, changed):
                names.update(rule.requirements)
        return [row for row in self.rows if row.id in names]

    def _touches(self, rule: Rule, old: set[int], changed: dict[str, Exchange]) -> bool:
        key = id(rule.on)
        if key not in self.matched:
            exchanges = self.clean.exchanges
            self.matched[key] = {id(x) for x in exchanges if rule.on.matches(x)}
        return not old.isdisjoint(self.matched[key]) or any(map(rule.on.matches, changed.values()))

    def broken(self, *faults: str) -> tuple[set[str], set[str]]:
        """(requirements that deviate, rules that crashed) with these faults at once."""
        changed = self.log.replayed(all_faults()[faults[0]]) if len(faults) == 1 else None
        if changed is None:
            outcomes = self._outcomes(self._judge(faults))
        else:
            outcomes = self.with_changed(changed)
        bad = {name for name, outcome in outcomes.items() if outcome in BAD}
        errors = {name for name, outcome in outcomes.items() if outcome is Outcome.ERROR}
        return bad, errors

    def with_changed(self, changed: dict[str, Exchange]) -> dict[str, Outcome]:
        """Outcomes of the clean run with some of its exchanges replaced; only what can differ."""
        exchanges = tuple(changed.get(x.id, x) for x in self.clean.exchanges)
        return self._outcomes(self.against(exchanges, self.clean.unsent), self._affected(changed))


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
