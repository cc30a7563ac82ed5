"""HDR histograms of microseconds: recording cheaper than a method call a value, merging without loss.

The buckets are those of HdrHistogram with 3 significant digits, and `encode` writes its V2 compressed
form, so any HDR tool reads what we export. Counts are kept sparse, by bucket index.
"""

import struct
import zlib
from base64 import b64decode, b64encode
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, Self

DIGITS: Final = 3
HIGHEST_US: Final = 3_600_000_000
PERCENTILES: Final = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0, "p999": 99.9}
_SUB_BITS: Final = 11  # 2048 sub-buckets: 3 digits
_HALF: Final = 1 << (_SUB_BITS - 1)
_COOKIE: Final = 0x1C849303 | 0x10
_COMPRESSED: Final = 0x1C849304 | 0x10
_HEADER: Final = struct.Struct(">IIIIQQd")


def index_of(value_us: int) -> int:
    """The bucket of a value; values out of range count in the last one."""
    if value_us < 2 * _HALF:
        return max(value_us, 0)
    shift = min(value_us, HIGHEST_US).bit_length() - _SUB_BITS
    return (shift << (_SUB_BITS - 1)) + (min(value_us, HIGHEST_US) >> shift)


def lowest_of(index: int) -> int:
    """The lowest value of a bucket."""
    if index < 2 * _HALF:
        return index
    return ((index & (_HALF - 1)) + _HALF) << ((index >> (_SUB_BITS - 1)) - 1)


def highest_of(index: int) -> int:
    """The highest value of a bucket: what HDR reports for a percentile."""
    return lowest_of(index + 1) - 1


def enough(percentile: float, count: int) -> bool:
    """Whether a percentile of so many samples may be printed: one sample at least lies above it."""
    return count > 0 and count * (100 - percentile) >= 100 - 1e-6


# The buckets up to 65 ms, and up to 4 s without the six bits that no bucket there depends on: a
# lookup in C is several times cheaper than a call.
_NEAR_END: Final = 1 << 16
_FAR_END: Final = 1 << 22
_near: Final = tuple(index_of(value) for value in range(_NEAR_END)).__getitem__
_far: Final = tuple(index_of(value << 6) for value in range(_FAR_END >> 6)).__getitem__


class Histogram:
    """Counts by bucket, with the exact sum and extremes beside them."""

    __slots__ = ("count", "counts", "highest_us", "sum_us")

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.count = 0
        self.sum_us = 0
        self.highest_us = 0

    def add(self, value_us: int) -> None:
        self.counts[index_of(value_us)] += 1
        self.count += 1
        self.sum_us += value_us
        self.highest_us = max(self.highest_us, value_us)

    def add_all(self, values_us: Sequence[int]) -> None:
        """Many values at once, counted in C."""
        if not values_us:
            return
        highest = max(values_us)
        if min(values_us) < 0 or highest >= _FAR_END:
            self.counts.update(map(index_of, values_us))
        elif highest < _NEAR_END:
            self.counts.update(map(_near, values_us))
        else:
            self.counts.update([_near(n) if n < _NEAR_END else _far(n >> 6) for n in values_us])
        self.count += len(values_us)
        self.sum_us += sum(values_us)
        self.highest_us = max(self.highest_us, highest)

    def merge(self, other: "Histogram") -> None:
        self.counts.update(other.counts)
        self.count += other.count
        self.sum_us += other.sum_us
        self.highest_us = max(self.highest_us, other.highest_us)

    def percentile(self, percentile: float) -> int:
        """The value in microseconds below or at which so many percent lie; 0 of an empty histogram."""
        return next(self._values([percentile]), 0)

    def curve(self, percentiles: Iterable[float]) -> list[tuple[float, float]]:
        """Percentile and milliseconds, only where there are samples enough."""
        wanted = [one for one in percentiles if enough(one, self.count)]
        return [(p, us / 1000) for p, us in zip(wanted, self._values(wanted), strict=True)]

    def _values(self, percentiles: Iterable[float]) -> Iterator[int]:
        indexes = sorted(self.counts)
        seen = list(accumulate(map(self.counts.__getitem__, indexes)))
        for percentile in percentiles:
            wanted = max(1, -int(-(percentile * self.count / 100 - 1e-9) // 1))
            at = min(bisect_left(seen, wanted), len(seen) - 1)
            yield min(highest_of(indexes[at]), self.highest_us) if seen else 0

    def as_distribution(self, unit: int = 1000) -> dict[str, float | int | None]:
        """Count, mean, percentiles and max in milliseconds; None where samples are too few.

        With unit 1 the values are what was added: tokens, of lengths.
        """
        if not self.count:
            return {"count": 0, **dict.fromkeys(["mean", *PERCENTILES, "max"])}
        shown: dict[str, float | int | None] = {
            "count": self.count,
            "mean": round(self.sum_us / self.count / unit, 4),
        }
        for name, percentile in PERCENTILES.items():
            fits = enough(percentile, self.count)
            shown[name] = round(self.percentile(percentile) / unit, 3) if fits else None
        shown["max"] = round(self.highest_us / unit, 3)
        return shown

    def as_message(self) -> list[object]:
        """A form for another process, exact to the sum."""
        return [list(self.counts), list(self.counts.values()), self.sum_us, self.highest_us]

    @classmethod
    def of_message(cls, message: list[list[int]]) -> Self:
        new = cls()
        indexes, times, sum_us, highest = message
        new.counts = Counter(dict(zip(indexes, times, strict=True)))
        new.count = sum(times)
        new.sum_us, new.highest_us = int(sum_us), int(highest)  # type: ignore[call-overload]
        return new

    def encode(self) -> str:
        """HdrHistogram V2, compressed, base64."""
        payload = b"".join(_zigzag(number) for number in _runs(self.counts))
        head = _HEADER.pack(_COOKIE, len(payload), 0, DIGITS, 1, HIGHEST_US, 1.0)
        packed = zlib.compress(head + payload)
        return b64encode(struct.pack(">II", _COMPRESSED, len(packed)) + packed).decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        """Reads what `encode` wrote; sum and maximum are those of the buckets then."""
        data = zlib.decompress(b64decode(text)[8:])[_HEADER.size :]
        new = cls()
        index = 0
        for number in _numbers(data):
            if number < 0:
                index -= number
                continue
            if number:
                new.counts[index] = number
                new.count += number
                new.sum_us += number * (lowest_of(index) + highest_of(index)) // 2
                new.highest_us = highest_of(index)
            index += 1
        return new


def _runs(counts: Mapping[int, int]) -> Iterator[int]:
    """The counts from index 0 on; a run of zeros is one negative number."""
    at = 0
    for index in sorted(counts):
        if index > at:
            yield at - index
        yield counts[index]
        at = index + 1


def _zigzag(number: int) -> bytes:
    rest = (number << 1) ^ (number >> 63)
    out = bytearray()
    while len(out) < 8 and rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def _numbers(data: bytes) -> Iterator[int]:
    shift = number = 0
    for byte in data:
        last = shift == 56
        number |= (byte if last else byte & 0x7F) << shift
        if byte & 0x80 and not last:
            shift += 7
            continue
        yield (number >> 1) ^ -(number & 1)
        shift = number = 0
