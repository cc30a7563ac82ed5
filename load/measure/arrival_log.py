"""Takes the arrivals of one window as they end: their numbers into rows, which are counted many at once."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from load.measure.arrival_rows import ArrivalRows
from load.measure.outcome import AS_ASKED, FAILED, WHOLE, Outcome
from load.measure.tally import TRANSCRIPTS, Tally
from load.measure.token_times import burst, time_per_token_us
from load.measure.transcript import transcript
from load.measure.window import SECOND_NS, Window
from load.transport.request import Arrival

# Whose first few arrivals are shown in the report.
SHOWN: Final = FAILED | (WHOLE - AS_ASKED) | {Outcome.WITHOUT_DONE, Outcome.CLIENT_ERROR}
HOUR_S: Final = 3600  # what a histogram holds
# Held before they are counted: many enough to be worth it, few enough to be near then.
MOST_ROWS: Final = 500
MOST_GAPS: Final = 150


class ArrivalLog:
    """Takes arrivals of one window; `into` adds them to a tally, and forgets them."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.recorded = 0  # arrivals, ever
        self._bin_ns = (0, 0)  # the bin of the time series that was used last
        self._rows = ArrivalRows()

    @property
    def full(self) -> bool:
        """Whether there is enough to count: few enough to be near in memory still."""
        return len(self._rows.ended) >= MOST_ROWS

    def record(self, arrival: Arrival) -> None:
        """Take an arrival that has ended."""
        outcome, window, reader = arrival.outcome, self.window, arrival.reader
        assert outcome is not None
        stamps, intended = reader.stamps, arrival.intended_ns
        self.recorded += 1
        whole, tokens = outcome in WHOLE, arrival.output_tokens
        self._amount(arrival, outcome, whole, tokens)
        self._rows.ended.append((
            arrival.request.scenario, outcome, intended, arrival.end_ns, arrival.sent_ns != 0,
            arrival.retried, reader.events, len(stamps), arrival.received_bytes,
            self._tokens_by_time(stamps, tokens or 0) if stamps else 0,
        ))  # fmt: skip
        if window.from_ns <= intended <= window.to_ns:
            self._times(arrival, outcome, whole, tokens)
        if arrival.violations or outcome in SHOWN:
            self._keep(arrival, outcome)

    def into(self, tally: Tally) -> None:
        """Count what was recorded since the last time."""
        rows, self._rows = self._rows, ArrivalRows()
        rows.into(tally, self.window)

    # Recording.

    def _amount(self, arrival: Arrival, outcome: Outcome, whole: bool, tokens: int | None) -> None:
        """What was used. `tokens`: of the answer, as far as they are known."""
        usage, request, counts = arrival.usage, arrival.request, self._rows.counts
        if usage is not None:
            prompt = usage.prompt_tokens
            self._rows.usages.append((
                -1 if prompt is None else prompt, tokens or 0, usage.total_tokens or 0, usage.cached_tokens or 0,
                usage.reasoning_tokens or 0, arrival.end_ns,
            ))  # fmt: skip
            if request.input_tokens and prompt is not None:
                counts["asked:input"] += request.input_tokens
                counts["got:input"] += prompt
            if request.output_tokens and whole:
                counts["asked:output"] += request.output_tokens
                counts["got:output"] += tokens or 0
        elif tokens is not None:
            counts["with_count"] += 1
            counts["tokens:counted"] += tokens
        if not whole:
            counts["wasted_tokens"] += tokens or len(arrival.reader.stamps)
            return
        if tokens is not None:
            self._rows.values["length:output"].append(tokens)
        if usage is None and request.usage and outcome is not Outcome.STOPPED:
            counts["without_usage"] += 1

    def _tokens_by_time(self, stamps: Sequence[int], tokens: int) -> int:
        """Tokens belong to the moment of their event, not to the end of the request.

        Gives how many of the events lie in the steady window.
        """
        window, n, first, last = self.window, len(stamps), stamps[0], stamps[-1]
        inside = n
        if first < window.from_ns or last >= window.to_ns:
            inside = bisect_left(stamps, window.to_ns) - bisect_left(stamps, window.from_ns)
        if not tokens:
            return inside
        share = tokens / n
        self._rows.steady_tokens += inside * share
        start_ns, end_ns = self._bin_ns
        at = 0
        if not (start_ns <= first and last < end_ns):
            width_ns = window.bin_s * SECOND_NS
            while True:
                start_ns = window.start_ns + (stamps[at] - window.start_ns) // width_ns * width_ns
                end_ns = start_ns + width_ns
                if last < end_ns:
                    break
                end = bisect_left(stamps, end_ns, at)
                self._rows.tokens.append((stamps[at], round((end - at) * share)))
                at = end
            self._bin_ns = start_ns, end_ns
        self._rows.tokens.append((last, round((n - at) * share)))
        return inside

    def _times(self, arrival: Arrival, outcome: Outcome, whole: bool, tokens: int | None) -> None:
        """The metrics; see the definitions in the document's notes."""
        sent, intended, end = arrival.sent_ns, arrival.intended_ns, arrival.end_ns
        if sent:
            self._rows.sent.append((intended, sent, arrival.connect_ns, arrival.lag_ns))
        if arrival.retry_after.isdecimal():
            self._rows.values["retry_after_ms"].append(
                min(int(arrival.retry_after), HOUR_S) * 1_000_000
            )
        if not whole:
            if outcome in FAILED:
                self._rows.values["time_to_failure_ms"].append((end - (sent or intended)) // 1000)
            return
        window, request, first = self.window, arrival.request, arrival.reader.stamps[0]
        tpot = self._stream(arrival, tokens) if request.stream else None
        if window.mixed:
            self._rows.values[f"e2e_ms@{request.scenario}"].append((end - sent) // 1000)
            if request.stream:
                self._rows.values[f"ttft_ms@{request.scenario}"].append((first - sent) // 1000)
        since = first - (intended if window.scheduled else sent)
        good = outcome in AS_ASKED and (
            window.ttft_slo_ms is None or since <= window.ttft_slo_ms * 1e6
        )
        if good and window.tpot_slo_ms is not None and request.stream:
            # A request of one token has no time per token: that target says nothing about it.
            if tpot is not None:
                good = tpot <= window.tpot_slo_ms * 1e3
            elif tokens is None or tokens > 1:
                self._rows.counts["slo_unknown"] += 1
                good = False
        self._rows.whole.append((intended, sent, arrival.headers_ns, end, good))

    def _stream(self, arrival: Arrival, tokens: int | None) -> int | None:
        """What only streams have; gives the time per output token."""
        reader = arrival.reader
        stamps = reader.stamps
        if len(stamps) > 1:
            gaps = [(b - a) // 1000 for a, b in pairwise(stamps)]
            self._rows.values["stall_max_ms"].append(max(gaps))
            self._rows.counts["bursts"] += burst(stamps)
            self._rows.gaps_us += gaps
            if len(self._rows.gaps_us) >= MOST_GAPS:
                self._rows.count_gaps()
        tpot = time_per_token_us(arrival, tokens) if tokens else None
        self._rows.streams.append((
            arrival.intended_ns, arrival.sent_ns, arrival.end_ns, arrival.first_event_ns, stamps[0], stamps[-1],
            reader.visible_ns, tokens or 0, -1 if tpot is None else tpot,
        ))  # fmt: skip
        return tpot

    def _keep(self, arrival: Arrival, outcome: Outcome) -> None:
        """The first few arrivals of each violation and each failing class, as evidence."""
        for requirement in arrival.violations:
            self._rows.counts[f"violation:{requirement}"] += 1
        names = list(arrival.violations)
        if outcome in SHOWN:
            names.append(f"outcome:{outcome}")
        for name in names:
            kept = self._rows.transcripts.setdefault(name, [])
            if len(kept) < TRANSCRIPTS:
                kept.append(transcript(arrival, arrival.violations.get(name, arrival.detail)))
