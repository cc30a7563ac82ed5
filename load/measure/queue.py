"""Whether the server keeps up: what is in flight at the edges of the steady window's slices.

A queue grows where more and more is in flight and later requests take longer than earlier ones. More in
flight alone may be a rate that rises, or a run that is still filling up because answers are long.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final

from load.measure.tally import Tally
from load.measure.window import SLICES

SURE: Final = 2.5  # deviations of what is in flight, above which it grew
CHANCE: Final = 2.0  # requests more are none
SLOWER: Final = 1.25  # times longer takes what arrives in the last quarter


@dataclass(frozen=True, slots=True)
class Queue:
    """Requests in flight at the edges of the slices, and how long those of each slice took."""

    in_flight: tuple[int, ...]
    took_ms: tuple[float | None, ...]  # on average; None where none came back whole

    @property
    def growth(self) -> int:
        return self.in_flight[-1] - self.in_flight[0]

    @property
    def chance(self) -> float:
        """By how much it may grow and shrink while the server keeps up."""
        return CHANCE + SURE * sqrt(max(0.0, sum(self.in_flight) / len(self.in_flight)))

    @property
    def slower(self) -> bool:
        quarter = SLICES // 4
        early = [took for took in self.took_ms[:quarter] if took is not None]
        late = [took for took in self.took_ms[-quarter:] if took is not None]
        if not early or not late:
            return bool(early)  # what came late never came back
        return sum(late) / len(late) > SLOWER * sum(early) / len(early)

    @property
    def grows(self) -> bool:
        return self.growth > self.chance and self.slower


def queue_of(total: Tally) -> Queue:
    """From exact counts of what was planned and what ended in each slice."""
    counts = total.counts
    kinds = ("completed", "failed", "unjudged")
    at, edges = 0, []
    for number in range(-1, SLICES):
        at += counts[f"arrived:{number}"] - sum(counts[f"{kind}:{number}"] for kind in kinds)
        edges.append(at)
    took = [
        counts[f"e2e_us:{number}"] / counts[f"whole:{number}"] / 1000
        if counts[f"whole:{number}"]
        else None
        for number in range(SLICES)
    ]
    return Queue(tuple(edges), tuple(took))
