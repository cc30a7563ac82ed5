"""Processes of a run killed at random moments: `python -m tests.hostile.kills [--times 20] [VICTIM …]`.

A worker, the worker that sends, the gateway, the master; of `pytest -n 4`, of `pytest` alone (single), and of
`locust --processes 2`.
Every second time the moment is counted from when something has been sent, else from the start. After each the
report is there, or the exchanges are, or nothing had been sent; the run has ended within its bound, and no
process of it is left. `--write` puts the table into docs/hostile.md.
"""

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.hostile.bounded import PAGE, ROOT

MARK: Final = "HOSTILE_KILL"
MOST_S: Final = 180.0
LEFT_S: Final = 20.0
"""So long may processes take to end after their run or their master has."""
BEGIN, END = "<!-- kills -->", "<!-- end of the kills -->"


def single(folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=no",
        "conformance/models", "conformance/tiers", f"--report-dir={folder}/report",
    ]  # fmt: skip


def conformance(folder: Path) -> list[str]:
    return [*single(folder), "-n", "4"]


def load(folder: Path) -> list[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    return [
        sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--headless", "--processes", "2",
        "--master-bind-port", port, "--master-port", port,
        "--scenario", "chat-stream", "--rate", "10", "--duration", "4", "--report-dir", f"{folder}/report",
    ]  # fmt: skip


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    words: str


def processes(mark: str) -> list[Process]:
    """The processes that carry the mark in their environment, and are no zombies."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError, ValueError, IndexError):
            if f"{MARK}={mark}".encode() not in (entry / "environ").read_bytes():
                continue
            state = (entry / "stat").read_text().rpartition(")")[2].split()
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if state[0] != "Z":
                found.append(Process(int(entry.name), int(state[1]), words))
    return found


def _worker(found: list[Process], main: int, _: Path) -> list[int]:
    return [p.pid for p in found if p.parent == main and "-m gateway" not in p.words]


def _sender(found: list[Process], _: int, folder: Path) -> list[int]:
    with suppress(OSError, ValueError):
        leader = int((folder / "report" / "unfinished" / "leader").read_text())
        return [leader] if any(p.pid == leader for p in found) else []
    return []


def _gateway(found: list[Process], _: int, __: Path) -> list[int]:
    return [p.pid for p in found if "-m gateway" in p.words]


def _master(_: list[Process], main: int, __: Path) -> list[int]:
    return [main]


Choice = Callable[[list[Process], int, Path], list[int]]
VICTIMS: Final[dict[str, tuple[Callable[[Path], list[str]], Choice]]] = {
    "pytest-worker": (conformance, _worker),
    "pytest-sender": (conformance, _sender),
    "pytest-gateway": (conformance, _gateway),
    "pytest-master": (conformance, _master),
    "single-gateway": (single, _gateway),
    "single-master": (single, _master),
    "locust-worker": (load, _worker),
    "locust-gateway": (load, _gateway),
    "locust-master": (load, _master),
}


@dataclass(frozen=True)
class Killed:
    """What became of a run of which a process was killed."""

    victim: str
    after_s: float
    """When; 0 when the run was over before there was such a process."""
    exit: int
    ended_s: float
    left: tuple[str, ...]
    """Command lines of processes that were left over."""
    kept: str
    """report, exchanges, or nothing; `none sent` where nothing had been sent when it was killed."""
    traceback: bool

    @property
    def wrong(self) -> str:
        if self.ended_s >= MOST_S:
            return f"hung for {self.ended_s:.0f} s"
        if self.left:
            return f"left {self.left[0][:80]}"
        if self.kept == "nothing":
            return "kept nothing"
        # Before anything is sent, xdist and Locust start their processes, and print what they like.
        return "printed a traceback" if self.traceback and self.kept != "none sent" else ""


def _has_sent(folder: Path) -> bool:
    """Whether an exchange is on disk, or a load run says that requests are on their way."""
    exchanges = folder / "report" / "unfinished" / "exchanges.jsonl"
    if exchanges.is_file() and exchanges.stat().st_size:
        return True
    said = (folder / "output").read_text(errors="replace")
    return any(
        " in flight " in line and "in flight     0" not in line for line in said.splitlines()
    )


def kill(victim: str, moment_s: float, *, sent: bool) -> Killed:
    """Run, kill at the moment or as soon after it as there is somebody to kill, and look.

    `sent`: the moment is counted from when something has been sent.
    """
    words, choose = VICTIMS[victim]
    mark = uuid.uuid4().hex
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "output").open("wb") as output:
            started = time.monotonic()
            run = subprocess.Popen(
                words(folder), cwd=ROOT, env={**os.environ, MARK: mark}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
            after_s, had_sent = 0.0, False
            from_s = None if sent else started
            while run.poll() is None and not after_s and time.monotonic() - started < MOST_S:
                time.sleep(0.1)
                if from_s is None and _has_sent(folder):
                    from_s = time.monotonic()
                if from_s is not None and time.monotonic() - from_s >= moment_s:
                    pids = choose(processes(mark), run.pid, folder)
                    if pids:
                        had_sent = _has_sent(folder)
                        with suppress(ProcessLookupError):
                            os.kill(random.choice(pids), signal.SIGKILL)
                            after_s = time.monotonic() - started
            with suppress(subprocess.TimeoutExpired):
                run.wait(max(1.0, MOST_S - (time.monotonic() - started)))
            ended_s = time.monotonic() - started
        until = time.monotonic() + LEFT_S
        while processes(mark) and time.monotonic() < until:
            time.sleep(0.2)
        left = processes(mark)
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        run.wait()
        text = (folder / "output").read_text(errors="replace")
        if os.environ.get("KILLS_SHOW"):
            print(text[-3000:])
        return Killed(
            victim, round(after_s, 1), run.returncode, round(ended_s, 1),
            tuple(p.words for p in left), _kept(folder / "report", had_sent), "Traceback (most" in text,
        )  # fmt: skip


def _kept(report: Path, had_sent: bool) -> str:
    if (report / "report.json").is_file() or list(report.rglob("load*.json")):
        return "report"
    exchanges = report / "unfinished" / "exchanges.jsonl"
    if exchanges.is_file() and exchanges.stat().st_size:
        return "exchanges"
    return "nothing" if had_sent else "none sent"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("victim", nargs="*", default=sorted(VICTIMS))
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--most", type=float, default=12.0, help="latest moment in seconds")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    rows = []
    for number in range(arguments.times):
        for victim in arguments.victim:
            sent = number % 2 == 0
            row = kill(victim, random.uniform(0.0, 1.0 if sent else arguments.most), sent=sent)
            rows.append(row)
            print(
                f"{row.victim:16} at {row.after_s:5.1f} s: exit {row.exit:3}, ended {row.ended_s:5.1f} s, "
                f"kept {row.kept:10} {row.wrong or 'held'}",
                flush=True,
            )
    if arguments.write:
        write(rows)
    raise SystemExit(int(any(row.wrong for row in rows)))


def write(rows: list[Killed]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    lines = [BEGIN, "", "| killed | times | held | report | exchanges | none sent | slowest end |", "|---|---|---|---|---|---|---|"]  # fmt: skip
    for victim in VICTIMS:
        mine = [row for row in rows if row.victim == victim and row.after_s]
        if mine:
            kept = [sum(row.kept == word for row in mine) for word in ("report", "exchanges", "none sent")]  # fmt: skip
            held = sum(not row.wrong for row in mine)
            slowest = max(row.ended_s - row.after_s for row in mine)
            lines.append(f"| {victim} | {len(mine)} | {held} | {' | '.join(map(str, kept))} | {slowest:.0f} s after |")  # fmt: skip
    PAGE.write_text(before + "\n".join([*lines, "", END]) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
