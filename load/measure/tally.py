"""What a run has measured so far. Parts of it, from any process, add up to the same whole."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, Self

from load.measure.histogram import Histogram
from load.measure.outcome import AS_ASKED, FAILED, UNJUDGED, WHOLE, Outcome
from load.measure.sample import MOST
from load.measure.token_times import burst, time_per_token_us
from load.measure.transcript import transcript
from load.measure.window import SECOND_NS, Window
from load.transport.request import Arrival

# Whose first few arrivals are shown in the report.
SHOWN: Final = FAILED | (WHOLE - AS_ASKED) | {Outcome.WITHOUT_DONE, Outcome.CLIENT_ERROR}
TRANSCRIPTS: Final = 3  # kept of each violation and each failing outcome
HOUR_S: Final = 3600  # what a histogram holds


def _lines() -> defaultdict[str, Counter[int]]:
    return defaultdict(Counter)


@dataclass
class Tally:
    """Counts by name, histograms by metric, both also by second. All of it adds.

    `record` only appends numbers to lists; `settle` makes counts and histograms of them.
    """

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
    recorded: int = 0  # arrivals that this one has taken
    _outcomes: Counter[tuple[str, Outcome, bool]] = field(default_factory=Counter)
    _values: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _ttft_by_bin: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _tpot_by_bin: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    _slices: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _took_us: Counter[int] = field(default_factory=Counter)  # whole answers, by slice

    def histogram(self, name: str) -> Histogram:
        found = self.histograms.get(name)
        if found is None:
            found = self.histograms[name] = Histogram()
        return found

    def line(self, name: str) -> Counter[int]:
        return self.series[name]

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

    def settle(self) -> None:
        """Make counts and histograms of what was recorded."""
        for (scenario, outcome, steady), n in self._outcomes.items():
            self.counts["arrivals"] += n
            self.counts[f"outcome:{outcome}"] += n
            self.counts[f"scenario:{scenario}:{outcome}"] += n
            if steady:
                self.counts["steady"] += n
                self.counts[f"steady:{outcome}"] += n
        self._outcomes.clear()
        for name, slices in self._slices.items():
            for at, n in Counter(slices).items():
                self.counts[f"{name}:{at}"] += n
            slices.clear()
        for at, took in self._took_us.items():
            self.counts[f"e2e_us:{at}"] += took
        self._took_us.clear()
        for name, values in self._values.items():
            self.histogram(name).add_all(values)
            values.clear()
        for at, values in self._ttft_by_bin.items():
            self.ttft_by_bin.setdefault(at, Histogram()).add_all(values)
            values.clear()
        for at, values in self._tpot_by_bin.items():
            self.tpot_by_bin.setdefault(at, Histogram()).add_all(values)
            values.clear()
        for stage in self.stages:
            stage.settle()
            stage.transcripts.clear()  # the whole run has them

    def record(self, arrival: Arrival, window: Window) -> None:
        """Take an arrival that has ended."""
        outcome = arrival.outcome
        assert outcome is not None
        self.recorded += 1
        steady = window.from_ns <= arrival.intended_ns <= window.to_ns
        self._outcomes[arrival.request.scenario, outcome, steady] += 1
        self.series["arrivals"][window.bin(arrival.intended_ns)] += 1
        kind = "completed" if outcome in WHOLE else "unjudged" if outcome in UNJUDGED else "failed"
        slices, at = self._slices, window.slice(arrival.intended_ns)
        slices["arrived"].append(at)
        slices[kind].append(window.slice(arrival.end_ns))
        if kind != "unjudged":
            slices["judged"].append(at)
            self.series[kind][window.bin(arrival.end_ns)] += 1
            if kind == "failed":
                self.series[f"failed:{outcome}"][window.bin(arrival.end_ns)] += 1
        self._amounts(arrival, window, outcome)
        if steady:
            self._times(arrival, window, outcome, at)
        if arrival.violations or outcome in SHOWN:
            self._keep(arrival, outcome)

    def _times(self, arrival: Arrival, window: Window, outcome: Outcome, at: int) -> None:
        """The metrics, in microseconds; see the definitions in the document's notes. `at`: its slice."""
        sent, intended = arrival.sent_ns, arrival.intended_ns
        values = self._values
        if sent:
            delay = (sent - intended) // 1000
            values["dispatch_delay_ms"].append(delay)
            values["lateness_ms"].append(max(0, delay - arrival.connect_ns // 1000))
        if arrival.connect_ns:
            values["connect_ms"].append(arrival.connect_ns // 1000)
        if arrival.lag_ns >= 0:
            values["kernel_lag_ms"].append(arrival.lag_ns // 1000)
        if arrival.retry_after.isdecimal():
            values["retry_after_ms"].append(min(int(arrival.retry_after), HOUR_S) * 1_000_000)
        if outcome in FAILED:
            values["time_to_failure_ms"].append((arrival.end_ns - (sent or intended)) // 1000)
        if outcome not in WHOLE:
            return
        values["headers_ms"].append((arrival.headers_ns - sent) // 1000)
        e2e = (arrival.end_ns - sent) // 1000
        values["e2e_ms"].append(e2e)
        if window.mixed:
            values[f"e2e_ms@{arrival.request.scenario}"].append(e2e)
        self._slices["whole"].append(at)
        self._took_us[at] += e2e
        values["e2e_scheduled_ms"].append((arrival.end_ns - intended) // 1000)
        tpot = None
        since = arrival.reader.stamps[0] - (intended if window.scheduled else sent)
        if arrival.request.stream:
            tpot = self._stream_times(arrival, e2e)
            if tpot is not None:
                self._tpot_by_bin[window.bin(intended)].append(tpot)
            if window.mixed:
                ttft = (arrival.reader.stamps[0] - sent) // 1000
                values[f"ttft_ms@{arrival.request.scenario}"].append(ttft)
            self._ttft_by_bin[window.bin(intended)].append(since // 1000)
        good = window.ttft_slo_ms is None or since <= window.ttft_slo_ms * 1e6
        good &= outcome in AS_ASKED
        if good and window.tpot_slo_ms is not None and arrival.request.stream:
            # A request of one token has no time per token: that target says nothing about it.
            if tpot is not None:
                good = tpot <= window.tpot_slo_ms * 1e3
            elif arrival.output_tokens is None or arrival.output_tokens > 1:
                self.counts["slo_unknown"] += 1
                good = False
        if good:
            self.counts["good"] += 1
            self._slices["good"].append(at)
            self.counts["good_in_time"] += arrival.end_ns < window.to_ns

    def _stream_times(self, arrival: Arrival, e2e: int) -> int | None:
        """What only streams have; gives the time per output token."""
        values, reader, sent = self._values, arrival.reader, arrival.sent_ns
        stamps = reader.stamps
        first, last = stamps[0], stamps[-1]
        values["first_event_ms"].append((arrival.first_event_ns - sent) // 1000)
        values["ttft_ms"].append((first - sent) // 1000)
        values["ttft_scheduled_ms"].append((first - arrival.intended_ns) // 1000)
        if reader.visible_ns:
            values["ttfot_ms"].append((reader.visible_ns - sent) // 1000)
        values["done_lag_ms"].append((arrival.end_ns - last) // 1000)
        if len(stamps) > 1:
            gaps = [(b - a) // 1000 for a, b in pairwise(stamps)]
            self.histogram("ict_ms").add_all(gaps)
            values["stall_max_ms"].append(max(gaps))
            self.counts["gaps"] += len(gaps)
            self.counts["gaps_of_none"] += gaps.count(0)
            self.counts["bursts"] += burst(stamps)
        tokens = arrival.output_tokens
        if not tokens:
            return None
        values["ntpot_ms"].append(e2e // tokens)
        tpot = time_per_token_us(arrival, tokens)
        if tpot is not None:
            values["tpot_ms"].append(tpot)
        return tpot

    def _amounts(self, arrival: Arrival, window: Window, outcome: Outcome) -> None:
        counts, reader, usage = self.counts, arrival.reader, arrival.usage
        stamps = reader.stamps
        if arrival.sent_ns:
            counts["sent"] += 1
        if arrival.retried:
            counts["retried"] += 1
        counts["events"] += reader.events
        counts["chunks"] += len(stamps)
        counts["bytes"] += arrival.received_bytes
        completion = 0
        if usage is not None:
            completion = usage.completion_tokens or 0
            counts["with_usage"] += 1
            if window.from_ns <= arrival.end_ns < window.to_ns:
                counts["steady_prompt_tokens"] += usage.prompt_tokens or 0
            if usage.prompt_tokens is not None:
                self._values["length:input"].append(usage.prompt_tokens)
            counts["tokens:prompt"] += usage.prompt_tokens or 0
            counts["tokens:completion"] += completion
            counts["tokens:total"] += usage.total_tokens or 0
            counts["tokens:cached"] += usage.cached_tokens or 0
            counts["tokens:reasoning"] += usage.reasoning_tokens or 0
            if arrival.request.input_tokens and usage.prompt_tokens is not None:
                counts["asked:input"] += arrival.request.input_tokens
                counts["got:input"] += usage.prompt_tokens
            if arrival.request.output_tokens and outcome in WHOLE:
                counts["asked:output"] += arrival.request.output_tokens
                counts["got:output"] += completion
        elif arrival.counted is not None:
            completion = arrival.counted
            counts["with_count"] += 1
            counts["tokens:counted"] += completion
        if outcome in WHOLE and arrival.output_tokens is not None:
            self._values["length:output"].append(completion)
        if outcome not in WHOLE:
            counts["wasted_tokens"] += completion or len(stamps)
        elif arrival.request.usage and usage is None and outcome is not Outcome.STOPPED:
            counts["without_usage"] += 1
        if stamps:
            self._tokens_by_time(stamps, completion / len(stamps), window)

    def _tokens_by_time(self, stamps: Sequence[int], share: float, window: Window) -> None:
        """Tokens belong to the moment of their event, not to the end of the request."""
        inside = bisect_left(stamps, window.to_ns) - bisect_left(stamps, window.from_ns)
        self.counts["steady_chunks"] += inside
        if not share:
            return
        self.gain("steady_tokens", inside * share)
        line = self.series["tokens"]
        at, last = 0, window.bin(stamps[-1])
        while at < len(stamps):
            second = window.bin(stamps[at])
            if second == last:
                line[second] += round((len(stamps) - at) * share)
                return
            end = bisect_left(stamps, window.start_ns + (second + window.bin_s) * SECOND_NS, at)
            line[second] += round((end - at) * share)
            at = end

    def _keep(self, arrival: Arrival, outcome: Outcome) -> None:
        """The first few arrivals of each violation and each failing class, as evidence."""
        for requirement in arrival.violations:
            self.counts[f"violation:{requirement}"] += 1
        names = list(arrival.violations)
        if outcome in SHOWN:
            names.append(f"outcome:{outcome}")
        for name in names:
            kept = self.transcripts.setdefault(name, [])
            if len(kept) < TRANSCRIPTS:
                kept.append(transcript(arrival, arrival.violations.get(name, arrival.detail)))
