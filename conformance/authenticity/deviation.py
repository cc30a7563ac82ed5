"""How claims deviate from counts: always the same, by a factor, rounded, or without a rule."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

LEAST: Final = 3  # one or two answers may be off for a reason of their own
SHARE: Final = 0.05
RECORDED_SHARE: Final = 0.2


class Shape(StrEnum):
    CONSTANT = "constant"
    FACTOR = "factor"
    ROUNDED = "rounded"
    LEAST = "least"
    IRREGULAR = "irregular"


class Point(NamedTuple):
    """A count and what was claimed for it. `off` is 0 where the claim is within the bounds."""

    counted: int
    claimed: int
    off: int
    id: str
    streamed: bool = False
    at: float = 0.0
    probed: bool = True
    """A probe of ours asked; else the answer was found in a recording."""


@dataclass(frozen=True)
class Deviation:
    """What the points that are off have in common."""

    shape: Shape
    points: tuple[Point, ...]
    """Those that are off."""
    of: int
    """How many points there are in all."""
    low: float
    high: float
    """The number of tokens, or the factor, lies between these."""
    where: str = ""

    def __str__(self) -> str:
        n = len(self.points)
        head = f"{n} of {self.of} answers{f' ({self.where})' if self.where else ''}"
        claimed = sum(point.claimed for point in self.points)
        counted = sum(point.counted for point in self.points)
        share = f"{claimed} claimed for {counted} counted"
        if self.shape is Shape.CONSTANT:
            return f"{self.low:+.0f} tokens in {head}: {share}"
        if self.shape is Shape.FACTOR:
            return f"{(self.low + self.high) / 2:.4f} times as many ({self.low:.4f} to {self.high:.4f}) in {head}: {share}"
        if self.shape is Shape.LEAST:
            return f"never fewer than {self.low:.0f}, in {head}: {share}"
        if self.shape is Shape.ROUNDED:
            return f"whole multiples of {self.low:.0f} in {head}: {share}"
        return f"other counts in {head}, {100 * (claimed / max(counted, 1) - 1):+.1f} %: {share}"


def deviation(points: Sequence[Point]) -> Deviation | None:
    """What is systematically wrong; None where the claims are right but for single ones."""
    off = [point for point in points if point.off]
    if len(off) < max(LEAST, SHARE * len(points)):
        return None
    # Recorded traffic was edited here and there, and the same test recorded many times.
    if not points[0].probed and (
        len({(point.counted, point.claimed) for point in off}) < LEAST
        or len(off) < RECORDED_SHARE * len(points)
    ):
        return None
    often, times = Counter(point.off for point in off).most_common(1)[0]
    if times >= 0.9 * len(off) and len({point.counted for point in off}) >= LEAST:
        mine = [point for point in off if point.off == often]
        return _made(Shape.CONSTANT, mine, points, often, often)
    if factor := _factor(off):
        return _made(Shape.FACTOR, off, points, *factor)
    least = min(point.claimed for point in points)
    if all(point.claimed == least < least + point.off for point in off):
        return _made(Shape.LEAST, off, points, least, least)
    for step in (100, 50, 20, 10, 5):
        judged = off if step >= 10 and len(off) >= 5 else points
        if all(point.claimed % step == 0 for point in judged):
            return _made(Shape.ROUNDED, off, points, step, step)
    return _made(Shape.IRREGULAR, off, points, 0, 0)


def _made(
    shape: Shape, off: Sequence[Point], points: Sequence[Point], low: float, high: float
) -> Deviation:
    return Deviation(shape, tuple(off), len(points), low, high, _where(shape, off, points, high))


def _factor(off: Sequence[Point]) -> tuple[float, float] | None:
    """The factors that explain every point, however it was rounded."""
    whole = [point for point in off if point.counted > 0]
    if len(whole) < LEAST:
        return None
    low = max((point.claimed - 1) / point.counted for point in whole)
    high = min((point.claimed + 1) / point.counted for point in whole)
    return (low, high) if low <= high and not low <= 1 <= high else None


def _where(shape: Shape, off: Sequence[Point], points: Sequence[Point], factor: float) -> str:
    """What those that are off have in common and the others have not."""
    ids = {point.id for point in off}
    right = [point for point in points if point.id not in ids]
    if shape is Shape.FACTOR:  # short ones show no factor
        right = [point for point in right if abs(factor - 1) * point.counted > 1.5]
    if not right:
        return ""
    if all(p.streamed for p in off) and not any(p.streamed for p in right):
        return "streams only"
    if not any(p.streamed for p in off) and all(p.streamed for p in right):
        return "all but streams"
    longest = max(p.counted for p in right)
    if min(p.counted for p in off) > longest:
        return f"those over {longest} tokens only"
    if 0 < max(p.at for p in right) < min(p.at for p in off):
        return f"all after the first {len(right)}"
    return ""
