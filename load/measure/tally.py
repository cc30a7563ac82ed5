"""What a run has measured so far. Parts of it, from any process, add up to the same whole."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from load.measure.histogram import Histogram
from load.measure.sample import MOST

TRANSCRIPTS: Final = 3  # kept of each violation and each failing outcome


def _lines() -> defaultdict[str, Counter[int]]:
    return defaultdict(Counter)


@dataclass
class Tally:
    """Counts by name, histograms by metric, both also by second. All of it adds."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: dict[str, float] = field(default_factory=dict)  # tokens by event time, dollars
    histograms: dict[str, Histogram] = field(default_factory=dict)
    series: defaultdict[str, Counter[int]] = field(default_factory=_lines)
    ttft_by_bin: dict[int, Histogram] = field(default_factory=dict)
    transcripts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tpot_by_bin: dict[int, Histogram] = field(default_factory=dict)
    samples: list[str] = field(default_factory=list)  # exchanges as JSON Lines
    records: list[str] = field(default_factory=list)  # a line a request; passed on, never added up
    stages: list["Tally"] = field(default_factory=list)  # of a rate that changes on the way

    def histogram(self, name: str) -> Histogram:
        found = self.histograms.get(name)
        if found is None:
            found = self.histograms[name] = Histogram()
        return found

    def line(self, name: str) -> Counter[int]:
        return self.series[name]

    @staticmethod
    def by_bin(
        histograms: dict[int, Histogram], bins: Sequence[int], values_us: Sequence[int]
    ) -> None:
        """Values into the histograms of their bins."""
        parts: dict[int, list[int]] = {}
        for at, value in zip(bins, values_us, strict=True):
            parts.setdefault(at, []).append(value)
        for at, values in parts.items():
            histograms.setdefault(at, Histogram()).add_all(values)

    def gain(self, name: str, amount: float) -> None:
        self.sums[name] = self.sums.get(name, 0.0) + amount

    def add(self, other: "Tally") -> None:
        self.counts.update(other.counts)
        for name, amount in other.sums.items():
            self.gain(name, amount)
        for name, histogram in other.histograms.items():
            self.histogram(name).merge(histogram)
        for name, line in other.series.items():
            self.line(name).update(line)
        for second, histogram in other.ttft_by_bin.items():
            self.ttft_by_bin.setdefault(second, Histogram()).merge(histogram)
        for second, histogram in other.tpot_by_bin.items():
            self.tpot_by_bin.setdefault(second, Histogram()).merge(histogram)
        for name, kept in other.transcripts.items():
            mine = self.transcripts.setdefault(name, [])
            mine += kept[: TRANSCRIPTS - len(mine)]
        self.samples += other.samples[: MOST - len(self.samples)]
        for number, stage in enumerate(other.stages):
            self.stage(number).add(stage)

    def stage(self, number: int) -> "Tally":
        while len(self.stages) <= number:
            self.stages.append(Tally())
        return self.stages[number]

    def as_message(self) -> dict[str, Any]:
        """A form that msgpack carries; string keys only."""
        return {
            "counts": dict(self.counts),
            "sums": self.sums,
            "histograms": {name: one.as_message() for name, one in self.histograms.items()},
            "series": {name: list(line.items()) for name, line in self.series.items()},
            "ttft_by_bin": [(second, one.as_message()) for second, one in self.ttft_by_bin.items()],
            "tpot_by_bin": [(second, one.as_message()) for second, one in self.tpot_by_bin.items()],
            "transcripts": self.transcripts,
            "samples": self.samples,
            "records": self.records,
            "stages": [one.as_message() for one in self.stages],
        }

    @classmethod
    def of_message(cls, message: dict[str, Any]) -> Self:
        return cls(
            Counter(message["counts"]),
            dict(message["sums"]),
            {name: Histogram.of_message(one) for name, one in message["histograms"].items()},
            defaultdict(
                Counter, {name: Counter(dict(line)) for name, line in message["series"].items()}
            ),
            {second: Histogram.of_message(one) for second, one in message["ttft_by_bin"]},
            message["transcripts"],
            {second: Histogram.of_message(one) for second, one in message["tpot_by_bin"]},
            message["samples"],
            message["records"],
            [cls.of_message(one) for one in message["stages"]],
        )
