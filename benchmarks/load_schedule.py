"""Table row 8: 200 requests/s, Poisson, 60 s: what was sent of the schedule, and how late.

python benchmarks/load_schedule.py [--seconds 60] [--rounds 3]
"""

import argparse
from statistics import median

from load_ours import ours
from paced_server import CLIENT_CORE, paced

RATE = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    shares, delays, offered = [], [], []
    for seed in range(options.rounds):
        with paced(50, 5, 8) as truth:
            arguments = [
                "--arrivals",
                "poisson",
                "--rate",
                str(RATE),
                "--duration",
                str(options.seconds),
            ]
            document = ours(
                truth.base_url, *arguments, "--seed", str(seed + 1), core=CLIENT_CORE, first=True
            )
        arrivals = document["arrivals"]
        shares.append(100 * len(truth.arrivals_s) / arrivals["planned"])
        delays.append(document["metrics"]["dispatch_delay_ms"]["p99"])
        offered.append(arrivals["planned"] / options.seconds)
    print(f"Poisson, asked {RATE}/s over {options.seconds} s, medians of {options.rounds}")
    print(
        f"schedule {median(offered):.1f}/s   sent {median(shares):.2f} % (100)   dispatch delay p99 {median(delays):.2f} ms (under 5)"
    )


if __name__ == "__main__":
    main()
