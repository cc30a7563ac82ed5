"""The folder of a run under way: exchanges as they come, who sends, and what became of it.

It lies in the report folder until the report is written. The workers of `pytest -n` share it: one leads
and sends, the others wait for its ledger. The lead is a lock, which the system takes from a process that
ends, however it ends. After a kill the folder stays, and the next run makes the report from it.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from wire import jsonl
from wire.exchange import Exchange

LEADER, EXCHANGES, LEDGER, RUN = "leader", "exchanges.jsonl", "ledger.json", "run.json"
SILENT_S: Final = 120.0
"""A leader that has not given a sign of life for so long sends nothing any more."""
BEAT_S: Final = 5.0


class LeaderLostError(Exception):
    """The process that sent the requests ended before it was done."""


class RunFolder:
    """One run's folder. Every process of the run has its own object of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lead: int | None = None
        self._exchanges: IO[str] | None = None

    def takes_the_lead(self) -> bool:
        """Whether this process is the one that sends. A lead that was lost is not taken again."""
        descriptor = os.open(self.path / LEADER, os.O_CREAT | os.O_RDWR, 0o644)
        if not _locked(descriptor) or os.fstat(descriptor).st_size:
            os.close(descriptor)
            return False
        os.write(descriptor, str(os.getpid()).encode())
        self._lead = descriptor
        self._exchanges = (self.path / EXCHANGES).open("a", encoding="utf-8")
        return True

    def begin(self, run: Mapping[str, Any]) -> None:
        """Keep what the run is about, for whoever has to make its report."""
        _put(self.path / RUN, run)

    def keep(self, exchange: Exchange) -> None:
        """Write an exchange down as soon as it is there."""
        if self._exchanges is not None:
            self._exchanges.write(jsonl.dump(exchange) + "\n")
            self._exchanges.flush()

    def beat(self) -> None:
        """A sign of life."""
        if self._lead is not None:
            os.utime(self.path / LEADER)

    def publish(self, ledger: Mapping[str, Any]) -> None:
        """Everything is sent: the others may read."""
        _put(self.path / LEDGER, ledger)

    def wait(self) -> dict[str, Any]:
        """The ledger, once it is there; `LeaderLostError` when it will never be."""
        while not (self.path / LEDGER).is_file():
            if self._leader_is_gone() and not (self.path / LEDGER).is_file():
                raise LeaderLostError("the worker that sends the requests has ended")
            time.sleep(0.05)
        return self.ledger()

    def ledger(self) -> dict[str, Any]:
        """What was published; empty when nothing was."""
        return _get(self.path / LEDGER)

    def run(self) -> dict[str, Any]:
        return _get(self.path / RUN)

    def exchanges(self) -> Iterator[Exchange]:
        """What was written down, without a last line that was cut."""
        path = self.path / EXCHANGES
        if path.is_file():
            yield from jsonl.iter_file(path, on_error=lambda _: None)

    def has_exchanges(self) -> bool:
        path = self.path / EXCHANGES
        return path.is_file() and path.stat().st_size > 0

    def _leader_is_gone(self) -> bool:
        descriptor = os.open(self.path / LEADER, os.O_RDWR)
        try:
            silent_s = time.time() - os.fstat(descriptor).st_mtime
            return _locked(descriptor) or silent_s > SILENT_S
        finally:
            os.close(descriptor)

    def close(self) -> None:
        if self._exchanges is not None:
            self._exchanges.close()
            self._exchanges = None
        if self._lead is not None:
            os.close(self._lead)
            self._lead = None


def _locked(descriptor: int) -> bool:
    """Whether the lock could be taken: nobody who lives has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _put(path: Path, value: Mapping[str, Any]) -> None:
    waiting = path.with_suffix(".part")
    waiting.write_text(json.dumps(value), encoding="utf-8")
    waiting.replace(path)


def _get(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
