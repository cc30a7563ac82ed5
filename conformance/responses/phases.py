"""The phases of calls that the server runs itself."""

from collections import defaultdict
from typing import Any, Final

from conformance.judging.finding import Finding, Findings, show
from conformance.judging.grammar import ANY, END, Grammar, Step, walk
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from conformance.responses.selectors import number, stream_with, typed
from wire.exchange import Exchange
from wire.responses import fold_responses

# Item type -> its phases in order; the last is also `failed` where that exists.
PHASES: Final[dict[str, tuple[str, ...]]] = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
    "image_generation_call": ("in_progress", "generating", "completed"),
    "mcp_call": ("in_progress", "completed"),
    "mcp_list_tools": ("in_progress", "completed"),
}
_HOSTED: Final[Selector] = stream_with(*(f"response.{kind}." for kind in PHASES))
_MCP: Final[Selector] = stream_with("response.mcp_call.", "response.mcp_list_tools.")
_IMAGE: Final = "response.image_generation_call.partial_image"
_MIDDLE: Final = frozenset({"searching", "interpreting", "generating"})

_TABLE: Final = {
    "start": {"in_progress": "began"},
    "began": {"middle": "working", "completed": "ended", "failed": "ended"},
    "working": {"picture": "working", "completed": "ended", "failed": "ended"},
    "ended": {},
}
_BLAME: Final = "responses.stream.phases"
_MCP_END: Final = "responses.stream.mcp-end"
GRAMMAR: Final = Grammar(
    words={
        (kind, symbol): words
        for kind in ("call", "mcp")
        for symbol, words in {
            "in_progress": "its in_progress event",
            "middle": "its searching, interpreting or generating event",
            "picture": "a partial image",
            "completed": "its completed event",
            "failed": "its failed event",
        }.items()
    },
    tables={"call": _TABLE, "mcp": _TABLE},
    accepting={"call": frozenset(_TABLE), "mcp": frozenset({"ended"})},
    blame={
        ("call", ANY, ANY): _BLAME,
        ("mcp", ANY, ANY): _BLAME,
        ("mcp", "ended", ANY): _MCP_END,
        ("mcp", ANY, END): _MCP_END,
    },
    landing={
        (kind, *where): state
        for kind in ("call", "mcp")
        for where, state in {
            ("start", "middle"): "working",
            ("start", "picture"): "working",
            ("began", "picture"): "working",
            ("completed",): "ended",
            ("failed",): "ended",
        }.items()
    },
)


def _phase(kind: str) -> tuple[str, str] | None:
    """(item type, phase) of a phase event."""
    family, _, phase = kind.removeprefix("response.").rpartition(".")
    known = family in PHASES and phase in (*PHASES[family], "failed", "partial_image")
    return (family, phase) if known else None


def _steps(x: Exchange) -> list[Step]:
    steps = []
    for event, kind, payload in typed(x):
        index, found = number(payload, "output_index"), _phase(kind)
        if found is None or index is None:
            continue
        family, phase = found
        symbol = "middle" if phase in _MIDDLE else "picture" if kind == _IMAGE else phase
        steps.append(Step("mcp" if family.startswith("mcp") else "call", index, symbol, event))
    return steps


def _walked(x: Exchange, requirement: str) -> Findings:
    kinds = {event: kind for event, kind, _ in typed(x)}
    ended = "response.completed" in kinds.values()
    for wrong in walk(GRAMMAR, _steps(x), ended=ended):
        if wrong.requirement == requirement:
            where = "end of the stream" if wrong.symbol == END else f"event {wrong.event}"
            allowed = GRAMMAR.expected(wrong)
            found = "no more events" if wrong.symbol == END else kinds[wrong.event]
            yield Finding(f"{where} for output[{wrong.key}]", allowed, found, wrong.event)


@rule(_BLAME, on=_HOSTED)
def in_order(x: Exchange) -> Findings:
    yield from _walked(x, _BLAME)


@rule(_MCP_END, on=_MCP)
def mcp_end(x: Exchange) -> Findings:
    yield from _walked(x, _MCP_END)
    ends = {step.key: step.symbol for step in _steps(x) if step.symbol in ("completed", "failed")}
    for index, item in fold_responses(x.reply).items.items():
        if (
            item.done is None
            or str(item.type) not in ("mcp_call", "mcp_list_tools")
            or index not in ends
        ):
            continue
        expected = "failed" if item.done.get("error") is not None else "completed"
        if ends[index] != expected:
            yield Finding(f"output[{index}]", f"{expected}, as its error says", str(ends[index]))


def _hosted_items(x: Exchange) -> bool:
    return x.reply.is_stream and any(
        str(i.type) in PHASES for i in fold_responses(x.reply).items.values()
    )


@rule(
    "responses.stream.phases-all",
    on=stream_with("response.output_item.").only(
        "with hosted calls", _hosted_items, "responses.stream.hosted"
    ),
)
def all_phases(x: Exchange) -> Findings:
    seen: defaultdict[Any, list[str]] = defaultdict(list)
    for _, kind, payload in typed(x):
        if found := _phase(kind):
            seen[number(payload, "output_index")].append(found[1])
    for index, item in fold_responses(x.reply).items.items():
        if item.done is None or str(item.type) not in PHASES:
            continue
        lacking = set(PHASES[item.type]) - set(seen[index])
        if "failed" in seen[index]:
            lacking -= {"completed"}
        if lacking:
            what = f"phases {', '.join(PHASES[item.type])}"
            yield Finding(f"output[{index}], {item.type}", what, show(seen[index]))


@rule("responses.stream.partial-images", on=stream_with(_IMAGE))
def partial_images(x: Exchange) -> Findings:
    counts: defaultdict[Any, int] = defaultdict(int)
    for event, kind, payload in typed(x):
        if kind != _IMAGE:
            continue
        index, found = number(payload, "output_index"), payload.get("partial_image_index")
        if found != counts[index]:
            where = f"event {event}, partial_image_index"
            yield Finding(where, str(counts[index]), show(found), event)
        counts[index] += 1
