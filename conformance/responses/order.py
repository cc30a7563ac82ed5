"""Places in a stream: output and part indexes, ids, how items begin, what stands on what."""

from collections.abc import Hashable, Iterator
from typing import Any, Final

from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import rule
from conformance.responses.selectors import (
    Json,
    dicts,
    final,
    number,
    place,
    stream_with,
    typed,
    with_item,
)
from wire.exchange import Exchange
from wire.responses import fold_responses

ADDED: Final = "response.output_item.added"
DONE: Final = "response.output_item.done"
_ITEMS: Final = stream_with("response.output_item.")


def _items(x: Exchange, wanted: str) -> Iterator[tuple[int, int | None, Json]]:
    """(event, output_index, item) of added or done events."""
    for index, kind, payload in typed(x):
        if kind == wanted and isinstance(payload.get("item"), dict):
            yield index, number(payload, "output_index"), payload["item"]


@rule("responses.stream.output-index", on=_ITEMS)
def output_index(x: Exchange) -> Findings:
    for expected, (event, found, _) in enumerate(_items(x, ADDED)):
        if found is not None and found != expected:
            yield Finding(f"event {event}, output_index", str(expected), str(found), event)
            return  # the items that follow are all off by as much


_PARTS: Final = {
    "response.content_part.added": "content_index",
    "response.reasoning_summary_part.added": "summary_index",
    "response.shell_call_command.added": "command_index",
}


@rule("responses.stream.part-index", on=stream_with(*_PARTS))
def part_index(x: Exchange) -> Findings:
    counts: dict[Hashable, int] = {}
    for event, kind, payload in typed(x):
        field = _PARTS.get(kind, "")
        found = number(payload, field)
        if found is None:
            continue
        key = kind, number(payload, "output_index")
        expected = counts.get(key, 0)
        if found != expected:
            yield Finding(f"event {event}, {field}", str(expected), str(found), event)
        counts[key] = found + 1


@rule("responses.stream.item-id", on=_ITEMS)
def item_id(x: Exchange) -> Findings:
    names: dict[int | None, Any] = {}
    for event, kind, payload in typed(x):
        index = number(payload, "output_index")
        if kind == ADDED and isinstance(payload.get("item"), dict):
            names.setdefault(index, payload["item"].get("id"))
        elif index in names and "item_id" in payload and payload["item_id"] != names[index]:
            expected, found = show(names[index]), show(payload["item_id"])
            yield Finding(f"event {event}, item_id", expected, found, event)


_IDENTITY: Final = ("id", "type", "role", "name", "call_id", "server_label", "phase", "namespace")


@rule("responses.stream.item-identity", on=_ITEMS)
def item_identity(x: Exchange) -> Findings:
    first: dict[int, Json] = {}
    for event, index, item in [*_items(x, ADDED), *_items(x, DONE)]:
        if index is None:
            continue
        known = first.setdefault(index, item)
        for name in _IDENTITY:
            if known.get(name) != item.get(name):
                where = f"event {event}, item.{name}"
                yield Finding(where, show(known.get(name)), show(item.get(name)), event)


@rule("responses.stream.item-added-state", on=stream_with(ADDED))
def added_message(x: Exchange) -> Findings:
    for event, index, item in _items(x, ADDED):
        for name, expected in (("status", "in_progress"), ("content", [])):
            if item.get("type") != "message" or item.get(name) == expected:
                continue
            if item.get(name) == "completed" and _at_once(x, index):
                continue  # the pro models think in secret, and then say everything in one delta
            where = f"event {event}, item.{name}"
            yield Finding(where, show(expected), show(item.get(name)), event)


def _at_once(x: Exchange, index: int | None) -> bool:
    """Whether each text of an item streamed in one delta at most."""
    item = fold_responses(x.reply).items.get(-1 if index is None else index)
    return item is not None and all(len(text.deltas) <= 1 for text in item.texts.values())


@rule("responses.stream.part-added-state", on=stream_with(*_PARTS))
def added_part(x: Exchange) -> Findings:
    for event, kind, payload in typed(x):
        part = payload.get("part")
        for name in ("text", "refusal", "annotations", "logprobs"):
            if kind in _PARTS and isinstance(part, dict) and part.get(name):
                yield Finding(f"event {event}, part.{name}", "nothing yet", show(part[name]), event)
        if kind == "response.shell_call_command.added" and payload.get("command"):
            yield Finding(f"event {event}, command", '""', show(payload["command"]), event)


_FILLED: Final = {"function_call": "arguments", "custom_tool_call": "input"}


def _calls(x: Exchange) -> bool:
    return any(str(item.get("type")) in _FILLED for _, _, item in _items(x, ADDED))


@rule(
    "responses.stream.call-added",
    on=stream_with(ADDED).only("with calls", _calls, "responses.stream.tools"),
)
def added_call(x: Exchange) -> Findings:
    for event, _, item in _items(x, ADDED):
        filled = _FILLED.get(str(item.get("type")))
        if filled is None:
            continue
        for name in ("name", "call_id"):
            if not (isinstance(item.get(name), str) and item[name]):
                yield Finding(f"event {event}, item.{name}", "a name", show(item.get(name)), event)
        if item.get(filled) != "":
            yield Finding(f"event {event}, item.{filled}", '""', show(item.get(filled)), event)


@rule("responses.stream.items-in-turn", on=_ITEMS)
def items_in_turn(x: Exchange) -> Findings:
    opened: dict[int | None, str] = {}
    for event, kind, payload in typed(x):
        item = payload.get("item")
        index = number(payload, "output_index")
        if kind == DONE:
            opened.pop(index, None)
        elif kind == ADDED and isinstance(item, dict):
            # Real streams list the tools of several MCP servers at once.
            for other, about in opened.items():
                if about != "mcp_list_tools":
                    yield Finding(
                        f"event {event}", f"item {other} done first", f"output[{index}]", event
                    )
            opened[index] = str(item.get("type"))


_ENDS: Final = {
    "response.content_part.added": ("response.content_part.done", "content_index"),
    "response.reasoning_summary_part.added": (
        "response.reasoning_summary_part.done",
        "summary_index",
    ),
    "response.shell_call_command.added": ("response.shell_call_command.done", "command_index"),
}


@rule("responses.stream.items-in-turn", on=stream_with(*_ENDS))
def parts_in_turn(x: Exchange) -> Findings:
    opened: dict[Hashable, int] = {}
    ends = {end: (start, field) for start, (end, field) in _ENDS.items()}
    for event, kind, payload in typed(x):
        index = number(payload, "output_index")
        if kind in ends:
            opened.pop((ends[kind][0], index), None)
        elif kind in _ENDS:
            found = number(payload, _ENDS[kind][1])
            other = opened.get((kind, index))
            if other is not None:
                yield Finding(f"event {event}", f"part {other} done first", f"part {found}", event)
            opened[kind, index] = found or 0


# Events of a text -> types of the items and of the parts that it may stand on.
STANDS_ON: Final = {
    "response.output_text.": ("message", "output_text"),
    "response.refusal.": ("message", "refusal"),
    "response.reasoning_text.": ("reasoning", "reasoning_text"),
    "response.reasoning_summary_": ("reasoning", ""),
    "response.function_call_arguments.": ("function_call", ""),
    "response.custom_tool_call_input.": ("custom_tool_call", ""),
    "response.mcp_call_arguments.": ("mcp_call", ""),
    "response.mcp_call.": ("mcp_call", ""),
    "response.mcp_list_tools.": ("mcp_list_tools", ""),
    "response.code_interpreter_call_code.": ("code_interpreter_call", ""),
    "response.code_interpreter_call.": ("code_interpreter_call", ""),
    "response.web_search_call.": ("web_search_call", ""),
    "response.file_search_call.": ("file_search_call", ""),
    "response.image_generation_call.": ("image_generation_call", ""),
    "response.shell_call_command.": ("shell_call", ""),
    "response.shell_call_output_content.": ("shell_call_output", ""),
    "response.compaction.": ("compaction", ""),
}


@rule("responses.stream.channel-place", on=_ITEMS)
def channel_place(x: Exchange) -> Findings:
    kinds: dict[int | None, Any] = {}
    parts: dict[Hashable, Any] = {}
    for event, kind, payload in typed(x):
        index = number(payload, "output_index")
        key = index, number(payload, "content_index")
        part = payload.get("part")
        if kind == ADDED and isinstance(payload.get("item"), dict):
            kinds.setdefault(index, payload["item"].get("type"))
        elif kind == "response.content_part.added" and isinstance(part, dict):
            parts.setdefault(key, part.get("type"))
        wanted = next((on for start, on in STANDS_ON.items() if kind.startswith(start)), None)
        if wanted is None:
            continue
        for expected, found in ((wanted[0], kinds.get(index)), (wanted[1], parts.get(key))):
            if expected and found is not None and found != expected:
                yield Finding(
                    f"event {event}, {kind}", f"on {expected}", f"on {show(found)}", event
                )


_THOUGHT: Final = with_item("reasoning", "responses.reasoning", "responses.stream.reasoning")


@rule("responses.stream.reasoning-first", on=_THOUGHT)
def reasoning_first(x: Exchange) -> Findings:
    found = final(x)
    output = dicts(found[2].get("output")) if found else []
    if not found or not output or found[2].get("status") != "completed":
        return
    if output[-1].get("type") == "reasoning":
        where = place(found[0], f"{found[1]}output[{len(output) - 1}].type")
        yield Finding(where, "what the reasoning was for", '"reasoning" as the last item', found[0])


@rule("responses.stream.summary-empty", on=_THOUGHT.only("streamed", lambda x: x.reply.is_stream))
def summary_empty(x: Exchange) -> Findings:
    for item in fold_responses(x.reply).items.values():
        shown = [n for place_, n in item.parts if place_ == "summary"]
        if item.done is not None and item.done.get("summary") == [] and shown:
            yield Finding(f"output[{item.index}]", "no summary part", f"{len(shown)} parts")
        for part in dicts(item.json.get("summary")):
            if part.get("text") == "":
                yield Finding(f"output[{item.index}], summary", "no empty part", show(part))


@rule("responses.stream.summary-status", on=stream_with("response.reasoning_summary_part.done"))
def summary_status(x: Exchange) -> Findings:
    for event, kind, payload in typed(x):
        status = payload.get("status")
        if kind == "response.reasoning_summary_part.done" and status not in (None, "incomplete"):
            yield Finding(f"event {event}, status", "incomplete or none", show(status), event)
