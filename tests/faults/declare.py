"""Writes what every fault breaks: `gateway/faults/<area>/breaks.toml`, one line a fault, and the pages of it.

`python -m tests.faults.declare [AREA | FAULT | GLOB …]` runs the faults of these areas or names (default: all)
over all areas and writes their lines anew, then `docs/kill-matrix.md`, `docs/traceability.md` and the examples
of failures. `--breaking REQUIREMENT …` (globs as well) runs those that break such a row as the tables stand.
Read the difference before you commit it: a requirement that appears without reason is a rule that blames the
wrong thing, one that vanishes is a rule that has gone blind. `--pages` only rewrites the pages.
"""

import json
import multiprocessing
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import gateway.faults
from gateway.faults.machinery.fault import all_faults
from tests.faults import examples, pages, properties
from tests.faults.matrix import matrix

HEAD = "# What each fault breaks, as measured and read; made by `python -m tests.faults.declare`.\n"


def measured(name: str) -> tuple[str, list[str], list[str], dict[str, examples.Example]]:
    """A fault, the requirements that fail with it, those whose rules crash, and how the failures look."""
    bench = matrix()
    bad, errors = bench.broken(name)
    shown = examples.of_fault(name, bad, bench.findings)
    # Properties make their own requests, and are tried only with the faults meant for them.
    meant = area_of(name) == "properties"
    return name, sorted(bad | properties.broken(name) if meant else bad), sorted(errors), shown


def area_of(name: str) -> str:
    return name.partition(".")[0]


def chosen(arguments: Sequence[str]) -> list[str]:
    """The names of the faults that the arguments mean."""
    if arguments and arguments[0] == "--breaking":
        return [
            name
            for name, fault in all_faults().items()
            if any(fnmatchcase(row, glob) for row in fault.breaks for glob in arguments[1:])
        ]
    globs = [given if set(given) & set(".*") else f"{given}.*" for given in arguments or "*"]
    return [name for name in all_faults() if any(fnmatchcase(name, glob) for glob in globs)]


def write_tables(names: Sequence[str], tables: dict[str, dict[str, list[str]]]) -> None:
    """The lines of these faults, new; those of faults that are no more go."""
    folder = Path(gateway.faults.__path__[0])
    for area in sorted({area_of(name) for name in names}):
        path = folder / area / "breaks.toml"
        rows = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        rows = {n: row for n, row in rows.items() if n in all_faults() and n not in names}
        rows |= tables[area]
        lines = [f"{json.dumps(name)} = {json.dumps(rows[name])}\n" for name in sorted(rows)]
        path.write_text(HEAD + "".join(lines), encoding="utf-8")


def main() -> None:
    started = time.perf_counter()
    names = chosen(sys.argv[1:])
    tables: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    unnoticed, crashed = [], []
    kept = examples.still_true(names)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for done, (name, bad, errors, shown) in enumerate(
            pool.imap_unordered(measured, names, 8), 1
        ):
            if errors:
                crashed.append(f"{name}: {', '.join(errors)}")
            examples.better(kept, shown)
            if bad:
                tables[area_of(name)][name] = bad
            else:
                unnoticed.append(name)
            if done % 100 == 0:
                print(
                    f"{done}/{len(names)} faults, {time.perf_counter() - started:.0f} s", flush=True
                )
    write_tables(names, tables)
    examples.write(kept)
    print(f"{len(names)} faults in {time.perf_counter() - started:.0f} s")
    for name in sorted(unnoticed):
        print(f"NOT NOTICED: {name}: {all_faults()[name].says}")
    for line in sorted(crashed):
        print(f"RULES CRASH: {line}")


if __name__ == "__main__":
    if sys.argv[1:] != ["--pages"]:
        main()
        all_faults.cache_clear()
    for written in pages.write():
        print(written)
