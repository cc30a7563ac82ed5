"""What a server with so many slots completes, by its own log and by the report; and whether a search holds its capacity.

python benchmarks/load_truth.py rates [--rounds 3]
python benchmarks/load_truth.py search [--searches 10] [--busy]
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from load_ours import ours

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.load.server import logged

SLOTS, SERVICE_S = 8, 0.29
CAPACITY = SLOTS / SERVICE_S
FACTORS = (0.5, 0.9, 1.2, 2.0)
SECONDS, WARM_UP_S = 20.0, 4.0
QUICK_S = 0.05  # of a server that a search needs less time for
BUSY = "while True: sum(range(10_000))"


def log_in_window(log: list[Any], document: dict[str, Any]) -> float:
    """Completions a second that the server itself ended in the steady window of the report."""
    window = document["rates"]["window"]
    start = document["started_at_s"]
    first, last = start + window["from_s"], start + window["to_s"]
    return sum(first <= one.ended[0] < last for one in log) / (last - first)


def rates(rounds: int) -> None:
    print(
        f"{SLOTS} slots, {SERVICE_S} s each: {CAPACITY:.2f}/s at most; {SECONDS:g} s, medians of {rounds}"
    )
    print(f"{'asked':>10} {'by its log':>11} {'reported':>9} {'off':>7}  saturated  stamps")
    for factor in FACTORS:
        truths, said, behind, stamps = [], [], [], []
        for seed in range(rounds):
            with logged(slots=SLOTS, service_s=SERVICE_S) as server:
                document = ours(
                    server.base_url, "--arrivals", "poisson", "--rate", str(factor * CAPACITY), "--duration", str(SECONDS),
                    "--warm-up", str(WARM_UP_S), "--seed", str(seed + 1), "--drain", "60", prompt=False,
                )  # fmt: skip
                log = server.log()
            truths.append(log_in_window(log, document))
            said.append(document["rates"]["completed_per_s"])
            behind.append(document["rates"]["saturated"])
            stamps.append(document["validity"]["stamp"])
        off = max(abs(one / truth - 1) for one, truth in zip(said, truths, strict=True))
        print(
            f"{factor * CAPACITY:8.2f}/s {median(truths):9.2f}/s {median(said):7.2f}/s {off:6.2%}  "
            f"{behind.count(True)} of {rounds}     {', '.join(stamps)}"
        )


@contextmanager
def neighbour(*, busy: bool) -> Iterator[None]:
    """A process that takes what it can get of the machine, or none."""
    process = subprocess.Popen([sys.executable, "-c", BUSY]) if busy else None
    try:
        yield
    finally:
        if process is not None:
            process.terminate()
            process.wait()


def search(searches: int, *, busy: bool) -> None:
    with neighbour(busy=busy), logged(slots=SLOTS, service_s=QUICK_S) as server:
        document = ours(
            server.base_url, "--rate", str(2 * SLOTS / QUICK_S), "--duration", "6", "--warm-up", "2", prompt=False,
        )  # fmt: skip
        truth = log_in_window(server.log(), document)
        beside = "with a busy neighbour" if busy else "no neighbour of ours"
        print(f"{SLOTS} slots, {QUICK_S} s each, {beside}: its log says {truth:.1f}/s at most")
        held = 0
        for seed in range(searches):
            document = ours(
                server.base_url, "--arrivals", "search", "--rate", "60", "--trial", "2", "--ttft-slo", "1000",
                "--seed", str(100 * seed + 1), prompt=False,
            )  # fmt: skip
            found = document["search"]
            low, high = found["low_per_s"] or 0.0, found["high_per_s"] or float("inf")
            holds = low <= truth <= high
            held += holds
            doubted = sum(bool(one["doubt"]) for one in found["trials"])
            print(f"{low:8.1f} to {high:6.1f}/s  {'holds it' if holds else 'MISSES IT'}  {len(found['trials'])} trials, {doubted} doubted  {document['validity']['stamp']}", flush=True)  # fmt: skip
    print(f"{held} of {searches} hold the capacity")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("rates", "search"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--searches", type=int, default=10)
    parser.add_argument(
        "--busy", action="store_true", help="with a process that takes what it can get"
    )
    options = parser.parse_args()
    if options.what == "rates":
        rates(options.rounds)
    else:
        search(options.searches, busy=options.busy)


if __name__ == "__main__":
    main()
