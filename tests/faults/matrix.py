"""Fault x requirement: what each named fault makes fail, over everything a run sends.

The gateway is seeded and its clock stands still, so an exchange that a fault does not touch comes
back byte for byte; what the rules said about it is taken over, and only the rest is judged again.
`python -m tests.faults.matrix [GLOB]` prints each fault whose set differs from what it declares.
"""

import sys
import time
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache

from conformance.area import catalogue
from conformance.judge import Judge, Outcome
from conformance.rule import RunRule
from gateway.fault import all_faults
from tests.direct import traffic
from wire.exchange import Exchange

BAD = {Outcome.FAIL, Outcome.ADVISORY}


class Matrix:
    """Judges runs of the gateway with faults, for one model."""

    def __init__(self, model: str = "gpt-5.5") -> None:
        self.model = model
        self.at = time.time()
        self.known = catalogue()
        self.rows = [row for row in self.known.requirements.values() if not row.excluded]
        self.clean: dict[tuple[object, ...], Exchange] = {}
        self.clean_judge = self._judge(())
        self.outcomes = self._outcomes(self.clean_judge)

    def _judge(self, faults: tuple[str, ...]) -> Judge:
        sent, profile = traffic(faults, models=(self.model,), at=self.at)
        exchanges = sent.all()
        if self.clean:
            exchanges = [self.clean.get(_content(x), x) for x in exchanges]
            taken = {id(x) for x in self.clean.values()}
            judge = Judge(self.known, profile, tuple(exchanges), sent.unsent)
            whole_run = {id(r) for r in self.known.rules if isinstance(r, RunRule)}
            same = {x.id for x in exchanges if id(x) in taken}
            judge.said.update(
                (key, said)
                for key, said in self.clean_judge.said.items()
                if key[1] in same and key[0] not in whole_run
            )
            return judge
        self.clean = {_content(x): x for x in exchanges}
        return Judge(self.known, profile, tuple(self.clean.values()), sent.unsent)

    def _outcomes(self, judge: Judge) -> dict[str, Outcome]:
        return {
            row.id: judge.result(row, self.model if row.per_model else "").outcome
            for row in self.rows
        }

    def broken(self, *faults: str) -> tuple[set[str], set[str]]:
        """(requirements that deviate, rules that crashed) with these faults at once."""
        outcomes = self._outcomes(self._judge(faults))
        bad = {name for name, outcome in outcomes.items() if outcome in BAD}
        errors = {name for name, outcome in outcomes.items() if outcome is Outcome.ERROR}
        return bad, errors


def _content(x: Exchange) -> tuple[object, ...]:
    """All of an exchange that the gateway decides, plus its id; not when and how long."""
    connection = replace(x.connection, total_ms=None)
    return (x.id, x.request, x.reply, connection, x.attempts)


@cache
def matrix(model: str = "gpt-5.5") -> Matrix:
    return Matrix(model)


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
