"""What a run has measured so far. Parts of it, from any process, add up to the same whole."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Self

from load.flight import Flight
from load.histogram import Histogram
from load.outcome import FAILED, UNJUDGED, WHOLE, Outcome
from load.transcript import transcript

SECOND_NS: Final = 1_000_000_000
TRANSCRIPTS: Final = 3  # kept of each violation and each failing outcome


@dataclass(frozen=True, slots=True)
class Window:
    """The steady part of a run and the targets of a good request. Times of this process's clock."""

    start_ns: int  # of the run
    from_ns: int  # end of the warm-up
    to_ns: int  # end of the schedule
    bin_s: int = 1  # of the time series
    ttft_slo_ms: float | None = None
    tpot_slo_ms: float | None = None
    scheduled: bool = (
        True  # whether arrivals have a time of their own, so that the SLO counts from it
    )

    @property
    def seconds(self) -> float:
        return (self.to_ns - self.from_ns) / SECOND_NS

    def bin(self, at_ns: int) -> int:
        return (at_ns - self.start_ns) // (SECOND_NS * self.bin_s) * self.bin_s


@dataclass
class Tally:
    """Counts by name, histograms by metric, both also by second. All of it adds."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)  # floats: tokens by event time, dollars
    histograms: dict[str, Histogram] = field(default_factory=dict)
    series: dict[str, Counter[int]] = field(default_factory=dict)
    ttft_by_bin: dict[int, Histogram] = field(default_factory=dict)
    transcripts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def histogram(self, name: str) -> Histogram:
        found = self.histograms.get(name)
        if found is None:
            found = self.histograms[name] = Histogram()
        return found

    def line(self, name: str) -> Counter[int]:
        found = self.series.get(name)
        if found is None:
            found = self.series[name] = Counter()
        return found

    def add(self, other: "Tally") -> None:
        self.counts.update(other.counts)
        self.sums.update(other.sums)
        for name, histogram in other.histograms.items():
            self.histogram(name).merge(histogram)
        for name, line in other.series.items():
            self.line(name).update(line)
        for second, histogram in other.ttft_by_bin.items():
            self.ttft_by_bin.setdefault(second, Histogram()).merge(histogram)
        for name, kept in other.transcripts.items():
            mine = self.transcripts.setdefault(name, [])
            mine += kept[: TRANSCRIPTS - len(mine)]

    def as_message(self) -> dict[str, Any]:
        """A form that msgpack carries; string keys only."""
        return {
            "counts": dict(self.counts),
            "sums": dict(self.sums),
            "histograms": {name: one.as_message() for name, one in self.histograms.items()},
            "series": {name: list(line.items()) for name, line in self.series.items()},
            "ttft_by_bin": [(second, one.as_message()) for second, one in self.ttft_by_bin.items()],
            "transcripts": self.transcripts,
        }

    @classmethod
    def of_message(cls, message: dict[str, Any]) -> Self:
        return cls(
            Counter(message["counts"]),
            Counter(message["sums"]),
            {name: Histogram.of_message(one) for name, one in message["histograms"].items()},
            {name: Counter(dict(line)) for name, line in message["series"].items()},
            {second: Histogram.of_message(one) for second, one in message["ttft_by_bin"]},
            message["transcripts"],
        )

    def record(self, flight: Flight, window: Window) -> None:
        """Count a flight that has landed."""
        outcome = flight.outcome
        assert outcome is not None
        counts = self.counts
        counts["arrivals"] += 1
        counts[f"outcome:{outcome}"] += 1
        counts[f"scenario:{flight.shot.scenario}:{outcome}"] += 1
        if flight.retried:
            counts["retried"] += 1
        if flight.sent_ns:
            counts["sent"] += 1
        steady = window.from_ns <= flight.intended_ns <= window.to_ns
        if steady:
            counts["steady"] += 1
            counts[f"steady:{outcome}"] += 1
        self.line("arrivals")[window.bin(flight.intended_ns)] += 1
        if outcome not in UNJUDGED:
            kind = "completed" if outcome in WHOLE else "failed"
            self.line(kind)[window.bin(flight.end_ns)] += 1
        for requirement in flight.violations:
            counts[f"violation:{requirement}"] += 1
        self._tokens(flight, window, outcome)
        if steady:
            self._times(flight, window, outcome)
        self._keep(flight, outcome)

    def _times(self, flight: Flight, window: Window, outcome: Outcome) -> None:
        sent, intended = flight.sent_ns, flight.intended_ns
        if sent:
            self.histogram("dispatch_delay_ms").add((sent - intended) // 1000)
            lateness = sent - intended - flight.connect_ns
            self.histogram("lateness_ms").add(max(0, lateness) // 1000)
        if flight.connect_ns:
            self.histogram("connect_ms").add(flight.connect_ns // 1000)
        if flight.lag_ns >= 0:
            self.histogram("kernel_lag_ms").add(flight.lag_ns // 1000)
        if outcome in FAILED:
            self.histogram("time_to_failure_ms").add((flight.end_ns - (sent or intended)) // 1000)
        if outcome not in WHOLE:
            return
        reader = flight.reader
        add = self._add
        add("headers_ms", flight.headers_ns - sent)
        add("e2e_ms", flight.end_ns - sent)
        add("e2e_scheduled_ms", flight.end_ns - intended)
        stamps = reader.stamps
        first = stamps[0]
        ttft, tpot = first - sent, None
        if flight.shot.stream:
            last = stamps[-1]
            add("first_event_ms", flight.first_event_ns - sent)
            add("ttft_ms", ttft)
            add("ttft_scheduled_ms", first - intended)
            if reader.visible_ns:
                add("ttfot_ms", reader.visible_ns - sent)
            add("done_lag_ms", flight.end_ns - last)
            if len(stamps) > 1:
                gaps = [(b - a) // 1000 for a, b in pairwise(stamps)]
                self.histogram("ict_ms").add_all(gaps)
                self.histogram("stall_max_ms").add(max(gaps))
            completion = _completion(flight)
            if completion is not None:
                if completion > 1:
                    tpot = (last - first) // (completion - 1)
                    add("tpot_ms", tpot)
                if completion:
                    add("ntpot_ms", (flight.end_ns - sent) // completion)
            at = window.bin(intended)
            by_bin = self.ttft_by_bin.get(at)
            if by_bin is None:
                by_bin = self.ttft_by_bin[at] = Histogram()
            by_bin.add((first - (intended if window.scheduled else sent)) // 1000)
        since = first - (intended if window.scheduled else sent)
        good = window.ttft_slo_ms is None or since <= window.ttft_slo_ms * 1e6
        # A request of one token has no time per token: that target says nothing about it.
        good &= window.tpot_slo_ms is None or tpot is None or tpot <= window.tpot_slo_ms * 1e6
        self.counts["good"] += good

    def _tokens(self, flight: Flight, window: Window, outcome: Outcome) -> None:
        tokens = flight.reader.usage
        stamps = flight.reader.stamps
        self.counts["events"] += flight.reader.events
        self.counts["chunks"] += len(stamps)
        self.counts["bytes"] += flight.received_bytes
        if tokens is not None:
            for name in ("prompt", "completion", "total", "cached", "reasoning"):
                self.counts[f"tokens:{name}"] += getattr(tokens, name) or 0
            self.counts["with_usage"] += 1
        completion = _completion(flight) or 0
        if outcome not in WHOLE:
            self.counts["wasted_tokens"] += completion or len(stamps)
        elif flight.shot.usage and tokens is None:
            self.counts["without_usage"] += 1
        if not completion or not stamps:
            return
        share = completion / len(stamps)
        inside = bisect_left(stamps, window.to_ns) - bisect_left(stamps, window.from_ns)
        self.sums["steady_tokens"] += inside * share  # type: ignore[assignment]
        self.counts["steady_chunks"] += inside
        line = self.line("tokens")
        at = 0
        while at < len(stamps):
            second = window.bin(stamps[at])
            edge = window.start_ns + (second + window.bin_s) * SECOND_NS
            end = bisect_left(stamps, edge, at)
            line[second] += round((end - at) * share)
            at = end

    def _add(self, name: str, value_ns: int) -> None:
        self.histogram(name).add(value_ns // 1000)

    def _keep(self, flight: Flight, outcome: Outcome) -> None:
        """The first few flights of each violation and each failing class, as evidence."""
        names = list(flight.violations)
        if outcome in FAILED:
            names.append(f"outcome:{outcome}")
        for name in names:
            kept = self.transcripts.setdefault(name, [])
            if len(kept) < TRANSCRIPTS:
                kept.append(transcript(flight, flight.violations.get(name, flight.detail)))


def _completion(flight: Flight) -> int | None:
    tokens = flight.reader.usage
    return None if tokens is None else tokens.completion
