"""fleet.html: targets side by side, each cell of the matrix a link to the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reports.bill import bill_of
from reports.document import Document
from reports.nights.night import Night, link_to, night_of
from reports.outcome import DEVIATES, OUTCOME, OUTCOMES
from reports.page import render
from reports.tally import Requirement, requirements
from reports.verdict import verdict

CAUSES: Final = 15


@dataclass(frozen=True)
class Vendor:
    """One target with its run."""

    name: str
    document: Document
    night: Night
    rows: dict[str, Requirement]
    link: str


@dataclass(frozen=True)
class Line:
    """A requirement over all vendors; `same` where all have the same outcome."""

    id: str
    level: str
    area: str
    text: str
    cells: tuple[str, ...]  # the outcome of each vendor, empty where it was not judged

    @property
    def same(self) -> bool:
        return len(set(self.cells)) == 1

    @property
    def clean(self) -> bool:
        return not (DEVIATES | {"error"}) & set(self.cells)


def vendors(named: Sequence[tuple[str, Document, Path | None]], folder: Path | None) -> list[Vendor]:  # fmt: skip
    """Name, document and file of each target; the page will lie in `folder`."""
    made = []
    for name, document, path in named:
        rows = {row.id: row for row in requirements(document)}
        night = night_of(document, str(path or ""))
        made.append(Vendor(name, document, night, rows, link_to(night.path, folder)))
    return made


def lines_of(fleet: Sequence[Vendor]) -> list[Line]:
    found = []
    for name in dict.fromkeys(name for vendor in fleet for name in vendor.rows):
        first = next(vendor.rows[name].first for vendor in fleet if name in vendor.rows)
        cells = tuple(v.rows[name].outcome if name in v.rows else "" for v in fleet)
        found.append(Line(name, first.level, first.area, first.text, cells))
    return found


def shared_causes(fleet: Sequence[Vendor]) -> list[tuple[str, str, tuple[bool, ...]]]:
    """Level, sentence and who has it, those that most have first."""
    names = dict.fromkeys(name for vendor in fleet for name in vendor.night.causes)
    found = []
    for name in names:
        having = [vendor for vendor in fleet if name in vendor.night.causes]
        level, sentence = having[0].night.causes[name]
        found.append((level, sentence, tuple(name in vendor.night.causes for vendor in fleet)))
    return sorted(found, key=lambda row: (row[0] != "MUST", -sum(row[2])))


def exit_code(documents: Sequence[Document]) -> int:
    """2 when one could not run, else 1 when one violates a MUST, else 0."""
    words = [verdict(document).word for document in documents]
    return 2 if not words or "unknown" in words else int("fails" in words)


def fleet_page(fleet: Sequence[Vendor]) -> str:
    lines = lines_of(fleet)
    areas = list(dict.fromkeys(line.area for line in lines))
    counts = {
        (vendor.name, area): {
            outcome.word: sum(row.first.area == area and row.outcome == outcome.word for row in vendor.rows.values())
            for outcome in OUTCOMES
        }
        for vendor in fleet
        for area in areas
    }  # fmt: skip
    clients = list(dict.fromkeys(name for vendor in fleet for name in vendor.night.clients))
    values: dict[str, Any] = {
        "fleet": fleet,
        "lines": [line for line in lines if not line.clean],
        "clean": [line for line in lines if line.clean],
        "areas": areas,
        "counts": counts,
        "clients": clients,
        "causes": shared_causes(fleet),
        "most": CAUSES,
        "outcome": OUTCOME,
        "bills": {v.name: bill.sentence if (bill := bill_of(v.document)) else "" for v in fleet},
        "money": {vendor.name: _money(vendor) for vendor in fleet},
    }
    return render("fleet", **values)


def _money(vendor: Vendor) -> dict[str, str]:
    """What is known of authenticity and of the bill: how many rows hold, how many do not."""
    words = {}
    for area in ("authenticity", "usage", "billing"):
        outcomes = [row.outcome for row in vendor.rows.values() if row.first.area == area]
        bad = sum(word in DEVIATES for word in outcomes)
        held = outcomes.count("pass")
        words[area] = f"{bad} of {bad + held} do not hold" if bad else f"{held} hold" if held else "not judged"  # fmt: skip
    return words
