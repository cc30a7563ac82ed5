"""How many causes a fault comes to: `python -m tests.causes.measure [FAULTS [PAIRS [SEED]]]`.

Each fault is one mend, so it should be one cause; two faults of different areas are two, and no cause
may hold what only the one breaks together with what only the other breaks. Faults are drawn evenly
over the areas, each replayed against the recorded run of the reference gateway.
"""

import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.causes.cause import causes
from conformance.judging.judge import Judge
from conformance.running.document import result_row
from gateway.faults.machinery.fault import all_faults
from tests.direct import traffic
from tests.faults.matrix import Matrix, matrix
from wire.exchange import Exchange

Rows = list[dict[str, Any]]
DEFAULTS = (150, 40, 1)


@dataclass(frozen=True)
class Case:
    """The rows that do not hold with these faults, and the exchanges of the run."""

    faults: tuple[str, ...]
    rows: Rows
    exchanges: tuple[Exchange, ...]

    def causes(self) -> list[dict[str, Any]]:
        return causes(self.rows, self.exchanges)


def drawn(number: int, seed: int) -> list[str]:
    """Names of faults, an equal share of each area as far as it has so many."""
    by_area: dict[str, list[str]] = defaultdict(list)
    for name in all_faults():
        by_area[name.partition(".")[0]].append(name)
    chance = random.Random(seed)
    order = [chance.sample(names, len(names)) for _, names in sorted(by_area.items())]
    mixed = [names[at] for at in range(max(map(len, order))) for names in order if at < len(names)]
    return mixed[:number]


def pairs(number: int, seed: int) -> list[tuple[str, str]]:
    """Two faults of different areas that break rows of their own each."""
    names = drawn(4 * number, seed)
    chance = random.Random(seed)
    found = []
    while len(found) < number:
        one, two = chance.sample(names, 2)
        if one.partition(".")[0] != two.partition(".")[0] and only(one, two) and only(two, one):
            found.append((one, two))
    return found


def only(one: str, other: str) -> set[str]:
    """What the first fault breaks and the other does not."""
    return set(all_faults()[one].breaks) - set(all_faults()[other].breaks)


def case(bench: Matrix, *faults: str) -> Case:
    """What a run with these faults comes to, judged as a run is."""
    changed = replayed(bench, faults)
    if changed is None:
        sent, _ = traffic(
            faults, models=(bench.model,), known=bench.known, at=bench.at, exchanges=bench.seen
        )
        exchanges = tuple(sent.all())
    else:
        now = (changed.get(x.id, x) for x in bench.clean.exchanges)
        exchanges = tuple(x for x in now if x is not None)
    bad, _ = bench._said(exchanges)
    new = {x.id for x in exchanges if id(x) not in bench.old}
    kept = {
        key: words
        for key, words in bench.clean.judgements.items()
        if key[1] not in new and not key[1].startswith("model ")
    }
    judge = Judge(bench.known, bench.profile, exchanges, judgements=kept)
    rows = [bench.known.requirements[name] for name in sorted(bad)]
    results = [judge.result(row, bench.model if row.per_model else "") for row in rows]
    return Case(faults, [result_row(result) for result in results], exchanges)


def replayed(bench: Matrix, faults: Sequence[str]) -> dict[str, Exchange | None] | None:
    """What the faults change in the recorded run; None where they meet, or need a run of their own."""
    changed: dict[str, Exchange | None] = {}
    for name in faults:
        more = bench.log.replayed(all_faults()[name])
        if more is None or changed.keys() & more.keys():
            return None
        changed |= more
    return changed


def mixed(made: Sequence[dict[str, Any]], one: str, two: str) -> list[dict[str, Any]]:
    """Causes that hold something which only the first fault breaks and something only the second does."""
    return [
        cause for cause in made
        if set(cause["requirements"]) & only(one, two) and set(cause["requirements"]) & only(two, one)
    ]  # fmt: skip


def summary(numbers: Iterable[int]) -> str:
    counted = sorted(numbers)
    shares = {f"p{p}": counted[min(len(counted) - 1, len(counted) * p // 100)] for p in (50, 90, 95, 99)}  # fmt: skip
    return f"{shares}, at most {counted[-1]}; {dict(sorted(Counter(counted).items()))}"


def main() -> None:
    given = [int(word) for word in sys.argv[1:]]
    faults, two, seed = [*given, *DEFAULTS[len(given) :]]
    bench = matrix()
    sizes = {}
    for name in drawn(faults, seed):
        made = case(bench, name).causes()
        sizes[name] = len(made)
        if len(made) > 1:
            print(f"{len(made)} causes: {name}")
            for cause in made:
                print(
                    f"    {cause['kind']} {len(cause['requirements'])}: {cause['sentence'][:150]}"
                )
    print(f"causes a fault, {faults} faults: {summary(sizes.values())}")
    lost = 0
    for one, other in pairs(two, seed):
        wrong = mixed(case(bench, one, other).causes(), one, other)
        lost += bool(wrong)
        for cause in wrong:
            print(f"{one} + {other} in one: {cause['sentence'][:150]}")
    print(f"pairs of faults: {two}, with a cause that mixes both: {lost}")


if __name__ == "__main__":
    main()
