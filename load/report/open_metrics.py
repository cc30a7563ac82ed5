"""A run as OpenMetrics text: at its end as a file, while it goes on at an address of its own.

https://prometheus.io/docs/specs/om/open_metrics_spec/: a family at a time, seconds as the unit, `# EOF` at the end.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from load.measure.histogram import Histogram, highest_of
from load.measure.outcome import Outcome
from load.measure.tally import Tally

BOUNDS_S: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0,
)  # fmt: skip
HISTOGRAMS: Final = {
    "ttft_ms": ("load_ttft_seconds", "send to the first content"),
    "ttft_scheduled_ms": ("load_ttft_scheduled_seconds", "planned arrival to the first content"),
    "ict_ms": ("load_inter_chunk_seconds", "between two events with content"),
    "tpot_ms": ("load_tpot_seconds", "time per output token of a stream"),
    "e2e_ms": ("load_request_seconds", "send to the end of whole answers"),
    "dispatch_delay_ms": ("load_dispatch_delay_seconds", "planned arrival to send, of this client"),
}
TOKENS: Final = {"prompt": "prompt", "completion": "completion", "cached": "cached", "reasoning": "reasoning"}  # fmt: skip
RATES: Final = {
    "offered_per_s": ("load_offered_per_second", "arrivals planned in the steady window"),
    "completed_per_s": ("load_completed_per_second", "whole answers that ended in the steady window"),
    "failed_per_s": ("load_failed_per_second", "failures that ended in the steady window"),
    "output_tokens_per_s": ("load_output_tokens_per_second", "tokens that came in the steady window"),
    "error_share": ("load_error_ratio", "failures of the arrivals planned in the steady window"),
}  # fmt: skip


def open_metrics(
    total: Tally, labels: Mapping[str, str], in_flight: int, document: Mapping[str, Any] | None = None
) -> str:  # fmt: skip
    """`document`: that of a run that is over, whose rates and verdict come with it."""
    own = _labels(labels)
    lines = list(_counted(total, own))
    lines += _family("load_in_flight", "gauge", "requests in flight", [(own, in_flight)])
    for name, (family, meaning) in HISTOGRAMS.items():
        histogram = total.histograms.get(name)
        if histogram is not None and histogram.count:
            lines += _histogram(family, meaning, histogram, own)
    if document is not None:
        lines += _ended(document, own)
    return "\n".join([*lines, "# EOF\n"])


def _counted(total: Tally, own: str) -> Iterator[str]:
    counts = total.counts
    outcomes = [(f'{own},outcome="{one}"', counts[f"outcome:{one}"]) for one in Outcome if counts[f"outcome:{one}"]]  # fmt: skip
    yield from _family("load_requests", "counter", "arrivals that ended, by outcome", outcomes)
    tokens = [(f'{own},kind="{kind}"', counts[f"tokens:{name}"]) for name, kind in TOKENS.items()]
    yield from _family("load_tokens", "counter", "tokens by the server's usage", tokens)
    yield from _family("load_chunks", "counter", "events with content", [(own, counts["chunks"])])
    usd = total.sums.get("usd", 0.0)
    yield from _family("load_cost_dollars", "counter", "what the requests cost", [(own, usd)], "dollars")  # fmt: skip
    broken = [
        (f'{own},requirement="{_escaped(name.removeprefix("violation:"))}"', n)
        for name, n in sorted(counts.items())
        if name.startswith("violation:") and n
    ]
    yield from _family("load_violations", "counter", "streams that break a requirement", broken)


def _ended(document: Mapping[str, Any], own: str) -> Iterator[str]:
    valid = document["validity"]["stamp"] == "VALID"
    yield from _family("load_valid", "gauge", "1 when the figures can be believed, else 0", [(own, int(valid))])  # fmt: skip
    for name, (family, meaning) in RATES.items():
        value = document["rates"][name]
        if value is not None:
            yield from _family(family, "gauge", meaning, [(own, value)])
    attainment = document["goodput"]["attainment"]
    if attainment is not None:
        yield from _family("load_goodput_ratio", "gauge", "requests that meet every target", [(own, attainment)])  # fmt: skip
    gates = [
        (f'{own},gate="{_escaped(gate["gate"])}"', int(gate["passed"]))
        for gate in document["gates"]
    ]
    yield from _family("load_gate_passed", "gauge", "1 passed, 0 failed", gates)


def _family(
    name: str, kind: str, meaning: str, samples: Sequence[tuple[str, float]], unit: str = ""
) -> Iterator[str]:
    if not samples:
        return
    yield f"# TYPE {name} {kind}"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {meaning}"
    suffix = "_total" if kind == "counter" else ""
    yield from (f"{name}{suffix}{{{labels}}} {_number(value)}" for labels, value in samples)


def _histogram(name: str, meaning: str, histogram: Histogram, own: str) -> Iterator[str]:
    yield f"# TYPE {name} histogram"
    yield f"# UNIT {name} seconds"
    yield f"# HELP {name} {meaning}"
    places = iter(sorted(histogram.counts.items()))
    seen, waiting = 0, next(places, None)
    for bound in BOUNDS_S:
        while waiting is not None and highest_of(waiting[0]) <= bound * 1e6:
            seen += waiting[1]
            waiting = next(places, None)
        yield f'{name}_bucket{{{own},le="{bound}"}} {seen}'
    yield f'{name}_bucket{{{own},le="+Inf"}} {histogram.count}'
    yield f"{name}_count{{{own}}} {histogram.count}"
    yield f"{name}_sum{{{own}}} {_number(histogram.sum_us / 1e6)}"


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    shown = "".join(one if one.isprintable() else " " for one in value)
    return shown.replace("\\", "\\\\").replace('"', '\\"')


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.9g}"
