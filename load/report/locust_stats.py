"""Our figures in Locust's own table and web UI.

One row a scenario with whole streams (so that Aggregated counts each request once, to its end), and
rows for the streaming metrics that Aggregated does not see. Locust's per-request path costs more than
a whole short stream, so its entries are filled in bulk, once a second, from our histograms.
"""

from typing import Any, Final

from locust.env import Environment
from locust.stats import StatsEntry, StatsError

from load.measure.histogram import Histogram, highest_of
from load.measure.outcome import FAILED
from load.measure.tally import Tally

METRICS: Final = {"ttft_ms": "TTFT", "ttft_scheduled_ms": "TTFT scheduled", "tpot_ms": "TPOT", "ict_ms": "ICT"}  # fmt: skip
METHOD: Final = "stream"


class LocustStats:
    """Fills the statistics of an environment from tallies."""

    def __init__(
        self, environment: Environment, name: str, *, live: bool, forget: bool = False
    ) -> None:
        """`live`: somebody looks while it runs; `forget`: at the end only the reported run is wanted."""
        self.stats = environment.stats
        self.name = name
        self._live = live
        self._forget = forget or not live
        self._waiting = Tally()

    def add(self, tally: Tally, at: float, *, last: bool = False) -> None:
        """Fill them now if somebody looks, else once at the end: filling takes milliseconds."""
        self._waiting.add(tally)
        if self._live or last:
            waiting, self._waiting = self._waiting, Tally()
            self._add(waiting, at)

    def close(self, total: Tally, ended_per_s: float, at: float) -> None:
        """The figures of the run that is reported, and no others: the same as in its report."""
        self._waiting = Tally()
        if self._forget:
            self.stats.clear_all()
            self._add(total, at)
        whole = self.stats.total
        if ended_per_s > 0 and whole.num_requests:
            # Locust divides by the time between these two; the rate is that of the steady window.
            whole.last_request_timestamp = at
            whole.start_time = at - whole.num_requests / ended_per_s

    def _add(self, tally: Tally, at: float) -> None:
        """What was planned in the steady window; a failure takes as long as it took."""
        entry = self.stats.get(self.name, "POST")
        failures = {outcome: n for outcome in FAILED if (n := tally.counts[f"steady:{outcome}"])}
        for one in (entry, self.stats.total):
            if one.use_response_times_cache:
                # From these snapshots the web UI draws the current percentiles.
                one._cache_response_times(int(at) - 1)  # noqa: SLF001 - held by a test
            for name in ("e2e_ms", "time_to_failure_ms"):
                histogram = tally.histograms.get(name)
                if histogram is not None:
                    _fill(one, histogram, at)
            failed = sum(failures.values())
            one.num_failures += failed
            if failed:
                second = int(at)
                one.num_fail_per_sec[second] = one.num_fail_per_sec.get(second, 0) + failed
        for outcome, n in failures.items():
            self._error(str(outcome), n)
        for name, title in METRICS.items():
            histogram = tally.histograms.get(name)
            if histogram is not None and histogram.count:
                _fill(self.stats.get(title, METHOD), histogram, at)

    def _error(self, text: str, times: int) -> None:
        key = StatsError.create_key("POST", self.name, text)
        error = self.stats.errors.get(key)
        if error is None:
            error = self.stats.errors[key] = StatsError("POST", self.name, text)
        error.occurrences += times


def _fill(entry: StatsEntry, histogram: Histogram, at: float) -> None:
    if not histogram.count:
        return
    times: dict[Any, int] = entry.response_times
    for index, n in histogram.counts.items():
        ms = highest_of(index) / 1000
        shown = round(ms, 1) if ms < 100 else round(ms)
        times[shown] = times.get(shown, 0) + n
    lowest = min(histogram.counts)
    least = highest_of(lowest) / 1000
    entry.num_requests += histogram.count
    entry.total_response_time += histogram.sum_us / 1000  # type: ignore[assignment]
    entry.min_response_time = least if entry.min_response_time is None else min(entry.min_response_time, least)  # type: ignore[assignment]  # fmt: skip
    entry.max_response_time = max(entry.max_response_time, histogram.highest_us / 1000)  # type: ignore[assignment]  # fmt: skip
    second = int(at)
    entry.num_reqs_per_sec[second] = entry.num_reqs_per_sec.get(second, 0) + histogram.count
    entry.last_request_timestamp = at
