"""What a run does, made from the options in the same way in every process of the fleet."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from load.measure.gate import Gate, gate_of
from load.transport.engine import Limits
from load.workload.prompts import FromFile, FromTrace, Lengths, Prompt, Synthetic
from load.workload.scenario import MIX, Mix, RequestWriter, mix_of
from load.workload.schedule import Schedule
from load.workload.trace import Entry, TraceError, read_trace

MODEL: Final = "gpt-5.5"
BINS: Final = 600  # of the time series, at most
MOST_ARRIVALS: Final = 20_000_000  # of a run: each is planned before it begins
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
        return RequestWriter(self.model, self.max_tokens, self.prompts())

    def scenario_of(self) -> Callable[[int], str]:
        if self.scenario == "mix":
            return Mix(self.mix, self.schedule.seed)
        return lambda _: self.scenario


def plan_of(options: Namespace) -> Plan:
    trace: list[Entry] = []
    try:
        if options.arrivals == "trace":
            if not options.trace:
                raise PlanError("--arrivals trace needs --trace FILE")
            trace = read_trace(Path(options.trace))
        mix = mix_of(options.mix) if options.mix else dict(MIX)
        Mix(mix, 1)
        gates = tuple(gate_of(text) for text in options.gate)
        if options.prompts:
            FromFile(Path(options.prompts))
        if options.baseline:
            Path(options.baseline).read_bytes()
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
    if options.warm_up >= options.duration:
        raise PlanError("--warm-up must be shorter than --duration")
    if options.arrivals == "search" and options.ttft_slo is None and options.tpot_slo is None:
        raise PlanError("--arrivals search needs --ttft-slo or --tpot-slo")
    highest = max(options.rate, options.start_rate)
    if options.arrivals == "spike":
        highest *= options.spike_factor
    if options.arrivals not in {"closed", "trace"} and highest * options.duration > MOST_ARRIVALS:
        raise PlanError(f"--rate and --duration: more than {MOST_ARRIVALS:,} arrivals in one run")
    duration_s = options.duration
    if trace:
        duration_s = min(duration_s, trace[-1].at_s * options.trace_stretch + 0.001)
    return Plan(
        schedule=Schedule(
            options.arrivals,
            options.rate,
            duration_s,
            options.seed,
            options.shape,
            options.start_rate,
            options.spike_factor,
            trace,
            options.trace_stretch,
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
        report_dir=Path(options.report_dir),
    )
