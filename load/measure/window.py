"""The steady part of a run, and the bins of its time series."""

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

    def slice(self, at_ns: int) -> int:
        """Which eighth of the steady window; -1 in the warm-up, SLICES in the drain."""
        if at_ns < self.from_ns:
            return -1
        if at_ns >= self.to_ns:
            return SLICES
        return (at_ns - self.from_ns) * SLICES // (self.to_ns - self.from_ns)

    def bin(self, at_ns: int) -> int:
        return (at_ns - self.start_ns) // (SECOND_NS * self.bin_s) * self.bin_s
