"""Writes what the faults of large tables break: `gateway/faults/<area>.toml`, one line a fault.

`python -m tests.faults.declare responses` runs every fault of that area whose module declares
nothing itself, over all areas, and rewrites the table. Read the difference before you commit it:
a requirement that appears there without reason is a rule that blames the wrong thing.
"""

import json
import sys
from pathlib import Path

import gateway.faults
from gateway.fault import all_faults, declared
from tests.faults.matrix import Matrix


def table(area: str) -> dict[str, list[str]]:
    """Fault -> requirements that fail with it; faults that nothing notices are left out."""
    bench = Matrix()
    own = declared()
    rows = {}
    for name, fault in all_faults().items():
        if name.startswith(f"{area}.") and (name in own or not fault.breaks):
            bad, errors = bench.broken(name)
            if errors:
                raise SystemExit(f"{name}: rules crash: {', '.join(sorted(errors))}")
            if bad:
                rows[name] = sorted(bad)
            else:
                print(f"not noticed: {name}: {fault.says}")
    return rows


def write(area: str, rows: dict[str, list[str]]) -> Path:
    path = Path(gateway.faults.__path__[0]) / f"{area}.toml"
    head = "# What each fault breaks, as measured and read; made by `python -m tests.faults.declare`.\n"
    lines = [f"{json.dumps(name)} = {json.dumps(rows[name])}\n" for name in sorted(rows)]
    path.write_text(head + "".join(lines), encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write(sys.argv[1], table(sys.argv[1])))
