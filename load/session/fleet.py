"""What the whole fleet has measured: the sum of its workers' reports, and who is missing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import time
from typing import Any

from load.measure.outcome import FAILED, WHOLE
from load.measure.tally import Tally


@dataclass
class WorkerState:
    """What one process reported last."""

    in_flight: int = 0
    connections: int = 0
    cpu_share: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    done: bool = False
    heard_at: float = 0.0  # its last report
    lost: bool = False


@dataclass
class Fleet:
    size: int
    total: Tally = field(default_factory=Tally)
    workers: dict[int, WorkerState] = field(default_factory=dict)
    in_flight: list[tuple[float, int]] = field(default_factory=list)  # over the seconds of the run
    stopped: str = ""  # why it ended early
    ran_s: float = 0.0  # of the schedule
    vocabulary: str = ""  # that counted tokens where the server says no usage
    limit: str = ""  # what limits the requests in flight
    server: list[dict[str, Any]] = field(default_factory=list)  # what it said of itself
    keep_records: Callable[[list[str]], None] | None = None  # where lines of requests go
    _fresh: list[Tally] = field(default_factory=list)

    def take_report(self, report: dict[str, Any]) -> None:
        worker = self.workers.setdefault(report["worker"], WorkerState())
        if worker.done:
            return
        for name in ("in_flight", "connections", "cpu_share", "cpu_s", "peak_mb", "done"):
            setattr(worker, name, report[name])
        worker.lost = False
        worker.heard_at = time()
        self.stopped = self.stopped or report["stopped"]
        self.limit = self.limit or report.get("limit", "")
        self.vocabulary = self.vocabulary or report.get("vocabulary", "")
        self.ran_s = max(self.ran_s, report.get("ran_s", 0.0))
        tally = report["tally"]
        if self.keep_records is not None and tally.records:
            self.keep_records(tally.records)
        self.total.add(tally)
        self._fresh.append(tally)

    def take_fresh(self) -> Tally:
        """What came since the last call."""
        tallies, self._fresh = self._fresh, []
        if len(tallies) == 1:
            return tallies[0]
        fresh = Tally()
        for tally in tallies:
            fresh.add(tally)
        return fresh

    def lose(self, number: int) -> None:
        """A worker is gone: what it sent so far stays."""
        worker = self.workers.setdefault(number, WorkerState())
        worker.lost = not worker.done

    @property
    def requests_in_flight(self) -> int:
        return sum(worker.in_flight for worker in self.workers.values() if not worker.lost)

    @property
    def ended(self) -> int:
        """Arrivals that came to an end, well or not, by what was reported."""
        return sum(self.total.counts[f"outcome:{outcome}"] for outcome in WHOLE | FAILED)

    @property
    def lost(self) -> list[int]:
        return sorted(number for number, worker in self.workers.items() if worker.lost)

    @property
    def done(self) -> bool:
        known = [worker for worker in self.workers.values() if worker.done or worker.lost]
        return len(known) >= self.size
