"""One part of the suite against one broken server, as a user would run it, and what it took.

`python -m tests.hostile.bounded [--part conformance|load] [CASE …] [--when …]` prints a row a run; `--write`
puts the table of all of them into docs/hostile.md (an hour on two cores; CI tries a few, see test_hostile).
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.cases import CASES
from tests.hostile.server import WHEN

ROOT = Path(__file__).parents[2]
MOST_S, MOST_MB = 180, 400


@dataclass(frozen=True)
class Row:
    """What became of one run: exit code, seconds, megabytes at the most, and the line that says why."""

    part: str
    case: str
    when: str
    exit: int
    seconds: float
    megabytes: int
    says: str
    traceback: bool

    @property
    def wrong(self) -> str:
        """What no run may do, or nothing."""
        if self.seconds >= MOST_S:
            return f"took {self.seconds:.0f} s"
        if self.megabytes > MOST_MB:
            return f"took {self.megabytes} MB"
        if self.traceback:
            return "printed a traceback"
        allowed = {0, 1, 2} if self.part == "conformance" else {0, 1, 2, 3, 4}
        return "" if self.exit in allowed else f"exit {self.exit}"


@contextmanager
def hostile(case: str, when: str) -> Iterator[dict[str, str]]:
    words = [sys.executable, "-m", "tests.hostile.server", case, when]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def conformance(base_url: str, folder: str, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=no", f"--report-dir={folder}",
        f"--base-url={base_url}", "--profile=codex", "--model=gpt-5.5", "--max-cost=1", *more,
    ]  # fmt: skip


def load(base_url: str, folder: str, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--headless", "--host", base_url,
        "--scenario", "chat-stream", "--rate", "10", "--duration", "3", "--report-dir", folder, *more,
    ]  # fmt: skip


PARTS = {"conformance": conformance, "load": load}


def run(part: str, case: str, when: str, *more: str) -> Row:
    """Run it to its end or to the bound; the peak of memory is that of its largest process."""
    with hostile(case, when) as server, tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CONFORMANCE_API_KEY": server["key"]}
        started = time.monotonic()
        output = Path(folder) / "output"
        with output.open("wb") as file:
            process = subprocess.Popen(
                PARTS[part](server["base_url"], folder, *more),
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            )  # fmt: skip
            peak = 0
            while process.poll() is None and time.monotonic() - started < MOST_S:
                peak = max(peak, _megabytes(process.pid))
                time.sleep(0.05)
            if process.poll() is None:
                process.kill()
            process.wait()
        text = output.read_text(encoding="utf-8", errors="replace")
        seconds = time.monotonic() - started
    return Row(
        part, case, when, process.returncode, seconds, peak, _said(text), "Traceback (most" in text
    )


def _megabytes(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", text)
    return int(found[1]) // 1024 if found else 0


def _said(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [
        line
        for line in lines
        if re.search(r"could not run|stopped answering|cannot|INVALID|passed|failed", line)
    ]
    return (telling or lines or ["nothing"])[-1][:160]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*", default=sorted(CASES))
    parser.add_argument("--part", choices=sorted(PARTS), action="append")
    parser.add_argument("--when", choices=sorted(WHEN), action="append")
    parser.add_argument("--write", action="store_true", help="write docs/hostile.md")
    arguments = parser.parse_args()
    rows = []
    for part in arguments.part or sorted(PARTS):
        for when in arguments.when or sorted(WHEN):
            for case in arguments.case:
                row = run(part, case, when)
                rows.append(row)
                print(
                    f"{row.part:12}{row.case:30}{row.when:9}{row.exit:4}{row.seconds:7.1f} s{row.megabytes:6} MB  {row.wrong or 'handled'}: {row.says}",
                    flush=True,
                )
    bad = [row for row in rows if row.wrong]
    print(f"{len(rows) - len(bad)} of {len(rows)} handled")
    if arguments.write:
        write(rows)


def write(rows: list[Row]) -> None:
    handled = sum(1 for row in rows if not row.wrong)
    lines = [
        "# Broken servers",
        "",
        "What each part of the suite makes of a server of raw sockets that is broken in one way: from the first",
        "request on, from the thirtieth on, or at every tenth. Made by `python -m tests.hostile.bounded --write`.",
        f"No run may take more than {MOST_S} s or {MOST_MB} MB, print a traceback or hang; {handled} of {len(rows)} hold.",
        "",
        "| part | the server | when | exit | s | MB | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        says = (row.wrong or row.says).replace("|", "\\|")
        lines.append(
            f"| {row.part} | {row.case} | {row.when} | {row.exit} | {row.seconds:.0f} | {row.megabytes} | {says} |"
        )
    (ROOT / "docs" / "hostile.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
