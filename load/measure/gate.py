"""Gates: limits that a run must keep, as `ttft:p99:400ms`, `error_rate:1%`, `goodput:95%`."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

_LATENCY: Final = {
    "ttft", "ttft_scheduled", "ttfot", "ict", "tpot", "ntpot", "e2e", "e2e_scheduled", "headers",
    "first_event", "stall_max", "done_lag", "dispatch_delay", "connect",
}  # fmt: skip
STREAM_METRICS: Final = _LATENCY - {
    "e2e", "e2e_scheduled", "headers", "dispatch_delay", "connect",
}  # fmt: skip
_SAMPLES: Final = {"p50": 2, "p90": 10, "p95": 20, "p99": 100, "p999": 1000}
_RATES: Final = {"error_rate": "at most", "goodput": "at least", "requests_per_s": "at least", "tokens_per_s": "at least"}  # fmt: skip
_PERCENT: Final = {"error_rate": "error_rate:1%", "goodput": "goodput:95%"}
_POINTS: Final = {"p50", "p90", "p95", "p99", "p999", "max", "mean"}
_LIMIT: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|us|%|)")


@dataclass(frozen=True, slots=True)
class Gate:
    text: str
    metric: str
    point: str  # empty for rates
    limit: float  # milliseconds, or per cent, or a rate


@dataclass(frozen=True, slots=True)
class Verdict:
    gate: str
    value: float | None  # None: nothing can be said
    limit: float
    passed: bool
    unit: str
    why: str = ""  # nothing can be said

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def gate_of(text: str) -> Gate:
    """Read a gate; ValueError says what is wrong with it."""
    metric, _, rest = text.partition(":")
    point, _, limit = rest.rpartition(":")
    metric, point = metric.strip().removesuffix("_ms"), point.strip().replace("p99.9", "p999")
    found = _LIMIT.fullmatch(limit.strip())
    if found is None:
        raise ValueError(f"--gate {text}: no limit such as 400ms or 1%")
    value, unit = float(found[1]), found[2]
    if metric in _LATENCY:
        if point not in _POINTS:
            raise ValueError(f"--gate {text}: {point or 'no percentile'}, one of {', '.join(sorted(_POINTS))}")  # fmt: skip
        if unit == "%":
            raise ValueError(f"--gate {text}: a time, such as 400ms")
        factor = {"s": 1000.0, "us": 0.001}.get(unit, 1.0)
        return Gate(text, metric, point, value * factor)
    if metric in _PERCENT:
        if point or unit != "%":
            # 0.95 could mean 95 % as well as 0.95 %.
            raise ValueError(f"--gate {text}: expected {metric}:LIMIT%, such as {_PERCENT[metric]}")
        if value > 100:
            raise ValueError(f"--gate {text}: more than 100%")
        return Gate(text, metric, "", value)
    if metric in _RATES:
        if point or unit:
            raise ValueError(f"--gate {text}: expected {metric}:LIMIT, a number a second without a unit")  # fmt: skip
        return Gate(text, metric, "", value)
    raise ValueError(f"--gate {text}: unknown metric {metric}; one of {', '.join(sorted({*_LATENCY, *_RATES}))}")  # fmt: skip


def samples_for(point: str) -> int:
    """How many samples a percentile needs before it is given."""
    return _SAMPLES.get(point, 1)


def judge(gate: Gate, document: Mapping[str, Any]) -> Verdict:
    """Whether a load document keeps the limit. Too few samples is no pass."""
    value: float | None
    if gate.point:
        value = document["metrics"].get(f"{gate.metric}_ms", {}).get(gate.point)
        passed = value is not None and value <= gate.limit
        why = "" if value is not None else _nothing_measured(gate, document)
        return Verdict(gate.text, value, gate.limit, passed, "ms", why)
    rates = document["rates"]
    value = {
        "error_rate": rates["error_share"],
        "goodput": document["goodput"]["attainment"],
        "requests_per_s": rates["completed_per_s"],
        "tokens_per_s": rates["output_tokens_per_s"],
    }[gate.metric]
    percent = gate.metric in {"error_rate", "goodput"}
    if value is not None and percent:
        value = round(100 * value, 4)
    most = _RATES[gate.metric] == "at most"
    passed = value is not None and (value <= gate.limit if most else value >= gate.limit)
    why = ""
    if value is None:
        why = {
            "goodput": document["goodput"]["cannot_be_judged"],
            "tokens_per_s": "no usage, and no tokenizer is known for the model",
        }.get(gate.metric) or "nothing was measured"
    return Verdict(gate.text, value, gate.limit, passed, "%" if percent else "/s", why)


def _nothing_measured(gate: Gate, document: Mapping[str, Any]) -> str:
    count = document["metrics"].get(f"{gate.metric}_ms", {}).get("count") or 0
    if count:
        return f"{count} samples, {gate.point} needs {samples_for(gate.point)}"
    streaming = document.get("streaming") or {}
    if gate.metric == "tpot" and 2 * streaming.get("at_once", 0) > streaming.get("streams", 0):
        return f"{streaming['at_once']} of {streaming['streams']} streams came all at once"
    if gate.metric in {"tpot", "ntpot"} and streaming.get("streams"):
        return "no usage, and no tokenizer is known for the model"
    return "nothing was measured"
