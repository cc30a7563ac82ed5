"""The numbers of arrivals that have ended, a row each, and what a tally makes of them, column by column.

Theory of operation. This is paid for by every request. So a row is only put beside the others, and what
is the same sum, difference or count for all of them is done for all at once, most of it in C.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from load.measure.histogram import Histogram
from load.measure.outcome import FAILED, UNJUDGED, WHOLE, Outcome
from load.measure.tally import TRANSCRIPTS, Tally
from load.measure.window import Window

_KIND: Final = {
    outcome: "completed" if outcome in WHOLE else "unjudged" if outcome in UNJUDGED else "failed"
    for outcome in Outcome
}
_USAGE: Final = ("prompt", "completion", "total", "cached", "reasoning")


def _lists() -> defaultdict[str, list[int]]:
    return defaultdict(list)


@dataclass(slots=True)
class ArrivalRows:
    """Times in nanoseconds of this process's clock."""

    # Scenario, outcome, intended, end, whether sent, whether retried, events, chunks, bytes, chunks in the
    # steady window: of every arrival.
    ended: list[tuple[Any, ...]] = field(default_factory=list)
    # Prompt (-1: not said), completion, total, cached and reasoning tokens, end: of those with a usage.
    usages: list[tuple[int, ...]] = field(default_factory=list)
    # Intended, sent, time of connecting, lag (-1: not known): of the steady ones that were sent.
    sent: list[tuple[int, int, int, int]] = field(default_factory=list)
    # Intended, sent, headers, end, whether good: of the whole ones among these.
    whole: list[tuple[int, int, int, int, bool]] = field(default_factory=list)
    # Intended, sent, end, first event, first content, last content, first visible, tokens (0: not known),
    # microseconds per token (-1: none): of the streams among these.
    streams: list[tuple[int, ...]] = field(default_factory=list)
    tokens: list[tuple[int, int]] = field(default_factory=list)  # when, and how many
    steady_tokens: float = 0.0
    gaps_us: list[int] = field(default_factory=list)  # that are still to be counted
    gaps: Histogram = field(default_factory=Histogram)
    # What only some arrivals have.
    counts: Counter[str] = field(default_factory=Counter)
    values: defaultdict[str, list[int]] = field(default_factory=_lists)
    transcripts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def count_gaps(self) -> None:
        self.gaps.add_all(self.gaps_us)
        self.gaps_us.clear()

    def into(self, tally: Tally, window: Window) -> None:
        """Add counts and histograms of these rows, which are spent then."""
        if self.ended:
            self._ended_into(tally, window)
        if self.usages:
            self._usages_into(tally, window)
        if self.sent:
            self._sent_into()
        if self.whole:
            self._whole_into(window)
        if self.streams:
            self._streams_into(tally, window)
        self._gaps_into(tally)
        tally.counts.update(self.counts)
        for name, values in self.values.items():
            tally.histogram(name).add_all(values)
        for name, kept in self.transcripts.items():
            mine = tally.transcripts.setdefault(name, [])
            mine += kept[: TRANSCRIPTS - len(mine)]

    def _ended_into(self, tally: Tally, window: Window) -> None:
        counts, series = tally.counts, tally.series
        scenarios, outcomes, intended, ends, sent, retried, events, chunks, received, inside = zip(*self.ended, strict=True)  # fmt: skip
        steady = [window.from_ns <= at <= window.to_ns for at in intended]
        for (scenario, outcome, in_steady), n in Counter(zip(scenarios, outcomes, steady, strict=True)).items():  # fmt: skip
            counts["arrivals"] += n
            counts[f"outcome:{outcome}"] += n
            counts[f"scenario:{scenario}:{outcome}"] += n
            if in_steady:
                counts["steady"] += n
                counts[f"steady:{outcome}"] += n
        counts["sent"] += sum(sent)
        counts["retried"] += sum(retried)
        counts["events"] += sum(events)
        counts["chunks"] += sum(chunks)
        counts["bytes"] += sum(received)
        counts["steady_chunks"] += sum(inside)
        kinds = [_KIND[outcome] for outcome in outcomes]
        slices = window.slices(intended)
        for at, n in Counter(slices).items():
            counts[f"arrived:{at}"] += n
        for (kind, at), n in Counter(zip(kinds, window.slices(ends), strict=True)).items():
            counts[f"{kind}:{at}"] += n
        for (kind, at), n in Counter(zip(kinds, slices, strict=True)).items():
            counts[f"judged:{at}"] += n if kind != "unjudged" else 0
        series["arrivals"].update(window.bins(intended))
        for (outcome, at), n in Counter(zip(outcomes, window.bins(ends), strict=True)).items():
            if outcome not in UNJUDGED:
                series[_KIND[outcome]][at] += n
            if outcome in FAILED:
                series[f"failed:{outcome}"][at] += n
        if self.steady_tokens:
            tally.gain("steady_tokens", self.steady_tokens)
        if self.tokens:
            line = series["tokens"]
            times, tokens = zip(*self.tokens, strict=True)
            for at, n in zip(window.bins(times), tokens, strict=True):
                line[at] += n

    def _usages_into(self, tally: Tally, window: Window) -> None:
        counts = tally.counts
        *columns, ends = zip(*self.usages, strict=True)
        prompts = columns[0]
        known = [n for n in prompts if n >= 0]
        counts["with_usage"] += len(prompts)
        counts["tokens:prompt"] += sum(known)
        for name, column in zip(_USAGE[1:], columns[1:], strict=True):
            counts[f"tokens:{name}"] += sum(column)
        counts["steady_prompt_tokens"] += sum([
            n for n, at in zip(prompts, ends, strict=True) if window.from_ns <= at < window.to_ns and n > 0
        ])  # fmt: skip
        tally.histogram("length:input").add_all(known)

    def _sent_into(self) -> None:
        values = self.values
        intended, sent, connects, lags = zip(*self.sent, strict=True)
        delays = [(s - i) // 1000 for s, i in zip(sent, intended, strict=True)]
        values["dispatch_delay_ms"] = delays
        values["lateness_ms"] = [max(0, d - c // 1000) for d, c in zip(delays, connects, strict=True)]  # fmt: skip
        values["connect_ms"] = [ns // 1000 for ns in connects if ns]
        values["kernel_lag_ms"] = [ns // 1000 for ns in lags if ns >= 0]

    def _whole_into(self, window: Window) -> None:
        values, counts = self.values, self.counts
        intended, sent, headers, ends, good = zip(*self.whole, strict=True)
        took = values["e2e_ms"] = [(e - s) // 1000 for e, s in zip(ends, sent, strict=True)]
        values["headers_ms"] = [(h - s) // 1000 for h, s in zip(headers, sent, strict=True)]
        values["e2e_scheduled_ms"] = [(e - i) // 1000 for e, i in zip(ends, intended, strict=True)]
        slices = window.slices(intended)
        for at, us in zip(slices, took, strict=True):
            counts[f"e2e_us:{at}"] += us
        for (at, is_good), n in Counter(zip(slices, good, strict=True)).items():
            counts[f"whole:{at}"] += n
            counts[f"good:{at}"] += n if is_good else 0
        counts["good"] += sum(good)
        counts["good_in_time"] += sum([
            is_good and end < window.to_ns for is_good, end in zip(good, ends, strict=True)
        ])  # fmt: skip

    def _streams_into(self, tally: Tally, window: Window) -> None:
        values = self.values
        intended, sent, ends, events, first, last, visible, tokens, tpot = zip(*self.streams, strict=True)  # fmt: skip
        ttft = values["ttft_ms"] = [(f - s) // 1000 for f, s in zip(first, sent, strict=True)]
        scheduled = values["ttft_scheduled_ms"] = [(f - i) // 1000 for f, i in zip(first, intended, strict=True)]  # fmt: skip
        values["first_event_ms"] = [(e - s) // 1000 for e, s in zip(events, sent, strict=True)]
        values["ttfot_ms"] = [(v - s) // 1000 for v, s in zip(visible, sent, strict=True) if v]
        values["done_lag_ms"] = [(e - at) // 1000 for e, at in zip(ends, last, strict=True)]
        values["ntpot_ms"] = [(e - s) // 1000 // n for e, s, n in zip(ends, sent, tokens, strict=True) if n]  # fmt: skip
        values["tpot_ms"] = [us for us in tpot if us >= 0]
        bins = window.bins(intended)
        tally.by_bin(tally.ttft_by_bin, bins, scheduled if window.scheduled else ttft)
        timed = [(at, us) for at, us in zip(bins, tpot, strict=True) if us >= 0]
        if timed:
            tally.by_bin(tally.tpot_by_bin, *zip(*timed, strict=True))

    def _gaps_into(self, tally: Tally) -> None:
        self.count_gaps()
        if self.gaps.count:
            tally.counts["gaps"] += self.gaps.count
            tally.counts["gaps_of_none"] += self.gaps.counts[0]
            tally.histogram("ict_ms").merge(self.gaps)
