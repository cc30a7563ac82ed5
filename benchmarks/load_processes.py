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
from load.measure.histogram import Histogram, index_of

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
    for name, percent in (("p50", 50), ("p90", 90)):
        one, two = (Histogram.decode(found[n]["histograms"]["e2e_ms"]["hdr"]) for n in (1, 2))
        printed = found[2]["metrics"]["e2e_ms"][name]
        index = index_of(round(printed * 1000))
        exported = index_of(two.percentile(percent))
        print(
            f"e2e {name}: 1 process {one.percentile(percent) / 1000:.2f} ms, 2 processes {printed:.2f} ms; export {abs(exported - index)} buckets away"
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
