"""`python -m tests.clients.measure [CLIENT …] [--faults GLOB]`: runs clients against each fault.

Only faults that change what the client receives are run; the others cannot matter to it. A run of
all takes half an hour, nearly all of it the clients' own start. The table keeps what is not run again.
"""

import argparse
import logging
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from queue import SimpleQueue

from conformance.clients.programs import PROGRAMS
from conformance.clients.programs.program import Outcome, Program
from gateway.faults.machinery.fault import all_faults
from tests.clients import measured
from tests.clients.bench import Reach, drive
from tests.clients.measured import Measured
from tests.clients.stand import Stand, stand


def outcomes(
    driver: Program, faults: Sequence[str], stands: Sequence[Stand]
) -> Iterator[tuple[str, Outcome]]:
    """Each fault with what became of the client; one that seems to break it is run a second time."""
    free: SimpleQueue[Stand] = SimpleQueue()
    for here in stands:
        free.put(here)

    def one(fault: str) -> tuple[str, Outcome]:
        here = free.get()
        try:
            first = drive(driver, here, fault)
            sure = first.works or first.saw.startswith("killed")
            return fault, first if sure else drive(driver, here, fault)
        finally:
            free.put(here)

    with ThreadPoolExecutor(len(stands)) as pool:
        yield from pool.map(one, faults)


def measure(
    driver: Program, globs: Sequence[str], stands: Sequence[Stand], before: Measured | None
) -> Measured:
    clean = drive(driver, stands[0])
    if not clean.works:
        raise SystemExit(f"{driver.name} does not work with the clean gateway: {clean.saw}")
    reach = Reach(stands[0].asked)
    names = [name for name in all_faults() if any(fnmatchcase(name, g) for g in globs)]
    touched = [name for name, hit in zip(names, map(reach.touches, names), strict=True) if hit]
    works = {n for n in before.works if n not in names} if before else set()
    breaks = {n: s for n, s in before.breaks.items() if n not in names} if before else {}
    print(f"{driver.name}: {len(touched)} faults change what it receives", flush=True)
    for done, (fault, outcome) in enumerate(outcomes(driver, touched, stands), 1):
        if done % 50 == 0:
            print(f"{done}/{len(touched)}", flush=True)
        if outcome.works:
            works.add(fault)
        else:
            breaks[fault] = measured.lasting(outcome.saw)
    return Measured(driver.name, driver.version, driver.task, frozenset(works), breaks)


def main() -> None:
    warnings.simplefilter("ignore")  # the SDK's types complain of what the faults do
    logging.disable()  # and so does the server
    parser = argparse.ArgumentParser(prog="python -m tests.clients.measure", description=__doc__)
    parser.add_argument("client", nargs="*", help="names as in clients.toml; default all")
    parser.add_argument("--faults", nargs="+", default=["*"], metavar="GLOB")
    options = parser.parse_args()
    for driver in PROGRAMS:
        if options.client and driver.name not in options.client:
            continue
        if driver.missing:
            print(f"{driver.name}: {driver.missing}", file=sys.stderr)
            continue
        started = time.perf_counter()
        rows = measured.read()
        with stand() as first, stand() as second:
            row = measure(driver, options.faults, (first, second), rows.get(driver.name))
        rows = measured.read() | {driver.name: row}
        order = [d.name for d in PROGRAMS]
        measured.write(sorted(rows.values(), key=lambda r: order.index(r.client)))
        print(f"{driver.name}: works with {len(row.works)}, breaks with {len(row.breaks)}, "
              f"{time.perf_counter() - started:.0f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
