"""The load document, `load.json`: what was sent, how it ended, how fast, and whether to believe it."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from load.measure.claims import claims_in
from load.measure.gate import Verdict, judge
from load.measure.histogram import Histogram, enough
from load.measure.outcome import FAILED, Outcome
from load.measure.rates import goodput, rates
from load.measure.tally import Tally
from load.measure.validity import TOO_FEW, Validity, validity
from load.session.fleet import Fleet
from load.workload.oracle import Likeness
from load.workload.plan import Plan

SCHEMA_VERSION: Final = 1
# In every document, on the terminal and, where measured, as a curve.
REQUIRED: Final = (
    "ttft_ms", "ttft_scheduled_ms", "ict_ms", "tpot_ms", "e2e_ms", "dispatch_delay_ms",
)  # fmt: skip
CURVE: Final = (
    10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.99,
)  # fmt: skip
NOTES: Final = {
    "ttft_ms": "first event with content minus the moment before the request was written; includes reasoning",
    "ttft_scheduled_ms": "first event with content minus the planned arrival",
    "ict_ms": "time between two events with content, all of them; not per token",
    "tpot_ms": (
        "(last content - first content) / the tokens that came after the first content; by usage, else by a "
        "tokenizer where one fits the model; not of streams that came all at once"
    ),
    "ntpot_ms": "(end - send) / completion tokens",
}


@dataclass(frozen=True)
class Result:
    """A finished run: its document, and the exit code it asks for."""

    document: dict[str, Any]
    exit_code: int


def result(plan: Plan, fleet: Fleet, about: dict[str, Any], planned: int | None) -> Result:
    found = validity(fleet, planned, plan)
    document = _document(plan, fleet, found, about, planned)
    verdicts = [judge(gate, document) for gate in plan.gates]
    document["gates"] = [verdict.as_json() for verdict in verdicts]
    return Result(document, exit_code(plan, fleet, found, verdicts))


def exit_code(plan: Plan, fleet: Fleet, found: Validity, verdicts: list[Verdict]) -> int:
    """2 could not run, 4 not to be believed, 3 a gate failed, 1 requests failed, 0 ok."""
    counts = fleet.total.counts
    answered = sum(
        counts[f"outcome:{outcome}"]
        for outcome in Outcome
        if outcome
        not in {
            Outcome.CONNECT_ERROR,
            Outcome.TLS_ERROR,
            Outcome.TIMEOUT_CONNECT,
            Outcome.CLIENT_SATURATED,
            Outcome.CLIENT_ERROR,
        }
    )
    if not answered or fleet.stopped.startswith("every answer") or fleet.stopped == "interrupted":
        return 2
    if fleet.stopped.startswith("could not start"):
        return 2
    accepted = any(gate.metric == "error_rate" for gate in plan.gates)
    failed = sum(counts[f"outcome:{outcome}"] for outcome in FAILED)
    few = len(found.reasons) == 1 and found.reasons[0].startswith(TOO_FEW)
    if found.reasons and not (few and failed and not accepted):
        return 4  # few samples are samples enough of a failure
    if not all(verdict.passed for verdict in verdicts):
        return 3
    return 1 if failed and not accepted else 0


def _document(
    plan: Plan, fleet: Fleet, found: Validity, about: dict[str, Any], planned: int | None
) -> dict[str, Any]:
    total = fleet.total
    counts = total.counts
    metrics = {
        name: total.histogram(name).as_distribution()
        for name in (*REQUIRED, *sorted(total.histograms))
        if "@" not in name and ":" not in name
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": {"name": "openai-gateway-conformance", "part": "load"},
        "target": {"base_url": about["base_url"], "model": plan.model},
        "started_at": datetime.fromtimestamp(about["started_at"], UTC).isoformat(
            timespec="seconds"
        ),
        "started_at_s": round(about["started_at"], 6),
        "duration_s": round(about["duration_s"], 3),
        "scenario": {"name": plan.scenario, "sent": _scenarios(total)},
        "arrivals": plan.schedule.as_json()
        | {"planned": planned, "happened": counts["arrivals"], "sent": counts["sent"]}
        | ({"concurrency": plan.concurrency} if plan.closed else {}),
        "outcomes": {outcome.value: counts[f"outcome:{outcome}"] for outcome in Outcome},
        "steady": {
            "from_s": plan.warm_up_s,
            "to_s": plan.schedule.duration_s,
            "arrivals": counts["steady"],
            "outcomes": {
                outcome.value: counts[f"steady:{outcome}"]
                for outcome in Outcome
                if counts[f"steady:{outcome}"]
            },
        },
        "metrics": metrics,
        "by_scenario": _by_scenario(total),
        "notes": NOTES,
        "rates": rates(plan, total, fleet.ran_s),
        "goodput": goodput(plan, total, fleet.ran_s),
        "streaming": {
            "streams": total.histogram("done_lag_ms").count,
            "at_once": counts["bursts"],
            "gaps": counts["gaps"],
            "gaps_of_none": counts["gaps_of_none"],
        },
        "lengths": _lengths(total),
        "token_lengths": {
            name: total.histogram(f"length:{name}").as_distribution(unit=1)
            | {
                "curve": [
                    [p, 1000 * value] for p, value in total.histogram(f"length:{name}").curve(CURVE)
                ]
            }
            for name in ("input", "output")
            if total.histogram(f"length:{name}").count
        },
        "usage": _usage(total),
        "claims": claims_in(total),
        "conformance": conformance(total),
        "text": {likeness.value: counts[f"text:{likeness}"] for likeness in Likeness},
        "validity": {"stamp": found.stamp, "reasons": list(found.reasons)},
        "client": _client(fleet),
        "series": _series(plan, fleet),
        "curves": {
            name: total.histogram(name).curve(CURVE)
            for name in REQUIRED
            if total.histogram(name).count
        },
        "histograms": {
            name: {
                "unit": "us",
                "hdr": one.encode(),
                "sum_us": one.sum_us,
                "max_us": one.highest_us,
            }
            for name, one in sorted(total.histograms.items())
            if ":" not in name
        },
        "server": fleet.server,
        "transcripts": total.transcripts,
    }


def conformance(total: Tally) -> dict[str, int]:
    """Streams that break a requirement, by its id."""
    return {
        name.removeprefix("violation:"): n
        for name, n in sorted(total.counts.items())
        if name.startswith("violation:") and n
    }


def _scenarios(total: Tally) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name, n in sorted(total.counts.items()):
        kind, _, rest = name.partition(":")
        if kind == "scenario":
            scenario, _, outcome = rest.partition(":")
            found.setdefault(scenario, {})[outcome] = n
    return found


def _by_scenario(total: Tally) -> dict[str, dict[str, Any]]:
    """Of a mix: times of each scenario, for one histogram of chats and lists of models says nothing of either."""
    shown: dict[str, dict[str, Any]] = {}
    for name in sorted(total.histograms):
        metric, mixed, scenario = name.partition("@")
        if mixed:
            shown.setdefault(scenario, {})[metric] = total.histogram(name).as_distribution()
    return shown


def _lengths(total: Tally) -> dict[str, Any]:
    """Mean lengths in tokens, as they were asked for and as the server's usage has them."""
    shown = {}
    for name in ("input", "output"):
        asked, got = total.counts[f"asked:{name}"], total.counts[f"got:{name}"]
        if asked:
            shown[name] = {"asked": asked, "counted": got, "deviation": round(got / asked - 1, 4)}
    return shown


def _usage(total: Tally) -> dict[str, Any]:
    counts = total.counts
    shown: dict[str, Any] = {
        f"{name}_tokens": counts[f"tokens:{name}"]
        for name in ("prompt", "completion", "total", "cached", "reasoning")
    }
    return shown | {
        "requests_with_usage": counts["with_usage"],
        "requests_without_usage": counts["without_usage"],
        "requests_with_count": counts["with_count"],
        "counted_tokens": counts["tokens:counted"],
        "wasted_tokens": counts["wasted_tokens"],
        "events": counts["events"],
        "content_events": counts["chunks"],
        "tokens_per_chunk": round(counts["tokens:completion"] / counts["chunks"], 4)
        if counts["chunks"]
        else None,
        "received_bytes": counts["bytes"],
        "usd": round(total.sums.get("usd", 0.0), 6),
    }


def _client(fleet: Fleet) -> dict[str, Any]:
    return {
        "processes": fleet.size,
        "lost": fleet.lost,
        "cpu_s": round(sum(worker.cpu_s for worker in fleet.workers.values()), 3),
        "cpu_share": [round(worker.cpu_share, 4) for _, worker in sorted(fleet.workers.items())],
        "peak_mb": [round(worker.peak_mb, 1) for _, worker in sorted(fleet.workers.items())],
        "connections": sum(worker.connections for worker in fleet.workers.values()),
        "retried": fleet.total.counts["retried"],
        "vocabulary": fleet.vocabulary,
        "stamps": "kernel" if fleet.total.histogram("kernel_lag_ms").count else "application",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "ended_early": fleet.stopped,
    }


def _series(plan: Plan, fleet: Fleet) -> dict[str, Any]:
    """One value a bin; the bins are seconds from the start of the run."""
    total = fleet.total
    seconds = sorted({at for line in total.series.values() for at in line if at >= 0})
    axis = list(range(0, seconds[-1] + plan.bin_s, plan.bin_s)) if seconds else []
    lines = {
        name: [total.line(name)[at] for at in axis]
        for name in ("arrivals", "completed", "failed", "tokens")
    }
    empty = Histogram()
    by_bin = [total.ttft_by_bin.get(at, empty) for at in axis]
    return {
        "bin_s": plan.bin_s,
        "at_s": axis,
        **lines,
        "ttft_p50_ms": [_ms(one, 50) for one in by_bin],
        "ttft_p99_ms": [_ms(one, 99) for one in by_bin],
        "ttft_max_ms": [round(one.highest_us / 1000, 3) if one.count else None for one in by_bin],
        "ttft_n": [one.count for one in by_bin],
        "tpot_p50_ms": [_ms(total.tpot_by_bin.get(at, empty), 50) for at in axis],
        "failed_by_class": {
            name.removeprefix("failed:"): [line[at] for at in axis]
            for name, line in sorted(total.series.items())
            if name.startswith("failed:")
        },
        "in_flight": [[round(at, 1), n] for at, n in fleet.in_flight],
    }


def _ms(histogram: Histogram, percentile: float) -> float | None:
    """For a line in a chart; None where samples are too few, so that no maximum is called a p99."""
    fits = enough(percentile, histogram.count)
    return round(histogram.percentile(percentile) / 1000, 3) if fits else None
