"""Stages of a run in its document: each with its own window, table and verdict, and what they say together."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from load.measure.stages import knee, pareto, sentence
from load.report.document import Result, result
from load.session.fleet import Fleet
from load.workload.plan import Plan

KEPT: Final = (
    "validity", "arrivals", "outcomes", "metrics", "rates", "goodput", "gates", "streaming", "usage", "server",
)  # fmt: skip
SEVERITY: Final = (0, 1, 3, 4, 2)  # of exit codes: what could not run says the least


def stage_of(label: str, found: Result) -> dict[str, Any]:
    """The part of a document that a stage has for itself."""
    return {"label": label, **{name: found.document[name] for name in KEPT}}


def parts(plan: Plan, fleet: Fleet, about: dict[str, Any]) -> list[dict[str, Any]]:
    """The stages of one run whose rate changes on the way, by planned arrival."""
    found = []
    for part, total in zip(plan.parts(), fleet.total.stages, strict=False):
        total.counts["cut_short"] = fleet.total.counts["cut_short"]
        if fleet.total.counts["cut_short"] and fleet.ran_s <= part.from_s:
            break
        own = replace(plan, warm_up_s=part.from_s, schedule=replace(plan.schedule, duration_s=part.to_s))  # fmt: skip
        alone = replace(fleet, total=total, server=[])  # the run itself has that of the server
        found.append(stage_of(part.label, result(own, alone, about, None)))
    return found


def together(by: str, stages: Sequence[dict[str, Any]], shown: str = "") -> dict[str, Any]:
    """`shown`: the stage whose figures the document itself has."""
    return {
        "by": by,
        "shown": shown,
        "pareto": pareto(stages),
        "knee": knee(stages),
        "sentence": sentence(stages),
        "stages": list(stages),
    }


def swept(found: Result, by: str, stages: Sequence[dict[str, Any]], codes: Sequence[int], shown: str) -> Result:  # fmt: skip
    """The document of one stage made that of the whole sweep: no doubt and no failed gate of any stage is lost."""
    document = found.document
    document["stages"] = together(by, stages, shown)
    doubts = [f"at {one['label']}: {why}" for one in stages for why in one["validity"]["reasons"]]
    document["validity"] = {"stamp": "INVALID" if doubts else "VALID", "reasons": doubts}
    document["gates"] = [
        gate | {"gate": f"{gate['gate']} at {one['label']}"}
        for one in stages
        for gate in one["gates"]
    ]
    return Result(document, max(codes, key=SEVERITY.index))


def lines(document: dict[str, Any]) -> Iterator[str]:
    """A line a stage, and what they say together."""
    stages = document.get("stages")
    if not stages:
        return
    for one in stages["stages"]:
        yield line(one)
    said = stages["sentence"]
    yield f"stages: {said}{'; ' if said else ''}Pareto front: {', '.join(stages['pareto']) or 'none'}"


def line(stage: dict[str, Any]) -> str:
    """`8/s VALID 4 s to 14 s: completed 7.9/s of 8/s, 210 tokens/s, TTFT p50 …`."""
    rates, window = stage["rates"], stage["rates"]["window"]
    tokens = rates["output_tokens_per_s"]
    speed = f"{tokens:g} tokens/s" if tokens is not None else f"{rates['chunks_per_s']:g} chunks/s"
    failed = rates["error_share"] or 0.0
    behind = ", falls behind" if rates["saturated"] else ""
    return (
        f"stage {stage['label']:>8} {stage['validity']['stamp']:7} {window['from_s']:g} s to {window['to_s']:g} s: "
        f"completed {rates['completed_per_s']:g}/s of {rates['offered_per_s']:g}/s, {speed}, "
        f"TTFT p50 {_ms(stage, 'ttft_ms', 'p50')} p99 {_ms(stage, 'ttft_ms', 'p99')}, "
        f"TPOT p50 {_ms(stage, 'tpot_ms', 'p50')}, errors {failed:.1%}{behind}"
    )


def _ms(stage: dict[str, Any], metric: str, point: str) -> str:
    value = stage["metrics"][metric][point]
    return "n/a" if value is None else f"{value:.1f} ms"
