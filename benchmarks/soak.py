"""Many short streams through the load engine: memory and descriptors must stay flat.

`python benchmarks/soak.py [--minutes 5] [--rate 200]` starts the reference gateway and a load session of
short answers, and reads the session's resident memory and open descriptors each second. Exit 1 when the
last quarter of the run holds more than a tenth above the second one.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
GROWTH = 1.10


def held(pid: int) -> tuple[float, int]:
    """Resident megabytes and open descriptors of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--rate", type=float, default=200)
    arguments = parser.parse_args()
    seconds = round(arguments.minutes * 60)
    with tempfile.TemporaryDirectory() as folder:
        words = [
            sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--headless", "--scenario", "chat-stream",
            "--rate", str(arguments.rate), "--duration", str(seconds), "--report-dir", folder,
        ]  # fmt: skip
        run = subprocess.Popen(
            words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        seen: list[tuple[float, int]] = []
        started = time.monotonic()
        while run.poll() is None and time.monotonic() - started < seconds + 120:
            if 5 < time.monotonic() - started < seconds:
                with suppress(OSError, IndexError):
                    seen.append(held(run.pid))
            time.sleep(1)
        run.wait(60)
        quarter = len(seen) // 4
        second, last = seen[quarter : 2 * quarter], seen[-quarter:]
        grew = False
        for name, at, least in (("MB", 0, 5.0), ("descriptors", 1, 8.0)):
            early, late = (statistics.median(row[at] for row in part) for part in (second, last))
            grew |= late > early * GROWTH and late - early > least
            print(f"{name:12} second quarter {early:8.1f}   last quarter {late:8.1f}")
        print(f"{round(arguments.rate * seconds)} streams in {seconds} s, exit {run.returncode}")
    raise SystemExit(int(grew))


if __name__ == "__main__":
    main()
