"""A run beside an earlier one: what changed, how sure that is, and whether the two can be compared at all.

Intervals are those of the samples: of a percentile by order statistics (its rank is binomial, whatever the distribution),
of a share by Newcombe's hybrid of two Wilson intervals (1998), of a rate by its count. They hold for two runs that
differ in nothing else; what changes from run to run beside the server, only repeated runs can tell.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import exp, log, sqrt
from typing import Any, Final

from load.measure.histogram import Histogram

SURE: Final = 1.96  # deviations: 95 %
LATENCIES: Final = (
    "ttft_ms", "ttft_scheduled_ms", "ttfot_ms", "ict_ms", "tpot_ms", "ntpot_ms", "stall_max_ms", "e2e_ms",
    "e2e_scheduled_ms", "headers_ms",
)  # fmt: skip
POINTS: Final = (("p50", 50.0), ("p90", 90.0), ("p99", 99.0))
# And how much more the rate of what comes in answers varies than that of answers: lengths that spread as widely as
# their mean double its variance.
RATES: Final = {"completed_per_s": 1, "output_tokens_per_s": 2, "chunks_per_s": 2}
SAME: Final = {
    "the target": ("target", "base_url"), "the model": ("target", "model"), "the scenario": ("scenario", "name"),
    "the arrivals": ("arrivals", "kind"), "the rate": ("arrivals", "rate"), "the concurrency": ("arrivals", "concurrency"),
    "the targets of latency": ("goodput", "slo"),
}  # fmt: skip
ASKED: Final = (
    "input_tokens", "output_tokens", "spread", "shared_prefix", "prompts", "trace", "max_tokens", "extra_body", "stop_after", "turns",
)  # fmt: skip
# That differ and leave nothing to compare; another address may be the point of the comparison.
BREAKING: Final = ("the model", "the scenario", "the arrivals", "the rate", "the concurrency", "--")


@dataclass(frozen=True)
class Change:
    """One figure of both runs. `change`, `low` and `high` are shares of the earlier one, or percentage points of shares."""

    name: str
    point: str
    before: float
    now: float
    change: float | None
    low: float | None
    high: float | None
    worse: str  # "worse", "better", or "" where chance may be all there is

    def by(self) -> float:
        """How much worse, as a share; negative where better."""
        if self.change is None:
            return 0.0
        return self.change if self.name in LATENCIES or self.name == "error_share" else -self.change


def compared(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The comparison as a document has it."""
    rows = list(_changes(before, now))
    return {
        "before": {
            "started_at": before.get("started_at", ""),
            "stamp": _in(before, "validity", "stamp") or "",
            "command": before.get("command", ""),
        },
        "differs": differing(before, now),
        "rows": [asdict(row) for row in rows],
    }


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What the two runs do not have in common: `the model: a, now b`."""
    found = []
    for name, path in SAME.items():
        was, is_now = (_in(one, *path) for one in (before, now))
        if was != is_now and was is not None and is_now is not None:
            found.append(f"{name}: {was}, now {is_now}")
    options = [_in(one, "configuration") for one in (before, now)]
    if all(isinstance(one, Mapping) for one in options):
        for name in ASKED:
            was, is_now = (one.get(name) for one in options)
            if was != is_now and name in options[0]:
                shown = ("not set" if one in (None, "") else one for one in (was, is_now))
                found.append(f"--{name.replace('_', '-')}: {', now '.join(map(str, shown))}")
    return found


def worse_than(
    before: Mapping[str, Any], now: Mapping[str, Any], share: float
) -> tuple[float | None, list[str], str]:
    """The worst change in per cent, what is worse by more than `share` for sure, and why nothing can be said."""
    why = [one for one in differing(before, now) if one.startswith(BREAKING)]
    for name, one in (("the earlier run", before), ("this run", now)):
        if _in(one, "validity", "stamp") != "VALID":
            why.append(f"{name} is INVALID")
    rows = list(_changes(before, now))
    if why or not rows:
        return None, [], "; ".join(why) or "the runs have no figure in common"
    few = [row for row in rows if row.low is None and row.point != "p99" and row.by() > share]
    if few:
        return None, [], f"too few samples of {few[0].name} {few[0].point}".strip()
    surely = [row for row in rows if row.worse == "worse" and row.by() > share]
    worst = max((row.by() for row in rows if row.worse == "worse"), default=0.0)
    said = [f"{row.name} {row.point}".strip() + f" {row.before:g}, now {row.now:g}" for row in surely]  # fmt: skip
    return round(100 * worst, 2), said, ""


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for name in LATENCIES:
        histograms = [_histogram(one, name) for one in (before, now)]
        # Gaps of one stream are alike: there are as many samples as streams, not as gaps.
        samples = [int(_number(one, "metrics", "ttft_ms" if name == "ict_ms" else name, "count") or 0) for one in (before, now)]  # fmt: skip
        for point, percentile in POINTS:
            was, is_now = (_number(one, "metrics", name, point) for one in (before, now))
            if was and is_now is not None:
                yield _latency(name, point, was, is_now, percentile, histograms, samples)
    answers = [(_number(one, "rates", "completed_per_s") or 0) * (_number(one, "rates", "window_s") or 0) for one in (before, now)]  # fmt: skip
    for name, clusters in RATES.items():
        was, is_now = (_number(one, "rates", name) for one in (before, now))
        if was and is_now is not None:
            yield _rate(name, was, is_now, *(count / clusters for count in answers))
    yield from _shares(before, now)


def _latency(
    name: str, point: str, was: float, now: float, percentile: float, histograms: list[Histogram | None], samples: list[int]
) -> Change:  # fmt: skip
    change = now / was - 1
    spreads = [
        _spread(one, percentile, n) if one is not None else None
        for one, n in zip(histograms, samples, strict=True)
    ]
    if now <= 0 or spreads[0] is None or spreads[1] is None:
        return Change(name, point, was, now, round(change, 4), None, None, "")
    off = SURE * sqrt(spreads[0] ** 2 + spreads[1] ** 2)
    low, high = (exp(log(now / was) + sign * off) - 1 for sign in (-1, 1))
    return Change(name, point, was, now, round(change, 4), round(low, 4), round(high, 4), _word(low, high, up_is="worse"))  # fmt: skip


def _spread(histogram: Histogram, percentile: float, n: int) -> float | None:
    """The standard deviation of the logarithm of a percentile of `n` samples; None of too few."""
    q = percentile / 100
    off = SURE * sqrt(q * (1 - q) / n) if n else 1.0
    if q - off <= 0 or q + off >= 1:
        return None
    low, high = (max(1, histogram.percentile(100 * at)) for at in (q - off, q + off))
    return (log(high) - log(low)) / (2 * SURE)


def _rate(name: str, was: float, now: float, first: float, second: float) -> Change:
    """`first` and `second`: how many independent things each rate counts."""
    change = now / was - 1
    if first <= 0 or second <= 0 or now <= 0:
        return Change(name, "per second", was, now, round(change, 4), None, None, "")
    off = SURE * sqrt(1 / first + 1 / second)
    low, high = (exp(log(now / was) + sign * off) - 1 for sign in (-1, 1))
    return Change(name, "per second", was, now, round(change, 4), round(low, 4), round(high, 4), _word(low, high, up_is="better"))  # fmt: skip


def _shares(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for name, path, judged, up_is in (
        ("error_share", ("rates", "error_share"), None, "worse"),
        ("goodput", ("goodput", "attainment"), "judged", "better"),
    ):
        was, is_now = (_number(one, *path) for one in (before, now))
        counts = [_number(one, "goodput", judged or "judged") for one in (before, now)]
        if was is None or is_now is None:
            continue
        low, high = _newcombe(was, counts[0] or 0, is_now, counts[1] or 0)
        yield Change(name, "", was, is_now, round(is_now - was, 4), _round(low), _round(high), _word(low, high, up_is=up_is))  # fmt: skip


def _newcombe(was: float, n: float, now: float, m: float) -> tuple[float | None, float | None]:
    if n < 1 or m < 1:
        return None, None
    (low1, high1), (low2, high2) = _wilson(was, n), _wilson(now, m)
    change = now - was
    return (
        change - sqrt((now - low2) ** 2 + (high1 - was) ** 2),
        change + sqrt((high2 - now) ** 2 + (was - low1) ** 2),
    )


def _wilson(share: float, n: float) -> tuple[float, float]:
    z = SURE**2
    middle = (share + z / (2 * n)) / (1 + z / n)
    off = SURE / (1 + z / n) * sqrt(share * (1 - share) / n + z / (4 * n * n))
    return middle - off, middle + off


def _word(low: float | None, high: float | None, *, up_is: str) -> str:
    if low is None or high is None or low <= 0 <= high:
        return ""
    up = low > 0
    return up_is if up else {"worse": "better", "better": "worse"}[up_is]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _histogram(document: Mapping[str, Any], name: str) -> Histogram | None:
    text = _in(document, "histograms", name, "hdr")
    try:
        return Histogram.decode(text) if isinstance(text, str) else None
    except (ValueError, IndexError):
        return None


def _number(document: Mapping[str, Any], *path: str) -> float | None:
    value = _in(document, *path)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _in(document: Mapping[str, Any], *path: str) -> Any:
    value: Any = document
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
