"""Table rows 10 and 11: one process against two, and SIGINT in the middle.

python benchmarks/load_processes.py
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from load_ours import ROOT, ours
from paced_server import paced

sys.path.insert(0, str(ROOT))
from load.histogram import Histogram, highest_of, lowest_of

ARRIVALS = ("--arrivals", "poisson", "--rate", "100", "--duration", "10")


def main() -> None:
    found = {}
    for processes in (1, 2):
        with paced(100, 10, 20) as truth:
            more = ["--processes", "2"] if processes == 2 else []
            document = ours(truth.base_url, *ARRIVALS, *more, first=True)
        found[processes] = document
        outcomes = {name: n for name, n in document["outcomes"].items() if n}
        print(
            f"{processes} process(es): arrivals {document['arrivals']['happened']}, {outcomes}, "
            f"completion tokens {document['usage']['completion_tokens']}, TTFT p50 {document['metrics']['ttft_ms']['p50']} ms"
        )
    same = (
        all(found[1][part] == found[2][part] for part in ("outcomes",))
        and found[1]["usage"]["completion_tokens"] == found[2]["usage"]["completion_tokens"]
    )
    print(f"same counts: {same}")
    merged = Histogram.decode(found[2]["histograms"]["ttft_ms"]["hdr"])
    shown = found[2]["metrics"]["ttft_ms"]
    worst = 0
    for name, percent in (("p50", 50), ("p90", 90), ("p99", 99)):
        value = round(shown[name] * 1000)
        index = next(
            i
            for i in sorted(merged.counts)
            if lowest_of(i) <= value <= highest_of(i) or lowest_of(i) >= value
        )
        worst = max(worst, abs(merged.percentile(percent) - value), index - index)
    print(
        f"exported histogram against the printed percentiles: at most {worst} µs apart (one bucket is 0.1 %)"
    )
    interrupt()


def interrupt() -> None:
    for more in ([], ["--processes", "2"]):
        with tempfile.TemporaryDirectory() as name, paced(100, 100, 50) as truth:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("locust")), "-f", "load/locustfile.py", "--headless", "--skip-log",
                 "--report-dir", name, "--host", truth.base_url, "--rate", "20", "--duration", "60", *more],
                cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            time.sleep(8)
            os.killpg(process.pid, signal.SIGINT)
            process.wait(60)
            document = json.loads((Path(name) / "load.json").read_text(encoding="utf-8"))
        outcomes = {kind: n for kind, n in document["outcomes"].items() if n}
        reconciled = sum(outcomes.values()) == document["arrivals"]["happened"]
        print(
            f"SIGINT {' '.join(more) or 'standalone'}: report written, {outcomes}, sums reconcile: {reconciled}, exit {process.returncode}"
        )


if __name__ == "__main__":
    main()
