"""Table rows 1 to 4: 1,000 streams of 50 tokens a second each; cost, fidelity and memory of each reader.

    python benchmarks/load_streams.py [--rounds 3] [--streams 1000] [--peers]

Errors are the reader's quantile minus the same quantile of the server's log of true send times. The
readers take turns within each round; figures are medians over the rounds.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from load_ours import ours
from load_peers import NAMES, peer
from paced_server import CLIENT_CORE, binary, paced, prefer, quantile

TTFT_MS, GAP_MS, TOKENS = 200, 20, 100
STREAM_S = (TTFT_MS + GAP_MS * (TOKENS + 1)) / 1000


def one(name: str, streams: int) -> dict[str, float] | None:
    with paced(TTFT_MS, GAP_MS, TOKENS) as truth:
        seen = (
            _ours(name, truth.base_url, streams)
            if name.startswith("ours")
            else peer(name, truth.base_url, streams, 3, first=True)
        )
    if seen is None:
        return None
    return {
        "us": seen["us_per_event"],
        "ttft50": seen["ttft_ms"]["p50"] - quantile(truth.ttft_ms, 50),
        "ttft99": seen["ttft_ms"]["p99"] - quantile(truth.ttft_ms, 99),
        "gap50": seen["gap_ms"]["p50"] - quantile(truth.gap_ms, 50),
        "gap99": seen["gap_ms"]["p99"] - quantile(truth.gap_ms, 99),
        "mb": seen["peak_mb"],
    }


def raw(base_url: str, streams: int) -> float:
    """The least that it can cost: a client in C that parses nothing."""
    with tempfile.TemporaryDirectory() as name:
        program = binary(Path(name), Path(__file__).with_name("raw_client.c"))
        port = base_url.removesuffix("/v1").rpartition(":")[2]
        process = subprocess.Popen([program, port, str(streams), "3"], stdout=subprocess.PIPE, text=True)  # fmt: skip
        prefer(process.pid, first=True)
        os.sched_setaffinity(process.pid, {CLIENT_CORE})
        said, _ = process.communicate(timeout=120)
    return float(json.loads(said)["us_per_event"])


def _ours(name: str, base_url: str, streams: int) -> dict[str, Any]:
    stamps = "kernel" if name.endswith("kernel stamps") else "app"
    # As many arrivals as keep so many in flight.
    rate = f"{streams / STREAM_S:.2f}"
    arguments = ["--arrivals", "constant", "--rate", rate, "--duration", f"{3 * STREAM_S:.1f}"]
    document = ours(base_url, *arguments, "--stamps", stamps, core=CLIENT_CORE, first=True)
    return seen_by(document)


def seen_by(document: dict[str, Any]) -> dict[str, Any]:
    """Our document in the words of the peers. The end marker is an event, too."""
    metrics, happened = document["metrics"], document["arrivals"]["happened"]
    events = document["usage"]["events"] + happened
    cpu_s = document["client"]["cpu_s"]
    return {
        "us_per_event": cpu_s * 1e6 / events,
        "us_per_request": cpu_s * 1e6 / happened,
        "ttft_ms": metrics["ttft_ms"],
        "gap_ms": metrics["ict_ms"],
        "peak_mb": max(document["client"]["peak_mb"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--peers", action="store_true", help="also the peers")
    options = parser.parse_args()
    names = ["ours", "ours, kernel stamps", *(NAMES if options.peers else ())]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            result = one(name, options.streams)
            if result is not None:
                found[name].append(result)
    with paced(TTFT_MS, GAP_MS, TOKENS) as truth:
        least = raw(truth.base_url, options.streams)
    print(f"{options.streams} streams, {1000 // GAP_MS} tokens/s each; medians of {options.rounds}")
    print(
        f"{'reader':22} {'µs/event':>9} {'TTFT error p50':>15} {'p99':>8} {'gap error p50':>14} {'p99':>8} {'MB':>6}"
    )
    print(f"{'raw epoll in C':22} {least:9.1f}")
    for name, results in found.items():
        if not results:
            print(f"{name:22} did not end")
            continue
        row = {key: median(result[key] for result in results) for key in results[0]}
        print(
            f"{name:22} {row['us']:9.1f} {row['ttft50']:15.2f} {row['ttft99']:8.2f} {row['gap50']:14.2f} {row['gap99']:8.2f} {row['mb']:6.0f}"
        )


if __name__ == "__main__":
    main()
