"""Roo Code 3.52.1, chat completions: openai-node 5.12.2, and the few members that its handler reads."""

from typing import Any

from conformance.clients.readers.lines import node
from conformance.clients.readers.reading import Reading, StoppedError
from wire.exchange import Exchange


def roo(x: Exchange) -> Reading:
    text = ""
    calls: dict[Any, dict[str, Any]] = {}
    for chunk in node(x):
        delta = _delta(chunk)
        text += str(delta.get("content") or "")
        for part in delta.get("tool_calls") or ():
            # A call begins with the first part that has an id; parts before it are lost.
            index = repr(part.get("index"))
            if part.get("id") and index not in calls:
                if not isinstance(part["id"], str):
                    raise StoppedError(f"the id {part['id']!r} is refused when it is sent back")
                calls[index] = {"name": "", "arguments": ""}
            if call := calls.get(index):
                function = part.get("function") or {}
                call["name"] = function.get("name") or call["name"]
                call["arguments"] += function.get("arguments") or ""
    made = tuple((call["name"], call["arguments"]) for call in calls.values() if call["name"])
    if not made and not text:
        raise StoppedError("the model did not say anything")
    return Reading(text, made)


def _delta(chunk: Any) -> dict[str, Any]:
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    delta = first.get("delta") if isinstance(first, dict) else None
    return delta if isinstance(delta, dict) else {}
