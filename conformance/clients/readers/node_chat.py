"""OpenAI SDK for Node 6.49, chat: the plain answer, the raw stream, and `ChatCompletionStream`."""

import json
from typing import Any

from conformance.clients.readers.lines import node, node_body
from conformance.clients.readers.python_chat import sent_back
from conformance.clients.readers.reading import Reading, StoppedError
from wire.exchange import Exchange


def plain(x: Exchange) -> Reading:
    message = node_body(x)["choices"][0]["message"]
    content = message.get("content")
    calls = message.get("tool_calls") or ()
    sent_back(message)
    made = tuple((call["function"]["name"], call["function"].get("arguments")) for call in calls)
    return Reading(content if isinstance(content, str) else "", made)


def raw(x: Exchange) -> Reading:
    text = ""
    for chunk in node(x):
        choices = chunk["choices"]
        delta = (choices[0].get("delta") or {}) if choices else {}
        content = delta.get("content")
        text += "" if content is None else str(content)
    return Reading(text)


def helper(x: Exchange) -> Reading:
    choices: dict[Any, dict[str, Any]] = {}
    grown = ""
    for chunk in node(x):
        _listed(chunk["choices"])
        for choice in chunk["choices"]:
            grown += _add(choices, choice)
    if 0 not in choices:
        raise StoppedError("request ended without sending any chunks of choice 0")
    return _final(choices, grown)


def _listed(value: Any) -> None:
    if not isinstance(value, list):
        raise StoppedError(f"TypeError: choices is not iterable: {value!r}"[:120])


def _place(index: Any) -> Any:
    """JavaScript takes the text of a number for the number."""
    return int(index) if isinstance(index, str) and index.isdigit() else index


def _add(choices: dict[Any, dict[str, Any]], given: dict[str, Any]) -> str:
    """Add one choice of a chunk; the text that it shows."""
    choice = choices.setdefault(
        _place(given.get("index")),
        {"content": "", "role": None, "finish": None, "calls": {}, "over": set(), "now": None},
    )
    if given.get("finish_reason"):
        choice["finish"] = given["finish_reason"]
    delta = given.get("delta") or {}
    choice["role"] = delta.get("role") or choice["role"]
    choice["content"] += str(delta.get("content") or "")
    for part in delta.get("tool_calls") or ():
        call = choice["calls"].setdefault(
            _place(part.get("index")), {"type": None, "function": None, "id": None}
        )
        call["type"] = part.get("type") or call["type"]
        call["id"] = part.get("id") or call["id"]
        function = part.get("function")
        if function:
            call["function"] = call["function"] or {"name": "", "arguments": ""}
            call["function"]["name"] = function.get("name") or call["function"]["name"]
            call["function"]["arguments"] += function.get("arguments") or ""
    _end_calls(choice, [part.get("index") for part in delta.get("tool_calls") or ()])
    shown = choice["role"] == "assistant" and choice["content"]
    return str(delta["content"]) if shown and delta.get("content") is not None else ""


def _end_calls(choice: dict[str, Any], indexes: list[Any]) -> None:
    ended = [choice["now"]] if choice["finish"] and choice["now"] is not None else []
    for index in indexes:
        if choice["now"] not in (None, index):
            ended.append(choice["now"])
        choice["now"] = index
    for index in ended:
        call = choice["calls"].get(_place(index))
        if index not in choice["over"] and (call is None or not call["type"]):
            raise StoppedError("tool call snapshot missing `type`")
        if index not in choice["over"] and call["function"]:
            # The helper takes strict tools alone, and reads their arguments as JSON when they are over.
            json.loads(call["function"]["arguments"])
        choice["over"].add(index)


def _final(choices: dict[Any, dict[str, Any]], grown: str) -> Reading:
    for index, choice in choices.items():
        for member, name in (("finish", "finish_reason"), ("role", "role")):
            if not choice[member]:
                raise StoppedError(f"missing {name} for choice {index}")
        for number, call in choice["calls"].items():
            if call["type"] is None or call["function"] is None:
                raise StoppedError(
                    f"missing choices[{index}].tool_calls[{number}].type or function"
                )
            if not isinstance(call["id"], str | None):  # one that is missing is made up
                raise StoppedError(f"the id {call['id']!r} is refused when it is sent back")
    first = choices[0]
    if not first["calls"] and grown != first["content"]:
        raise StoppedError(f"content events tell {grown[:60]!r}")
    if first["calls"] and set(first["calls"]) != set(range(len(first["calls"]))):
        raise StoppedError(f"tool_calls have holes: {list(first['calls'])}")
    if first["calls"] and first["finish"] != "tool_calls":
        raise StoppedError(f"finish_reason {first['finish']!r} with tool calls")
    if first["calls"] and first["role"] != "assistant":
        raise StoppedError(f"a message of role {first['role']!r} is sent back")
    calls = [call["function"] for _, call in sorted(first["calls"].items())]
    return Reading(first["content"], tuple((call["name"], call["arguments"]) for call in calls))
