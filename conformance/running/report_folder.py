"""The report folder of a run: one run at a time, and what a killed run left there."""

import fcntl
import os
import shutil
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from conformance.running.run_folder import RunFolder

LOCK: Final = ".lock"
UNFINISHED: Final = "unfinished"


@dataclass
class ReportFolder:
    """A folder that no other run writes to until `end`."""

    path: Path
    notes: list[str] = field(default_factory=list)
    _lock: int = -1

    @classmethod
    def claimed(cls, wanted: Path) -> "ReportFolder":
        """The wanted folder, or the first numbered sibling that no run uses."""
        for number in count(1):
            path = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
            path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path / LOCK, os.O_CREAT | os.O_RDWR, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                continue
            folder = cls(path, _lock=descriptor)
            if number > 1:
                folder.notes.append(f"{wanted} is in use by another run: the report goes to {path}")
            return folder
        raise AssertionError("numbers have no end")

    def begin(self) -> RunFolder:
        """A new folder for the run under way. What a killed run left is kept beside it."""
        mine = self.path / UNFINISHED
        if mine.is_dir():
            kept = self._kept(mine)
            if kept is not None:
                self.notes.append(
                    f"an earlier run was killed: its exchanges are in {kept} "
                    f"(python -m conformance judge {kept}/exchanges.jsonl)"
                )
        mine.mkdir(exist_ok=True)
        return RunFolder(mine)

    def _kept(self, left: Path) -> Path | None:
        """Where the exchanges of a killed run went, when there are any."""
        if not RunFolder(left).has_exchanges():
            shutil.rmtree(left, ignore_errors=True)
            return None
        path = next(
            path for number in count(1) if not (path := self.path / f"killed-{number}").exists()
        )
        left.rename(path)
        return path

    def end(self, *, done: bool) -> None:
        """Give the folder free; `done`: the report is written, so the exchanges are no longer needed."""
        if done:
            shutil.rmtree(self.path / UNFINISHED, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
