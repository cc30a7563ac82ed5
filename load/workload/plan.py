"""What a run does, made from the options in the same way in every process of the fleet."""

import json
import re
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from load.measure.gate import STREAM_METRICS, Gate, gate_of, samples_for
from load.transport.engine import Limits
from load.workload.prompts import FromFile, FromTrace, Lengths, Prompt, Synthetic
from load.workload.rows import InputError, text_of
from load.workload.scenario import MIX, STREAMS, Mix, RequestWriter, mix_of
from load.workload.schedule import Schedule
from load.workload.trace import Entry, TraceError, read_trace

MODEL: Final = "gpt-5.5"
BINS: Final = 600  # of the time series, at most
MOST_ARRIVALS: Final = 20_000_000  # of a run: each is planned before it begins
OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
)
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
DURATION_S: Final = 30.0
AFTER_TRACE_S: Final = 0.001  # its last entry is one of it
MARGIN: Final = 1.3  # a random schedule may have more arrivals than its mean
POSITIVE: Final = (
    "rate", "duration", "trial", "shape", "trace_stretch", "spike_factor", "input_tokens",
    "output_tokens", "connect_timeout", "first_token_timeout", "idle_timeout", "total_timeout",
    "ttft_slo", "tpot_slo", "concurrency", "turns", "max_tokens", "max_in_flight",
)  # fmt: skip
NOT_NEGATIVE: Final = ("warm_up", "drain", "start_rate", "spread", "shared_prefix", "think", "slo_share", "max_cost")  # fmt: skip


class PlanError(ValueError):
    """The options ask for something that cannot be; the message is one line."""


@dataclass(frozen=True)
class Plan:
    schedule: Schedule
    scenario: str
    mix: Mapping[str, float]
    model: str
    lengths: Lengths
    prompts_file: str
    shared_prefix: int
    turns: int
    think_s: float
    max_tokens: int | None
    warm_up_s: float
    drain_s: float
    concurrency: int
    limits: Limits
    ttft_slo_ms: float | None
    tpot_slo_ms: float | None
    slo_share: float
    trial_s: float
    gates: tuple[Gate, ...]
    max_cost: float | None
    stamps: str

    report_dir: Path
    headers: tuple[tuple[str, str], ...] = ()
    extra_body: dict[str, Any] = field(default_factory=dict)
    insecure: bool = False
    cacert: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not stand in any report, beside the keys."""
        return tuple(value for _, value in self.headers)

    @property
    def closed(self) -> bool:
        return self.schedule.kind == "closed"

    @property
    def bin_s(self) -> int:
        return max(1, round(self.schedule.duration_s / BINS))

    def prompts(self) -> Callable[[int], Prompt]:
        if self.prompts_file:
            return FromFile(Path(self.prompts_file))
        if self.schedule.kind == "trace":
            return FromTrace(self.schedule.trace, self.schedule.seed)
        return Synthetic(self.lengths, self.schedule.seed, shared_prefix=self.shared_prefix)

    def writer(self) -> RequestWriter:
        return RequestWriter(self.model, self.max_tokens, self.prompts(), self.extra_body)

    def scenario_of(self) -> Callable[[int], str]:
        if self.scenario == "mix":
            return Mix(self.mix, self.schedule.seed)
        return lambda _: self.scenario


def plan_of(options: Namespace) -> Plan:
    """The plan of these options. Raises PlanError before anything is sent."""
    trace: list[Entry] = []
    duration = options.duration
    try:
        if options.arrivals == "trace":
            if not options.trace:
                raise PlanError("--arrivals trace needs --trace FILE")
            trace = read_trace(Path(options.trace))
        mix = mix_of(options.mix) if options.mix else dict(MIX)
        Mix(mix, 1)
        headers = tuple(header_of(text) for text in getattr(options, "header", None) or ())
        extra_body = body_of(getattr(options, "extra_body", "") or "")
        gates = tuple(gate_of(text) for text in options.gate)
        if options.prompts:
            FromFile(Path(options.prompts))
        if options.baseline:
            check_baseline(Path(options.baseline))
    except OSError as error:
        raise PlanError(f"{error.filename}: {error.strerror}") from error
    except (TraceError, ValueError) as error:
        raise PlanError(str(error)) from error
    for names, least in ((POSITIVE, "above 0"), (NOT_NEGATIVE, "0 or more")):
        for name in names:
            value = getattr(options, name)
            if value is not None and not (
                0 <= value < float("inf") and (value or names is NOT_NEGATIVE)
            ):
                raise PlanError(f"--{name.replace('_', '-')} must be {least}")
    if trace and duration is None:
        duration = trace[-1].at_s * options.trace_stretch + AFTER_TRACE_S
    elif duration is None:
        duration = DURATION_S
    if options.warm_up >= duration:
        raise PlanError("--warm-up must be shorter than --duration")
    if options.arrivals == "search" and options.ttft_slo is None and options.tpot_slo is None:
        raise PlanError("--arrivals search needs --ttft-slo or --tpot-slo")
    highest = max(options.rate, options.start_rate)
    if options.arrivals == "spike":
        highest *= options.spike_factor
    if options.arrivals not in {"closed", "trace"} and highest * duration > MOST_ARRIVALS:
        raise PlanError(f"--rate and --duration: more than {MOST_ARRIVALS:,} arrivals in one run")
    if trace:
        duration = min(duration, trace[-1].at_s * options.trace_stretch + AFTER_TRACE_S)
    plan = Plan(
        schedule=Schedule(
            options.arrivals,
            options.rate,
            duration,
            options.seed,
            options.shape,
            options.start_rate,
            options.spike_factor,
            trace,
            options.trace_stretch,
            exact=bool(getattr(options, "exact", False)),
        ),
        scenario=options.scenario,
        mix=mix,
        model=options.model or MODEL,
        lengths=Lengths(options.input_tokens, options.output_tokens, options.spread),
        prompts_file=options.prompts,
        shared_prefix=options.shared_prefix,
        turns=options.turns,
        think_s=options.think,
        max_tokens=options.max_tokens,
        warm_up_s=options.warm_up,
        drain_s=options.drain,
        concurrency=options.concurrency,
        limits=Limits(
            options.connect_timeout,
            options.first_token_timeout,
            options.idle_timeout,
            options.total_timeout,
            options.max_in_flight,
        ),
        ttft_slo_ms=options.ttft_slo,
        tpot_slo_ms=options.tpot_slo,
        slo_share=options.slo_share,
        trial_s=options.trial,
        gates=gates,
        max_cost=options.max_cost,
        stamps=options.stamps,
        headers=headers,
        extra_body=extra_body,
        insecure=bool(getattr(options, "insecure", False)),
        cacert=getattr(options, "cacert", "") or "",
        report_dir=Path(options.report_dir),
    )
    for gate in plan.gates:
        _check_gate(gate, plan)
    return plan


def header_of(text: str) -> tuple[str, str]:
    """`Name: value`; ValueError says what is wrong with it, without its value."""
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not _NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
        raise ValueError(f"--header {name or 'without a name'}: expected NAME:VALUE, in printable ASCII")  # fmt: skip
    if name.lower() in OURS:
        raise ValueError(f"--header {name}: this one says how the request is carried, and is ours")
    return name, value


def body_of(text: str) -> dict[str, Any]:
    """The object of `--extra-body`; ValueError says where it is none."""
    try:
        value = json.loads(text) if text else {}
    except json.JSONDecodeError as error:
        raise ValueError(f"--extra-body: column {error.colno}: not JSON: {error.msg}") from None
    if not isinstance(value, dict):
        raise ValueError("--extra-body: expected a JSON object")  # noqa: TRY004
    return value


def _check_gate(gate: Gate, plan: Plan) -> None:
    """A gate that this plan can never judge is refused before it costs anything."""
    if gate.metric == "goodput" and plan.ttft_slo_ms is None and plan.tpot_slo_ms is None:
        raise PlanError(
            f"--gate {gate.text}: what a good request is, --ttft-slo or --tpot-slo must say"
        )
    kinds = set(plan.mix) if plan.scenario == "mix" else {plan.scenario}
    if gate.metric in STREAM_METRICS and not kinds & STREAMS:
        raise PlanError(f"--gate {gate.text}: {', '.join(sorted(kinds))} has no streams to measure")
    if plan.schedule.kind in {"closed", "search"}:
        return
    needed = samples_for(gate.point)
    planned = plan.schedule.rate * (plan.schedule.duration_s - plan.warm_up_s)
    if plan.schedule.kind == "trace":
        planned = plan.schedule.planned
    if plan.schedule.kind in {"constant", "poisson", "gamma", "soak", "trace"} and (
        planned * MARGIN < needed
    ):
        raise PlanError(
            f"--gate {gate.text}: {gate.point} needs {needed} requests, about {planned:.0f} are planned: "
            "raise --rate or --duration, or gate a lower percentile"
        )


def check_baseline(path: Path) -> None:
    """A comparison that cannot be made is refused before the run, not after it."""
    try:
        document = json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise InputError(
            f"--baseline {path}:{error.lineno}:{error.colno}: not JSON: {error.msg}"
        ) from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"--baseline {error}") from None
    if not (
        isinstance(document, dict)
        and document.get("schema_version") == 1
        and isinstance(document.get("outcomes"), dict)
    ):
        raise InputError(f"--baseline {path}: not a load.json of this suite, version 1")
