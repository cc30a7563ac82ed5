"""Table rows 5 and 6: the server as fast as it can, 50 streams; and streams of one token.

python benchmarks/load_saturation.py [--rounds 3] [--peers]
"""

import argparse
from statistics import median

from load_ours import ours
from load_peers import NAMES, peer
from load_streams import seen_by
from paced_server import CLIENT_CORE, paced

CONCURRENCY = 50
CASES = {
    "200 tokens, µs/event": (200, "us_per_event", 40),
    "1 token, µs/request": (1, "us_per_request", 200),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="also the peers")
    options = parser.parse_args()
    names = ["ours", *(NAMES if options.peers else ())]
    print(
        f"server as fast as it can, {CONCURRENCY} streams; processor time, medians of {options.rounds}"
    )
    print(f"{'reader':22} " + " ".join(f"{case:>22}" for case in CASES))
    found: dict[str, dict[str, list[float]]] = {
        name: {case: [] for case in CASES} for name in names
    }
    for _ in range(options.rounds):
        for case, (tokens, key, rounds) in CASES.items():
            for name in names:
                with paced(0, 0, tokens) as truth:
                    if name == "ours":
                        arguments = [
                            "--arrivals",
                            "closed",
                            "--concurrency",
                            str(CONCURRENCY),
                            "--duration",
                            "6",
                        ]
                        seen = seen_by(
                            ours(truth.base_url, *arguments, "--stamps", "app", core=CLIENT_CORE)
                        )
                    else:
                        # The slow ones get fewer: a figure for each request needs no more.
                        scale = {"httpx-sse": 0.1, "locust HttpUser": 0.5}.get(name, 1.0)
                        seen = peer(
                            name,
                            truth.base_url,
                            CONCURRENCY,
                            max(2, int(rounds * scale)),
                        )
                if seen is not None:
                    found[name][case].append(seen[key])
    for name, cases in found.items():
        shown = (
            f"{median(values):22.1f}" if values else f"{'did not end':>22}"
            for values in cases.values()
        )
        print(f"{name:22} " + " ".join(shown))


if __name__ == "__main__":
    main()
