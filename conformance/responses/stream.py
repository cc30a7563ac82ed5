"""The order inside of a stream: transition tables for its items, parts and texts."""

from collections.abc import Hashable, Iterator
from typing import Final

from conformance.judging.finding import Findings
from conformance.judging.grammar import ANY, END, Grammar, Step, walk
from conformance.judging.rule import rule
from conformance.responses.life import violated
from conformance.responses.selectors import (
    STREAM,
    Json,
    number,
    typed,
)
from wire.exchange import Exchange
from wire.responses import TERMINAL

_S: Final = "responses.stream."

_TEXT: Final = {"delta": "streaming", "text-done": "done"}
INSIDE: Final = Grammar(
    words={
        ("item", "added"): "response.output_item.added",
        ("item", "event"): "an event of the item",
        ("item", "done"): "response.output_item.done",
        ("part", "added"): "response.content_part.added",
        ("part", "delta"): "a delta of its text",
        ("part", "annotation"): "response.output_text.annotation.added",
        ("part", "text-done"): "the done event of its text",
        ("part", "done"): "response.content_part.done",
        ("summary", "added"): "response.reasoning_summary_part.added",
        ("summary", "delta"): "response.reasoning_summary_text.delta",
        ("summary", "text-done"): "response.reasoning_summary_text.done",
        ("summary", "done"): "response.reasoning_summary_part.done",
        ("text", "added"): "its added event",
        ("text", "delta"): "its delta",
        ("text", "text-done"): "its done event",
    },
    tables={
        "item": {
            "start": {"added": "open"},
            "open": {"event": "open", "done": "closed"},
            "closed": {},
        },
        "part": {
            "start": {"added": "open"},
            "open": {"delta": "open", "annotation": "open", "text-done": "texted"},
            "texted": {"annotation": "texted", "done": "closed"},
            "closed": {},
        },
        "summary": {
            "start": {"added": "open"},
            "open": {"delta": "open", "text-done": "texted"},
            "texted": {"done": "closed"},
            "closed": {},
        },
        # A text of the item itself, or sound: no part surrounds it.
        "text": {
            "start": {"added": "streaming", **_TEXT},
            "streaming": _TEXT,
            "done": {},
        },
    },
    accepting={
        "item": frozenset({"closed"}),
        "part": frozenset({"closed"}),
        "summary": frozenset({"closed"}),
        "text": frozenset({"done"}),
    },
    blame={
        ("item", ANY, ANY): _S + "item-added-first",
        ("item", "start", "done"): _S + "item-added-first",
        ("item", ANY, "added"): _S + "output-index",
        ("item", ANY, "done"): _S + "item-done",
        ("item", ANY, END): _S + "item-done",
        ("item", "closed", "event"): _S + "late-event",
        ("part", ANY, ANY): _S + "part-done",
        ("part", "start", ANY): _S + "part-added-first",
        ("part", "start", "done"): _S + "part-added-first",
        ("part", ANY, "added"): _S + "part-index",
        ("part", ANY, "delta"): _S + "text-ends",
        ("part", ANY, "text-done"): _S + "text-ends",
        ("part", "start", "delta"): _S + "part-added-first",
        ("part", "start", "text-done"): _S + "part-added-first",
        ("part", "start", "annotation"): _S + "part-added-first",
        ("part", ANY, "annotation"): _S + "annotations",
        ("summary", ANY, ANY): _S + "summary",
        ("text", ANY, ANY): _S + "text-ends",
    },
    landing={
        ("item", "done"): "closed",
        ("part", "text-done"): "texted",
        ("part", "done"): "closed",
        ("summary", "text-done"): "texted",
        ("summary", "done"): "closed",
    },
)

# Event type -> machine, symbol, and the field that tells machines of one item apart.
PLACES: Final[dict[str, tuple[str, str, str]]] = {
    "response.content_part.added": ("part", "added", "content_index"),
    "response.content_part.done": ("part", "done", "content_index"),
    "response.output_text.annotation.added": ("part", "annotation", "content_index"),
    "response.reasoning_summary_part.added": ("summary", "added", "summary_index"),
    "response.reasoning_summary_part.done": ("summary", "done", "summary_index"),
    "response.shell_call_command.added": ("text", "added", "command_index"),
}
for _family, _kind, _index in (
    ("output_text", "part", "content_index"),
    ("refusal", "part", "content_index"),
    ("reasoning_text", "part", "content_index"),
    ("reasoning_summary_text", "summary", "summary_index"),
    ("function_call_arguments", "text", ""),
    ("custom_tool_call_input", "text", ""),
    ("mcp_call_arguments", "text", ""),
    ("code_interpreter_call_code", "text", ""),
    ("shell_call_command", "text", "command_index"),
    ("shell_call_output_content", "text", "command_index"),
    ("audio", "text", ""),
    ("audio.transcript", "text", ""),
):
    PLACES[f"response.{_family}.delta"] = (_kind, "delta", _index)
    PLACES[f"response.{_family}.done"] = (_kind, "text-done", _index)


def inside_steps(x: Exchange) -> Iterator[Step]:
    for index, kind, payload in typed(x):
        item = number(payload, "output_index")
        if item is not None:
            step = kind.removeprefix("response.output_item.") if "output_item" in kind else "event"
            yield Step("item", item, step, index)
        if kind in PLACES:
            machine, symbol, field = PLACES[kind]
            yield Step(machine, _key(kind, payload, item, field), symbol, index)


def _key(kind: str, payload: Json, item: int | None, field: str) -> Hashable:
    part = number(payload, field) if field else 0
    if field in ("content_index", "summary_index"):
        return item, part
    return kind.rpartition(".")[0], item, part


_EVENTS_OF: Final = {
    _S + "summary": "response.reasoning_summary_",
    _S + "annotations": "response.output_text.annotation.",
}
"""Rows about what not every stream has, and how the types of their events begin."""


def _has_events(x: Exchange, requirement: str) -> bool:
    beginning = _EVENTS_OF.get(requirement, "")
    return any(kind.startswith(beginning) for _, kind, _ in typed(x))


@rule(
    _S + "item-added-first",
    _S + "output-index",
    _S + "item-done",
    _S + "late-event",
    _S + "part-added-first",
    _S + "part-index",
    _S + "part-done",
    _S + "text-ends",
    _S + "annotations",
    _S + "summary",
    on=STREAM,
    sees=_has_events,
)
def inside(x: Exchange) -> Findings:
    told = {kind for _, kind, _ in typed(x)}
    ended = bool(told & (TERMINAL - {"error", "response.failed"}))
    lists = _tool_lists(x)
    for violation in walk(INSIDE, inside_steps(x), ended=ended):
        # Real streams leave a list of MCP tools open that was known before.
        if violation.symbol != END or violation.key not in lists or violation.kind != "item":
            yield violated(INSIDE, violation, x)


def _tool_lists(x: Exchange) -> set[Hashable]:
    return {
        number(payload, "output_index")
        for _, _, payload in typed(x)
        if isinstance(payload.get("item"), dict) and payload["item"].get("type") == "mcp_list_tools"
    }
