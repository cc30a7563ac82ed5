"""`python -m tests.faults.examples`: one failure of each requirement, for its page in the catalogue.

Of the faults that a requirement notices, the one that breaks least besides is shown: its finding is most
about this requirement. Writes `docs/examples.json`: requirement -> fault and finding; what is there and
still of the same fault stays, unless `--anew` is given.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from conformance.judging.area import catalogue
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


def examples(
    bench: Matrix, table: dict[str, list[str]], found: dict[str, dict[str, Any]], until: float
) -> bool:
    """Add fault and first finding by requirement to `found`; whether all was done by `until`."""
    for fault, names in sorted(table.items()):
        due = [name for name in names if found.get(name, {}).get("fault") != fault]
        if not due:
            continue
        if time.monotonic() > until:
            return False
        bench.broken(fault)
        for name in due:
            finding = next((f for f in bench.findings if f.requirement == name), None)
            if finding is not None:
                found[name] = {
                    "fault": fault,
                    "where": finding.where[:LONGEST],
                    "expected": finding.expected[:LONGEST],
                    "found": finding.found[:LONGEST],
                }
    return True


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.examples", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1e9, help="go on with the rest next time")
    parser.add_argument("--anew", action="store_true", help="also what is there already")
    options = parser.parse_args()
    started = time.monotonic()
    known = catalogue().requirements
    found = {} if options.anew else json.loads(FILE.read_text(encoding="ascii"))
    found = {name: example for name, example in found.items() if name in known}
    table = chosen(all_faults().values())
    whole = examples(matrix(), table, found, started + options.seconds)
    text = json.dumps(dict(sorted(found.items())), indent=1, ensure_ascii=True)
    FILE.write_text(text + "\n", encoding="ascii")
    more = "" if whole else "; not all, run it again"
    print(f"{len(found)} examples in {time.monotonic() - started:.0f} s{more}")


if __name__ == "__main__":
    main()
