"""What a run does, made from the options in the same way in every process of the fleet."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from load.measure.gate import Gate, gate_of
from load.transport.engine import Limits
from load.workload.file_prompts import FromFile
from load.workload.prompts import Lengths, Prompt, Synthetic
from load.workload.refusals import (
    PlanError,
    bodies_of,
    check_baseline,
    check_gate,
    check_numbers,
    check_scrape,
    check_sweep,
    header_of,
    numbers_of,
    percent_of,
    stops_of,
)
from load.workload.scenario import MIX, Mix, RequestWriter, mix_of
from load.workload.schedule import Part, Schedule
from load.workload.trace import Entry, TraceError, read_trace
from load.workload.trace_prompts import FromTrace

MODEL: Final = "gpt-5.5"
BINS: Final = 600  # of the time series, at most
MOST_ARRIVALS: Final = 20_000_000  # of a run: each is planned before it begins
DURATION_S: Final = 30.0
AFTER_TRACE_S: Final = 0.001  # its last entry is one of it
ENDLESS_S: Final = 86_400.0  # of a closed loop that so many requests end
SHAPED: Final = frozenset({"ramp", "steps", "spike"})  # whose form is that of their duration


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
    extra_bodies: dict[str, dict[str, Any]] = field(default_factory=dict)  # by scenario, or of all
    insecure: bool = False
    cacert: str = ""
    stop_after: dict[str, int] = field(default_factory=dict)  # chunks by scenario, or of all
    rates: tuple[float, ...] = ()  # of a sweep
    concurrencies: tuple[int, ...] = ()
    records: bool = False  # whether a line is kept of each request
    scrape: tuple[str, ...] = ()  # where the server says its own metrics
    fail_if_worse: float | None = None  # a share of the baseline's figures
    own_users: bool = False  # of a closed loop: not those of Locust

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not stand in any report, beside the keys."""
        return tuple(value for _, value in self.headers)

    @property
    def closed(self) -> bool:
        return self.schedule.kind == "closed"

    @property
    def bin_s(self) -> int:
        return 1 if self.counted else max(1, round(self.schedule.duration_s / BINS))

    @property
    def planned(self) -> int | None:
        """How many arrivals; None where that is not known before."""
        schedule = self.schedule
        match schedule.kind:
            case "closed":
                return schedule.most if self.counted else None
            case "search":
                return None
            case "sweep" if schedule.most is not None:
                return schedule.most * len(self.rates or self.concurrencies)
            case "sweep":
                return sum(round(rate * schedule.duration_s) for rate in self.rates) or None
        return schedule.planned

    @property
    def counted(self) -> bool:
        """Whether the run ends with its last request, and not at a time."""
        return self.closed and self.schedule.duration_s == ENDLESS_S

    def parts(self) -> list[Part]:
        """Stages of the run, without its warm-up."""
        found = [
            part._replace(from_s=max(part.from_s, self.warm_up_s)) for part in self.schedule.parts()
        ]
        return [part for part in found if part.from_s < part.to_s]

    @property
    def whole_conversations(self) -> bool:
        """Whether they are held to their end, also behind the end of the schedule."""
        return self.schedule.most is not None or any(one.later for one in self.schedule.trace)

    def as_run(self, ran_s: float) -> "Plan":
        """The plan with the length it took, where its last answer ended it."""
        if not self.counted:
            return self
        return replace(self, schedule=replace(self.schedule, duration_s=ran_s))

    @property
    def asked(self) -> frozenset[str]:
        """Names of parameters that any of its requests may have beside what it asks."""
        names = {name for body in self.extra_bodies.values() for name in body}
        if self.prompts_file:
            names |= FromFile(Path(self.prompts_file)).parameters
        return frozenset(
            names
            | (
                {"tools"}
                if self.scenario == "agent" or (self.scenario == "mix" and "agent" in self.mix)
                else set()
            )
        )

    def prompts(self) -> Callable[[int], Prompt]:
        if self.prompts_file:
            return FromFile(Path(self.prompts_file))
        if self.schedule.kind == "trace":
            return FromTrace(self.schedule.trace, self.schedule.seed)
        return Synthetic(self.lengths, self.schedule.seed, shared_prefix=self.shared_prefix)

    def writer(self) -> RequestWriter:
        bodies, prompts = dict(self.extra_bodies), self.prompts()
        extra = bodies.pop("", {})
        return RequestWriter(self.model, self.max_tokens, prompts, extra, bodies)

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
        extra_bodies = bodies_of(options.extra_body or "")
        stop_after = stops_of(options.stop_after)
        gates = tuple(gate_of(text) for text in options.gate)
        rows = len(FromFile(Path(options.prompts))) if options.prompts else len(trace)
        most = requests_of(options.requests, rows)
        rates = numbers_of("rates", options.rates)
        concurrencies = numbers_of("concurrencies", options.concurrencies, whole=True)
        for url in options.scrape or ():
            check_scrape(url)
        if options.baseline:
            check_baseline(Path(options.baseline))
        worse = percent_of("fail-if-worse", options.fail_if_worse)
        if worse is not None and not options.baseline:
            raise PlanError("--fail-if-worse: than what, --baseline must say")
    except OSError as error:
        raise PlanError(f"{error.filename}: {error.strerror}") from error
    except (TraceError, ValueError) as error:
        raise PlanError(str(error)) from error
    check_numbers(options)
    if duration is None:
        duration = _duration(options, trace, most)
    if options.warm_up >= duration:
        raise PlanError("--warm-up must be shorter than --duration")
    check_sweep(options.arrivals, rates, concurrencies)
    if options.arrivals == "search" and most is not None:
        raise PlanError("--requests: a search says itself how many")
    if options.arrivals == "search" and options.ttft_slo is None and options.tpot_slo is None:
        raise PlanError("--arrivals search needs --ttft-slo or --tpot-slo")
    highest = max(options.rate, options.start_rate, *rates)
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
            most=most,
        ),
        stop_after=stop_after,
        rates=rates,
        concurrencies=tuple(int(one) for one in concurrencies),
        records=options.records,
        scrape=tuple(options.scrape or ()),
        fail_if_worse=worse,
        own_users=bool(getattr(options, "own_users", False)),
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
        extra_bodies=extra_bodies,
        insecure=bool(getattr(options, "insecure", False)),
        cacert=getattr(options, "cacert", "") or "",
        report_dir=Path(options.report_dir),
    )
    kinds = set(mix) if plan.scenario == "mix" else {plan.scenario}
    targets = plan.ttft_slo_ms is not None or plan.tpot_slo_ms is not None
    for gate in plan.gates:
        check_gate(gate, kinds, plan.schedule, plan.warm_up_s, targets=targets)
        for rate in rates if plan.schedule.most is None else ():
            stage = replace(plan.schedule, kind="poisson", rate=rate)
            check_gate(gate, kinds, stage, plan.warm_up_s, targets=targets)
    return plan


def requests_of(text: str, rows: int) -> int | None:
    """How many `--requests` asks for; `once` is each row of the prompts or the trace."""
    if not text:
        return None
    if text.strip() == "once":
        if not rows:
            raise ValueError("--requests once: of --prompts or a --trace, and there is none")
        return rows
    if not text.strip().isdecimal() or not 0 < int(text) <= MOST_ARRIVALS:
        raise ValueError(f"--requests {text}: expected a number, or once")
    return int(text)


def _duration(options: Namespace, trace: list[Entry], most: int | None) -> float:
    """Of a schedule that no option gives one: a trace's own, or as long as so many requests take."""
    kind = options.arrivals
    if most is not None and kind in SHAPED:
        raise PlanError(f"--requests: how long a {kind} takes, --duration must say")
    if trace:
        last = trace[min(len(trace), most or len(trace)) - 1]
        return last.at_s * float(options.trace_stretch) + AFTER_TRACE_S
    if most is None:
        return DURATION_S
    if kind == "closed":
        return ENDLESS_S
    if kind == "sweep":
        return DURATION_S
    if kind == "constant":
        return most / float(options.rate)
    endless = Schedule(kind, options.rate, float("inf"), options.seed, options.shape, most=most)
    return max(endless.times(), default=0.0) + AFTER_TRACE_S if kind != "search" else DURATION_S
