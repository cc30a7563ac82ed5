"""The paced server of the load benchmarks: compiles `paced_server.c`, runs it, reads its log of truth."""

import contextlib
import os
import signal
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
SERVER_CORE, CLIENT_CORE = 0, (os.cpu_count() or 2) - 1


@dataclass
class Truth:
    """What the server really did, in milliseconds; filled when it has stopped."""

    base_url: str
    pid: int
    ttft_ms: list[float] = field(default_factory=list)
    gap_ms: list[float] = field(default_factory=list)
    arrivals_s: list[float] = field(default_factory=list)

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


def binary(folder: Path, source: Path = SOURCE) -> Path:
    """The compiled server, or another program beside it."""
    path = folder / source.stem
    subprocess.run(["gcc", "-O2", "-o", str(path), str(source)], check=True)
    return path


@contextlib.contextmanager
def paced(ttft_ms: float, itl_ms: float, tokens: int) -> Iterator[Truth]:
    """A running server; 0 ms between tokens means as fast as it can."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "log"
        process = subprocess.Popen(
            [
                binary(folder),
                str(round(ttft_ms * 1000)),
                str(round(itl_ms * 1000)),
                str(tokens),
                log,
            ],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        # One that sends as fast as it can would leave nothing to others.
        prefer(process.pid, first=itl_ms > 0)
        os.sched_setaffinity(process.pid, {SERVER_CORE})
        truth = Truth(f"http://127.0.0.1:{process.stdout.readline().strip()}/v1", process.pid)
        try:
            yield truth
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(10)
            data = log.read_bytes()
            rows = []
            for _ in range(3):
                (count,) = struct.unpack_from("q", data)
                rows.append(struct.unpack_from(f"{count}q", data, 8))
                data = data[8 * (count + 1) :]
            truth.ttft_ms, truth.gap_ms = ([ns / 1e6 for ns in row] for row in rows[:2])
            truth.arrivals_s = [ns / 1e9 for ns in rows[2]]


def prefer(pid: int, *, first: bool = False) -> None:
    """Measure ourselves, not what else runs here. `first`: before everything, for exact times."""
    with contextlib.suppress(OSError):
        # Nice values count inside of a session only.
        Path(f"/proc/{pid}/autogroup").write_text("-19", encoding="ascii")
    if first:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))


def quantile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0
