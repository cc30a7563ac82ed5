"""When requests arrive: absolute offsets in seconds, the same list in every process of the fleet.

An arrival is planned before the run and never moved: what the server or this client does has no say.
A seed gives the whole fleet's schedule; worker k of n takes every n-th arrival of it.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from load.workload.trace import Entry

OPEN: Final = ("constant", "poisson", "gamma", "ramp", "steps", "spike", "soak", "trace")
KINDS: Final = (*OPEN, "closed", "search", "sweep")
STEPS: Final = 5
SPIKE_FACTOR: Final = 5.0
SPIKE_SHARE: Final = (0.4, 0.6)  # of the duration, between which the spike stands


class Part(NamedTuple):
    """A stage of one run: from when to when, and what it is called."""

    from_s: float
    to_s: float
    label: str


@dataclass(frozen=True)
class Schedule:
    """The parameters of a schedule. `rate` is arrivals a second of the whole fleet."""

    kind: str
    rate: float
    duration_s: float
    seed: int = 1
    shape: float = 1.0  # of gamma: 1 is Poisson, below is burstier, above is steadier
    start_rate: float = 0.0  # of ramp and steps
    factor: float = SPIKE_FACTOR
    trace: Sequence[Entry] = ()
    stretch: float = 1.0  # of a trace's times
    exact: bool = False  # of poisson: as many arrivals as the rate says, at random times
    most: int | None = None  # arrivals, after which it ends

    def times(self) -> Iterator[float]:
        """The offsets of the whole fleet, ascending, all below the duration, `most` of them."""
        return islice(self._times(), self.most)

    def _times(self) -> Iterator[float]:
        match self.kind:
            case "constant":
                return self._until(
                    n / self.rate for n in range(math.ceil(self.rate * self.duration_s))
                )
            case "poisson" if self.exact:
                source = random.Random(self.seed)  # noqa: S311 - repeatable on purpose
                n = round(self.rate * self.duration_s)
                return self._until(
                    iter(sorted(source.random() * self.duration_s for _ in range(n)))
                )
            case "poisson" | "soak":
                return self._until(self._gaps(1.0))
            case "gamma":
                return self._until(self._gaps(self.shape))
            case "ramp" | "steps" | "spike":
                return self._until(self._varying())
            case "trace":
                return self._until(entry.at_s * self.stretch for entry in self.trace)
        raise ValueError(f"{self.kind} has no schedule")

    def share(self, worker: int, workers: int) -> Iterator[tuple[int, float]]:
        """The number and offset of each arrival of one worker."""
        return islice(enumerate(self.times()), worker, None, workers)

    def parts(self) -> list[Part]:
        """The stages of a schedule whose rate changes; none of any other."""
        match self.kind:
            case "steps" | "ramp":
                edges = [n / STEPS for n in range(STEPS + 1)]
            case "spike":
                edges = [0.0, *SPIKE_SHARE, 1.0]
            case _:
                return []
        names = ("before", "spike", "after") if self.kind == "spike" else ("",) * STEPS
        found = []
        for name, low, high in zip(names, edges, edges[1:], strict=False):
            first, last = (
                self.rate_at(self.duration_s * at) for at in (low, math.nextafter(high, 0))
            )
            shown = f"{first:.3g} to {last:.3g}/s" if self.kind == "ramp" else f"{last:.3g}/s"
            label = f"{name} {shown}".strip()
            found.append(Part(low * self.duration_s, high * self.duration_s, label))
        return found

    def rate_at(self, offset_s: float) -> float:
        """The rate that is planned at an offset."""
        if not 0 <= offset_s < self.duration_s:
            return 0.0
        part = offset_s / self.duration_s
        match self.kind:
            case "ramp":
                return self.start_rate + (self.rate - self.start_rate) * part
            case "steps":
                step = min(STEPS - 1, int(part * STEPS))
                return self.start_rate + (self.rate - self.start_rate) * (step + 1) / STEPS
            case "spike":
                return self.rate * (self.factor if SPIKE_SHARE[0] <= part < SPIKE_SHARE[1] else 1)
        return self.rate

    def _until(self, times: Iterator[float]) -> Iterator[float]:
        for time in times:
            if time >= self.duration_s:
                return
            yield time

    def _gaps(self, shape: float) -> Iterator[float]:
        source = random.Random(self.seed)  # noqa: S311 - repeatable on purpose
        time = 0.0
        while True:
            time += source.gammavariate(shape, 1 / (self.rate * shape))
            yield time

    def _varying(self) -> Iterator[float]:
        """A Poisson process of varying rate, by thinning one of the highest rate."""
        source = random.Random(self.seed)  # noqa: S311 - repeatable on purpose
        highest = max(
            self.rate, self.start_rate, self.rate * self.factor if self.kind == "spike" else 0
        )
        time = 0.0
        while time < self.duration_s:
            time += source.expovariate(highest)
            if source.random() * highest < self.rate_at(time):
                yield time

    @property
    def planned(self) -> int:
        """How many there are. Walks the schedule: long ones take a moment."""
        return sum(1 for _ in self.times())

    @property
    def described(self) -> str:
        """`poisson 20/s over 30 s`; of a trace, how much of it there is time for."""
        if self.kind != "trace":
            return f"{self.kind} {self.rate:g}/s over {self.duration_s:g} s"
        planned = self.planned
        part = f"{planned:,} of {len(self.trace):,} entries" if planned < len(self.trace) else "all of it"  # fmt: skip
        why = " (--duration ends it)" if planned < len(self.trace) else ""
        return f"trace, {part} in {self.duration_s:.4g} s{why}, {planned / self.duration_s:.4g}/s on average"

    def as_json(self) -> dict[str, object]:
        shown: dict[str, object] = {
            "kind": self.kind,
            "rate": self.rate,
            "duration_s": self.duration_s,
            "seed": self.seed,
        }
        if self.most is not None:
            shown["requests"] = self.most
        match self.kind:
            case "gamma":
                shown["shape"] = self.shape
            case "ramp" | "steps":
                shown["start_rate"] = self.start_rate
            case "spike":
                shown["factor"] = self.factor
            case "trace":
                shown["stretch"] = self.stretch
                shown["entries"] = len(self.trace)
                shown["rate"] = round(self.planned / self.duration_s, 4)
        return shown
