"""Table row 7: a server that stands still for 2 s at 50 requests/s. Ideal: 94 requests over 300 ms.

    python benchmarks/load_freeze.py [--rounds 3]

Of 50 arrivals a second those in the 1.7 s before its end plus those in flight see more than 300 ms;
with 95 ms a request that is 94. A reader that waits for answers before it sends sees far fewer.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from load_ours import PROMPT, ROOT
from paced_server import CLIENT_CORE, paced, prefer

sys.path.insert(0, str(ROOT))
from load.measure.histogram import Histogram, lowest_of

RATE, SECONDS, FROZEN_S, FREEZE_AT_S = 50, 10, 2.0, 4.0
OVER_MS = 300


def one() -> dict[str, float]:
    with paced(50, 5, 8) as truth, tempfile.TemporaryDirectory() as name:
        prompts = Path(name) / "prompts.jsonl"
        prompts.write_text(json.dumps(PROMPT), encoding="utf-8")
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("locust")), "-f", "load/locustfile.py", "--headless", "--skip-log",
             "--report-dir", name, "--host", truth.base_url, "--prompts", str(prompts),
             "--arrivals", "constant", "--rate", str(RATE), "--duration", str(SECONDS)],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        prefer(process.pid, first=True)
        begun = threading.Event()

        def listen() -> None:
            for line in process.stderr:
                if " 1 s " in line:
                    begun.set()

        threading.Thread(target=listen, daemon=True).start()
        assert begun.wait(60)
        time.sleep(FREEZE_AT_S - 1)
        truth.freeze()
        time.sleep(FROZEN_S)
        truth.thaw()
        process.wait(60)
        document = json.loads((Path(name) / "load.json").read_text(encoding="utf-8"))
    e2e = Histogram.decode(document["histograms"]["e2e_scheduled_ms"]["hdr"])
    over = sum(n for index, n in e2e.counts.items() if lowest_of(index) > OVER_MS * 1000)
    arrivals = truth.arrivals_s
    return {
        "over": over,
        "rate": document["arrivals"]["sent"] / SECONDS,
        "p90": document["metrics"]["ttft_scheduled_ms"]["p90"],
        "served": len(arrivals),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = [one() for _ in range(parser.parse_args().rounds)]
    row = {key: median(one[key] for one in rounds) for key in rounds[0]}
    print(
        f"{FROZEN_S:g} s freeze at {RATE} requests/s, medians of {len(rounds)} (core {CLIENT_CORE})"
    )
    print(
        f"requests over {OVER_MS} ms: {row['over']:.0f} (94 +- 3)   achieved rate: {row['rate']:.2f} (50 +- 0.5)"
    )
    print(
        f"p90 of scheduled TTFT: {row['p90']:.0f} ms (over 1,000)   served: {row['served']:.0f} of {RATE * SECONDS}"
    )


if __name__ == "__main__":
    main()
