"""How many requirements of each area and level came to which outcome."""

from collections import Counter
from dataclasses import dataclass

from reports.document import Document, Result
from reports.outcome import LEVELS, OUTCOMES, RANK


@dataclass(frozen=True)
class Row:
    area: str
    cells: tuple[Counter[str], ...]  # one a level, in the order of LEVELS


@dataclass(frozen=True)
class Requirement:
    """One requirement over all models; `outcome` is the gravest of them."""

    id: str
    results: tuple[Result, ...]

    @property
    def first(self) -> Result:
        return self.results[0]

    @property
    def outcome(self) -> str:
        return min((result.outcome for result in self.results), key=RANK.__getitem__)

    @property
    def agree(self) -> bool:
        return len({result.outcome for result in self.results}) == 1

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(result.reason for result in self.results if result.reason))


def requirements(document: Document) -> list[Requirement]:
    """The results folded by requirement, in the order of the document."""
    folded: dict[str, list[Result]] = {}
    for result in document.results:
        folded.setdefault(result.requirement, []).append(result)
    return [Requirement(name, tuple(results)) for name, results in folded.items()]


def table(rows: list[Requirement]) -> list[Row]:
    """Area by level, counted in requirements: a rule that fails on two models is one failure."""
    areas: dict[str, tuple[Counter[str], ...]] = {}
    for row in rows:
        cells = areas.setdefault(row.first.area, tuple(Counter() for _ in LEVELS))
        cells[LEVELS.index(row.first.level)][row.outcome] += 1
    return [Row(area, cells) for area, cells in areas.items()]


def totals(rows: list[Requirement]) -> Counter[str]:
    """Outcome to number of requirements, in the order of gravity, without zeros."""
    counted = Counter(row.outcome for row in rows)
    return Counter({o.word: counted[o.word] for o in OUTCOMES if counted[o.word]})
