"""The events that build one finished output item, by tables that follow the API's grammar.

A stream is made from the finished items, never beside them: so each text is the same in its deltas,
its done event, its part and its item. The order is the grammar's; sequence numbers come later.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from gateway.responses.items import PIXEL, Item

Split = Callable[[str], list[str]]


class Step(NamedTuple):
    """An event without its sequence number; a paced one waits for the model's next token."""

    type: str
    fields: dict[str, Any]
    paced: bool = False


# Deltas that the real API pads with `obfuscation`; refusals were never seen with it.
OBFUSCATED: Final = frozenset(
    {
        "response.output_text.delta",
        "response.function_call_arguments.delta",
        "response.custom_tool_call_input.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.code_interpreter_call_code.delta",
        "response.mcp_call_arguments.delta",
        "response.shell_call_command.delta",
    }
)

# Item type -> what its fields hold when the item is added and nothing is known yet.
OPENED: Final[dict[str, Item]] = {
    "message": {"status": "in_progress", "content": []},
    "reasoning": {"content": [], "summary": []},
    "function_call": {"status": "in_progress", "arguments": ""},
    "custom_tool_call": {"status": "in_progress", "input": ""},
    "web_search_call": {"status": "in_progress", "action": {"type": "search"}},
    "file_search_call": {"status": "in_progress", "queries": [], "results": None},
    "code_interpreter_call": {"status": "in_progress", "code": "", "outputs": None},
    "image_generation_call": {"status": "in_progress", "result": None},
    "mcp_call": {"status": "in_progress", "arguments": "", "output": None, "error": None},
    "mcp_list_tools": {"tools": [], "error": None},
    "shell_call": {"status": "in_progress"},
    "shell_call_output": {"status": "in_progress", "output": []},
    "apply_patch_call": {"status": "in_progress"},
    "computer_call": {"status": "in_progress"},
    "local_shell_call": {"status": "in_progress"},
    "tool_search_call": {"status": "in_progress"},
    "tool_search_output": {"status": "in_progress", "tools": []},
}


class Channel(NamedTuple):
    """A text of an item that is streamed in deltas."""

    stem: str  # the events are `<stem>.delta` and `<stem>.done`
    field: str  # in the item, and in the done event


class Phase(NamedTuple):
    """An event that only says how far a hosted call is."""

    type: str


# Item type -> its inner events in order. `{end}` is completed or failed, as the item ended.
_INNER: Final[dict[str, tuple[Channel | Phase, ...]]] = {
    "function_call": (Channel("response.function_call_arguments", "arguments"),),
    "custom_tool_call": (Channel("response.custom_tool_call_input", "input"),),
    "web_search_call": (
        Phase("response.web_search_call.in_progress"),
        Phase("response.web_search_call.searching"),
        Phase("response.web_search_call.completed"),
    ),
    "file_search_call": (
        Phase("response.file_search_call.in_progress"),
        Phase("response.file_search_call.searching"),
        Phase("response.file_search_call.completed"),
    ),
    "code_interpreter_call": (
        Phase("response.code_interpreter_call.in_progress"),
        Channel("response.code_interpreter_call_code", "code"),
        Phase("response.code_interpreter_call.interpreting"),
        Phase("response.code_interpreter_call.completed"),
    ),
    "mcp_call": (
        Phase("response.mcp_call.in_progress"),
        Channel("response.mcp_call_arguments", "arguments"),
        Phase("response.mcp_call.{end}"),
    ),
    "mcp_list_tools": (
        Phase("response.mcp_list_tools.in_progress"),
        Phase("response.mcp_list_tools.{end}"),
    ),
    "compaction": (Phase("response.compaction.compacting"),),
}

PARTIAL_IMAGES: Final = 2


def opened(item: Item) -> Item:
    """The item as `output_item.added` shows it."""
    blanks = OPENED.get(item["type"], {})
    return {key: blanks.get(key, value) for key, value in item.items()}


def item_steps(item: Item, index: int, split: Split) -> Iterator[Step]:
    """All events of one item, from added to done."""
    yield Step("response.output_item.added", {"item": opened(item), "output_index": index})
    at = {"item_id": item.get("id"), "output_index": index}
    match item["type"]:
        case "message":
            for number, part in enumerate(item["content"]):
                yield from _part_steps(part, {**at, "content_index": number}, split)
        case "reasoning":
            yield from _reasoning_steps(item, at, split)
        case "image_generation_call":
            yield from _image_steps(item, at)
        case "shell_call":
            yield from _command_steps(item, index, split)
        case "shell_call_output":
            yield from _output_steps(item, at, split)
        case kind:
            yield from _inner_steps(item, at, _INNER.get(kind, ()), split)
    yield Step("response.output_item.done", {"item": item, "output_index": index})


def _inner_steps(
    item: Item, at: Item, inner: tuple[Channel | Phase, ...], split: Split
) -> Iterator[Step]:
    failed = item.get("status") == "failed" or bool(item.get("error"))
    for part in inner:
        if isinstance(part, Phase):
            yield Step(part.type.format(end="failed" if failed else "completed"), at, paced=True)
            continue
        text = item[part.field] or ""
        for piece in split(text):
            yield Step(f"{part.stem}.delta", {**at, "delta": piece}, paced=True)
        yield Step(f"{part.stem}.done", {**at, part.field: text})


# Part type -> stem of its events, and the field that holds its text.
_PARTS: Final[dict[str, Channel]] = {
    "output_text": Channel("response.output_text", "text"),
    "refusal": Channel("response.refusal", "refusal"),
    "reasoning_text": Channel("response.reasoning_text", "text"),
}


def _part_steps(part: Item, at: Item, split: Split) -> Iterator[Step]:
    channel = _PARTS[part["type"]]
    text = part[channel.field]
    blank = {
        key: "" if key == channel.field else [] if isinstance(value, list) else value
        for key, value in part.items()
    }
    yield Step("response.content_part.added", {**at, "part": blank})
    logprobs = part.get("logprobs")
    if logprobs:  # one delta a token, each with its own probability
        for entry in logprobs:
            fields = {**at, "delta": entry["token"], "logprobs": [entry]}
            yield Step(f"{channel.stem}.delta", fields, paced=True)
    else:
        extra: Item = {"logprobs": []} if part["type"] == "output_text" else {}
        for piece in split(text):
            yield Step(f"{channel.stem}.delta", {**at, "delta": piece, **extra}, paced=True)
    for number, annotation in enumerate(part.get("annotations", ())):
        yield Step(
            "response.output_text.annotation.added",
            {**at, "annotation": annotation, "annotation_index": number},
        )
    done = {**at, channel.field: text}
    if part["type"] == "output_text":
        done["logprobs"] = logprobs or []
    yield Step(f"{channel.stem}.done", done)
    yield Step("response.content_part.done", {**at, "part": part})


def _reasoning_steps(item: Item, at: Item, split: Split) -> Iterator[Step]:
    for number, part in enumerate(item["summary"]):
        here = {**at, "summary_index": number}
        blank = {**part, "text": ""}
        yield Step("response.reasoning_summary_part.added", {**here, "part": blank})
        for piece in split(part["text"]):
            yield Step(
                "response.reasoning_summary_text.delta", {**here, "delta": piece}, paced=True
            )
        yield Step("response.reasoning_summary_text.done", {**here, "text": part["text"]})
        yield Step("response.reasoning_summary_part.done", {**here, "part": part})
    for number, part in enumerate(item.get("content") or ()):
        yield from _part_steps(part, {**at, "content_index": number}, split)


def _image_steps(item: Item, at: Item) -> Iterator[Step]:
    yield Step("response.image_generation_call.in_progress", at, paced=True)
    yield Step("response.image_generation_call.generating", at, paced=True)
    looks = {key: item[key] for key in ("background", "output_format", "quality", "size")}
    for number in range(PARTIAL_IMAGES):
        fields = {**at, **looks, "partial_image_b64": PIXEL, "partial_image_index": number}
        yield Step("response.image_generation_call.partial_image", fields, paced=True)
    yield Step("response.image_generation_call.completed", at, paced=True)


def _command_steps(item: Item, index: int, split: Split) -> Iterator[Step]:
    # These three are the only item events without an item_id.
    for number, command in enumerate(item["action"]["commands"]):
        here = {"command_index": number, "output_index": index}
        yield Step("response.shell_call_command.added", {**here, "command": ""})
        for piece in split(command):
            yield Step("response.shell_call_command.delta", {**here, "delta": piece}, paced=True)
        yield Step("response.shell_call_command.done", {**here, "command": command})


def _output_steps(item: Item, at: Item, split: Split) -> Iterator[Step]:
    for number, output in enumerate(item["output"]):
        here = {**at, "command_index": number}
        for stream in ("stdout", "stderr"):
            for piece in split(output[stream]):
                fields = {**here, "delta": {stream: piece}}
                yield Step("response.shell_call_output_content.delta", fields, paced=True)
        yield Step("response.shell_call_output_content.done", {**here, "output": [output]})
