"""OpenAI SDK for Node 6.49, Responses: the plain answer, the raw stream, and `ResponseStream`.

`accumulated` is the SDK's `accumulateResponse`; Continue carries an older one, which knows fewer events.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final, NamedTuple

from conformance.clients.readers.lines import node, node_body
from conformance.clients.readers.reading import Reading, StoppedError
from wire.exchange import Exchange

Json = dict[str, Any]


class Place(NamedTuple):
    """What an event changes: items of `item`, in `member` of them, by `of` of the event."""

    item: str
    member: str = ""
    of: str = ""
    part: str = ""
    adds: bool = False


# Event -> what it changes. Each looks for its item first, and for its part where it has one.
_CHANGES: Final = {
    "response.output_text.delta": Place("message", "text", "delta", "output_text", True),
    "response.output_text.done": Place("message", "text", "text", "output_text"),
    "response.refusal.delta": Place("message", "refusal", "delta", "refusal", True),
    "response.refusal.done": Place("message", "refusal", "refusal", "refusal"),
    "response.reasoning_text.delta": Place("reasoning", "text", "delta", "reasoning_text", True),
    "response.reasoning_text.done": Place("reasoning", "text", "text", "reasoning_text"),
    "response.function_call_arguments.delta": Place("function_call", "arguments", "delta", adds=True),
    "response.function_call_arguments.done": Place("function_call", "arguments", "arguments"),
    "response.custom_tool_call_input.delta": Place("custom_tool_call", "input", "delta", adds=True),
    "response.custom_tool_call_input.done": Place("custom_tool_call", "input", "input"),
    "response.mcp_call_arguments.delta": Place("mcp_call", "arguments", "delta", adds=True),
    "response.mcp_call_arguments.done": Place("mcp_call", "arguments", "arguments"),
}  # fmt: skip
OLDER: Final = {name: _CHANGES[name] for name in (
    "response.output_text.delta", "response.function_call_arguments.delta",
    "response.reasoning_text.delta",
)}  # fmt: skip
_WHOLE: Final = frozenset({
    "response.created", "response.queued", "response.in_progress", "response.completed",
    "response.failed", "response.incomplete",
})  # fmt: skip
_HOSTED: Final = ("code_interpreter_call", "file_search_call", "web_search_call",
                  "image_generation_call", "mcp_call")  # fmt: skip
_STATELESS: Final = frozenset({
    "response.audio.delta", "response.audio.done", "response.audio.transcript.delta",
    "response.audio.transcript.done", "response.image_generation_call.partial_image",
    "response.mcp_list_tools.in_progress", "response.mcp_list_tools.completed",
    "response.mcp_list_tools.failed", "keepalive", "error",
})  # fmt: skip


def plain(x: Exchange) -> Reading:
    response = node_body(x)
    if response.get("object") != "response":
        raise StoppedError("output_text is undefined, because object is not response")
    return told(response)


def raw(x: Exchange) -> Reading:
    text, last = "", None
    for event in node(x):
        last = event.get("type")
        if last == "response.output_text.delta":
            text += _js(event.get("delta"))
    if last != "response.completed":
        raise StoppedError(f"the last event is {last}")
    return Reading(text)


def helper(x: Exchange) -> Reading:
    snapshot: Json | None = None
    grown = ""
    for event in node(x):
        snapshot = accumulated(event, snapshot, _CHANGES)
        if event.get("type") == "response.output_text.delta":
            item = _item(snapshot, event)
            if item.get("type") == "message":
                _part(item["content"], event, "output_text")
                grown += _js(event.get("delta"))
    if snapshot is None:
        raise StoppedError("request ended without sending any events")
    reading = told(snapshot)
    if not reading.calls and grown != reading.text:
        raise StoppedError(f"response.output_text.delta events tell {grown[:60]!r}")
    return reading


def told(response: Json) -> Reading:
    """`output_text` and the calls of a response."""
    texts = [
        part["text"]
        for item in response["output"] if item.get("type") == "message"
        for part in item["content"] if part.get("type") == "output_text"
    ]  # fmt: skip
    made = [item for item in response["output"] if item.get("type") == "function_call"]
    if not all(call.get("call_id") for call in made):
        raise StoppedError("a call without call_id, which nothing answers")
    return Reading("".join(texts), tuple((c.get("name"), c.get("arguments")) for c in made))


def accumulated(event: Json, snapshot: Json | None, changes: Mapping[str, Place]) -> Json:
    kind: Any = event.get("type")
    if snapshot is None:
        if kind != "response.created":
            raise StoppedError(f"expected 'response.created' event, got {kind}")
        return deepcopy(_response(event))
    older = changes is OLDER
    if kind == "response.output_item.added":
        snapshot["output"].append(deepcopy(_object(event, "item")))
        _add_text(snapshot, older=older)
    elif kind == "response.content_part.added":
        _add_part(snapshot, event)
    elif kind in changes:
        _change(snapshot, event, changes[kind])
    elif older:
        return _object(event, "response") if kind == "response.completed" else snapshot
    elif kind == "response.output_item.done":
        _item(snapshot, event)
        snapshot["output"][_place(event["output_index"])] = deepcopy(_object(event, "item"))
        _add_text(snapshot, older=older)
    elif kind == "response.content_part.done":
        _end_part(snapshot, event)
    elif kind in _WHOLE:
        return deepcopy(_response(event))
    elif not _known(kind, snapshot, event):
        raise StoppedError(f"Unhandled response stream event: {event}"[:120])
    return snapshot


def _add_text(snapshot: Json, *, older: bool) -> None:
    """`output_text` is made anew of all messages, wherever one comes or ends."""
    for item in snapshot["output"] if not older else ():
        if item.get("type") == "message" and not isinstance(item.get("content"), list):
            raise StoppedError("output.content is not iterable")


def _response(event: Json) -> Json:
    return _object(event, "response")


def _object(event: Json, name: str) -> Json:
    """A member of which others are read: JavaScript stops only where it is not there at all."""
    found: Json = event.get(name)  # type: ignore[assignment]
    if not isinstance(found, dict):
        raise StoppedError(f"TypeError: Cannot read properties of {name}")
    return found


def _place(index: Any) -> Any:
    """JavaScript takes the text of a number for the number."""
    return int(index) if isinstance(index, str) and index.isdigit() else index


def _item(snapshot: Json, event: Json) -> Json:
    index = _place(event.get("output_index"))
    output = snapshot["output"]
    if not (isinstance(index, int) and 0 <= index < len(output)) or not output[index]:
        raise StoppedError(f"missing output at index {event.get('output_index')}")
    item: Json = output[index]
    return item


def _part(content: Any, event: Json, kind: str, index: str = "content_index") -> Json:
    at = _place(event.get(index))
    if not (isinstance(at, int) and 0 <= at < len(content)) or not content[at]:
        raise StoppedError(f"missing content at index {event.get(index)}")
    part: Json = content[at]
    if kind and part.get("type") != kind:
        raise StoppedError(f"expected content to be {kind!r}, got {part.get('type')}")
    return part


def _add_part(snapshot: Json, event: Json) -> None:
    item, part = _item(snapshot, event), _object(event, "part")
    if item.get("type") == "message" and part.get("type") != "reasoning_text":
        item["content"].append(deepcopy(part))
    elif item.get("type") == "reasoning" and part.get("type") == "reasoning_text":
        item["content"] = [*(item.get("content") or []), deepcopy(part)]


def _end_part(snapshot: Json, event: Json) -> None:
    item, part = _item(snapshot, event), _object(event, "part")
    if item.get("type") == "message" and part.get("type") != "reasoning_text":
        _part(item["content"], event, "")
        item["content"][_place(event["content_index"])] = deepcopy(part)
    elif item.get("type") == "reasoning" and part.get("type") == "reasoning_text":
        _part(item.get("content") or [], event, "")


def _change(snapshot: Json, event: Json, place: Place) -> None:
    item = _item(snapshot, event)
    if item.get("type") != place.item:
        return
    holder = _part(item.get("content") or [], event, place.part) if place.part else item
    new = event.get(place.of)
    holder[place.member] = _js(holder.get(place.member)) + _js(new) if place.adds else new


def _js(value: Any) -> str:
    """What JavaScript adds to a text."""
    if isinstance(value, str):
        return value
    return "[object Object]" if isinstance(value, dict) else "null" if value is None else str(value)


def _known(kind: Any, snapshot: Json, event: Json) -> bool:
    """Events that change nothing of texts and calls; most still look for their item."""
    if kind in _STATELESS:
        return True
    if kind == "response.output_text.annotation.added":
        item = _item(snapshot, event)
        if item.get("type") == "message":
            _part(item["content"], event, "output_text")["annotations"]
        return True
    if not isinstance(kind, str):
        return False
    if kind.startswith("response.reasoning_summary_"):
        item = _item(snapshot, event)
        if item.get("type") == "reasoning" and kind.endswith("_part.added"):
            item["summary"].append(deepcopy(_object(event, "part")))
        elif item.get("type") == "reasoning":
            _part(item["summary"], event, "", "summary_index")
        return True
    if any(kind.startswith(f"response.{hosted}") for hosted in _HOSTED):
        _item(snapshot, event)
        return True
    return False
