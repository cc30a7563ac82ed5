"""`python -m tests.faults.examples`: one failure of each requirement, for its page in the catalogue.

Of the faults that a requirement notices, the one that breaks least besides is shown: its finding is most
about this requirement. Writes `docs/examples.json`: requirement -> fault and finding.
"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from gateway.faults.machinery.fault import Fault, all_faults
from tests.faults.matrix import Matrix, matrix
from tests.faults.pages import DOCS

FILE = DOCS / "examples.json"
LONGEST = 400


def chosen(faults: Iterable[Fault]) -> dict[str, list[str]]:
    """Fault -> requirements that it is the example of."""
    best: dict[str, Fault] = {}
    for fault in faults:
        for name in fault.breaks:
            known = best.get(name)
            if known is None or _rank(fault, name) < _rank(known, name):
                best[name] = fault
    table: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(best):
        table[best[name].name].append(name)
    return table


def _rank(fault: Fault, requirement: str) -> tuple[bool, int, str]:
    apart = fault.name.partition(".")[0] != requirement.partition(".")[0]
    return apart, len(fault.breaks), fault.name


def examples(bench: Matrix, table: dict[str, list[str]]) -> dict[str, dict[str, Any]]:
    """Requirement -> fault, and the first finding that it brings."""
    found: dict[str, dict[str, Any]] = {}
    for done, (fault, names) in enumerate(sorted(table.items()), 1):
        bench.broken(fault)
        for name in names:
            finding = next((f for f in bench.findings if f.requirement == name), None)
            if finding is not None:
                found[name] = {
                    "fault": fault,
                    "where": finding.where[:LONGEST],
                    "message": finding.message[:LONGEST],
                    "expected": finding.expected[:LONGEST],
                    "found": finding.found[:LONGEST],
                }
        if done % 100 == 0:
            print(f"{done}/{len(table)} faults", file=sys.stderr, flush=True)
    return dict(sorted(found.items()))


def main() -> None:
    started = time.perf_counter()
    found = examples(matrix(), chosen(all_faults().values()))
    text = json.dumps(found, indent=1, ensure_ascii=True)
    FILE.write_text(text + "\n", encoding="ascii")
    print(f"{len(found)} examples in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
