"""The steady part of a run, and the bins of its time series."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SECOND_NS: Final = 1_000_000_000
SLICES: Final = 8  # of the steady window, between which what is in flight is known exactly


@dataclass(frozen=True, slots=True)
class Window:
    """Times of this process's clock; also the targets that a good request meets."""

    start_ns: int  # of the run
    from_ns: int  # end of the warm-up
    to_ns: int  # end of the schedule
    bin_s: int = 1
    ttft_slo_ms: float | None = None
    tpot_slo_ms: float | None = None
    # Whether arrivals have a time of their own, which the targets count from.
    scheduled: bool = True
    mixed: bool = False  # whether times are kept by scenario as well

    def slices(self, times_ns: Sequence[int]) -> list[int]:
        """Which eighth of the steady window each lies in; -1 in the warm-up, SLICES in the drain."""
        start, end = self.from_ns, self.to_ns
        return [
            -1 if at < start else SLICES if at >= end else (at - start) * SLICES // (end - start)
            for at in times_ns
        ]

    def bin(self, at_ns: int) -> int:
        return (at_ns - self.start_ns) // (SECOND_NS * self.bin_s) * self.bin_s

    def bins(self, times_ns: Sequence[int]) -> list[int]:
        start, width, seconds = self.start_ns, SECOND_NS * self.bin_s, self.bin_s
        return [(at - start) // width * seconds for at in times_ns]
