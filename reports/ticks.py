"""Round numbers for an axis, and scales from values to the plane."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

STEPS: Final = (1, 2, 2.5, 5, 10)


def nice(low: float, high: float, wanted: int = 5) -> list[float]:
    """About `wanted` round numbers that span low to high."""
    if not (math.isfinite(low) and math.isfinite(high)) or wanted < 1:
        return [0.0]
    low, high = min(low, high), max(low, high)
    if high - low < 1e-12 * max(1.0, abs(low), abs(high)):
        high = low + (abs(low) or 1.0)
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(factor for factor in STEPS if raw <= factor * power * (1 + 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def decades(low: float, high: float) -> list[float]:
    """1, 2, 5 of each power of ten around low to high; only the powers where that would be many."""
    low = low if low > 0 else 1e-3
    high = max(high, low * 1.000001)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if len(powers) <= 4 else (1,)
    ticks = [factor * 10.0**power for power in powers for factor in factors]
    start = max((t for t in ticks if t <= low * (1 + 1e-9)), default=ticks[0])
    stop = min((t for t in ticks if t >= high * (1 - 1e-9)), default=ticks[-1])
    return [tick for tick in ticks if start <= tick <= stop]


def label(value: float) -> str:
    """`0`, `0.25`, `1,500`, `20k`, `1.5M`: short, and exact for round numbers."""
    size = abs(value)
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return f"{value / (1e3 if unit == 'k' else limit):.6g}{unit}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.4g}"


@dataclass(frozen=True)
class Scale:
    """A straight or logarithmic map from `low`..`high` to `start`..`stop` on the plane."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = self._on(self.low), self._on(self.high)
        part = (self._on(value) - low) / ((high - low) or 1.0)
        return round(self.start + (self.stop - self.start) * min(1.0, max(0.0, part)), 1)

    def _on(self, value: float) -> float:
        return math.log10(max(value, 1e-12)) if self.log else value


def spanning(ticks: Sequence[float], start: float, stop: float, *, log: bool = False) -> Scale:
    """The scale on which the first and last tick are the ends of the axis."""
    return Scale(ticks[0], ticks[-1], start, stop, log)
