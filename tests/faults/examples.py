"""One failure of each requirement, for its page in the catalogue: `docs/examples.json`.

Of the faults that a requirement notices, the one that breaks least besides is shown: its finding is most
about this requirement. `python -m tests.faults.declare` measures all faults anyway, and keeps them.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from conformance.judging.area import catalogue
from conformance.judging.finding import Finding
from gateway.faults.machinery.fault import all_faults
from tests.faults.pages import DOCS

FILE = DOCS / "examples.json"
LONGEST = 400

Example = Mapping[str, Any]
"""`fault`, `breaks` (how many requirements it breaks), and `where`, `expected`, `found` of the finding."""


def of_fault(fault: str, bad: Iterable[str], findings: Iterable[Finding]) -> dict[str, Example]:
    """Requirement -> the first finding of it with this fault."""
    broken = set(bad)
    found: dict[str, Example] = {}
    for finding in findings:
        name = finding.requirement
        if name in broken and name not in found:
            found[name] = {
                "fault": fault,
                "breaks": len(broken),
                "where": finding.where[:LONGEST],
                "expected": finding.expected[:LONGEST],
                "found": finding.found[:LONGEST],
            }
    return found


def _rank(requirement: str, example: Example) -> tuple[bool, int, str]:
    """The least is shown: of its own area, breaking least besides."""
    fault = example["fault"]
    return (
        fault.partition(".")[0] != requirement.partition(".")[0], example["breaks"], fault
    )  # fmt: skip


def better(kept: dict[str, Example], new: Mapping[str, Example]) -> None:
    """Take over into `kept` what tells more about its requirement."""
    for name, example in new.items():
        if name not in kept or _rank(name, example) < _rank(name, kept[name]):
            kept[name] = example


def still_true(measured_anew: Iterable[str]) -> dict[str, Example]:
    """What is in the file and was not measured anew: of faults and requirements that are there."""
    gone = set(measured_anew)
    known, faults = catalogue().requirements, all_faults()
    written: dict[str, Example] = json.loads(FILE.read_text(encoding="ascii"))
    return {
        name: example
        for name, example in written.items()
        if name in known and example["fault"] in faults and example["fault"] not in gone
    }


def write(examples: Mapping[str, Example]) -> None:
    text = json.dumps(dict(sorted(examples.items())), indent=1, ensure_ascii=True)
    FILE.write_text(text + "\n", encoding="ascii")
