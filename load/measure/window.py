"""The steady part of a run, and the bins of its time series."""

from dataclasses import dataclass
from typing import Final

SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """Times of this process's clock; also the targets that a good request meets."""

    start_ns: int  # of the run
    from_ns: int  # end of the warm-up
    to_ns: int  # end of the schedule
    bin_s: int = 1
    ttft_slo_ms: float | None = None
    tpot_slo_ms: float | None = None
    scheduled: bool = (
        True  # whether arrivals have a time of their own, which the targets count from
    )

    def bin(self, at_ns: int) -> int:
        return (at_ns - self.start_ns) // (SECOND_NS * self.bin_s) * self.bin_s
