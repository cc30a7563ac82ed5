"""OpenAI SDK for Python 3.54, chat: the plain answer, the raw stream, and `ChatCompletionStream`."""

import json
from collections.abc import Iterable
from typing import Any

from conformance.clients.readers.lines import python, python_body
from conformance.clients.readers.reading import Reading, StoppedError
from wire.exchange import Exchange


def plain(x: Exchange) -> Reading:
    message = python_body(x)["choices"][0]["message"]
    content = message.get("content")
    calls = message.get("tool_calls") or ()
    sent_back(message)
    made = tuple((call["function"]["name"], call["function"].get("arguments")) for call in calls)
    return Reading(content if isinstance(content, str) else "", made)


def raw(x: Exchange) -> Reading:
    given = (chunk.get("choices") for chunk in python(x))
    texts = [choices[0]["delta"].get("content") or "" for choices in given if choices]
    return Reading("".join(texts))


def helper(x: Exchange) -> Reading:
    messages: list[dict[str, Any]] = []
    finishes: list[Any] = []
    grown, first = "", True
    calls_of: dict[Any, _Calls] = {}
    for chunk in python(x):
        if chunk.get("object") != "chat.completion.chunk":
            continue  # what Azure's filters send beside the chunks is passed over
        for choice in chunk["choices"]:
            index, delta = choice.get("index"), choice["delta"]
            # The first chunk is taken as it is: its choices have to stand where they say.
            if first and not 0 <= index < len(chunk["choices"]):
                raise StoppedError("IndexError: list assignment index out of range")
            if index < len(messages):
                messages[index] = accumulated(messages[index], delta)
            else:
                messages.append(accumulated({}, delta))
                finishes.append(None)
            finishes[index] = choice.get("finish_reason") or finishes[index]
            if finishes[index] in ("length", "content_filter"):
                raise StoppedError(f"an error, because finish_reason is {finishes[index]}")
            if not isinstance(choice.get("logprobs"), dict | None):
                raise StoppedError("AttributeError: logprobs has no attribute 'content'")
            parts = delta.get("tool_calls") or ()
            for part in parts:
                messages[index]["tool_calls"][place(part["index"])].get("type")
            calls_of.setdefault(index, _Calls()).end(messages[index], finishes[index], parts)
            content = delta.get("content")
            grown += content if content is not None and index == 0 else ""
        first = False
    message = messages[0]
    calls = message.get("tool_calls") or []
    if finishes[0] is None or (calls and finishes[0] != "tool_calls"):
        raise StoppedError(f"finish_reason {finishes[0]!r}")
    sent_back(message)
    content = message.get("content")
    if not calls and grown != (content or ""):
        raise StoppedError(f"content.delta events tell {grown[:60]!r}")
    made = tuple((call["function"]["name"], call["function"]["arguments"]) for call in calls)
    return Reading(content or "", made)


class _Calls:
    """`ChoiceEventState`: a call is over where another begins, or with the finish_reason."""

    def __init__(self) -> None:
        self._now: int | None = None
        self._over: set[int] = set()

    def end(self, message: dict[str, Any], finish: Any, parts: Iterable[dict[str, Any]]) -> None:
        if finish:
            self._read(message)
        for part in parts:
            index = place(part["index"])
            if self._now != index:
                self._read(message)
            self._now = index

    def _read(self, message: dict[str, Any]) -> None:
        """The helper takes strict tools alone, and reads their arguments as JSON when they are over."""
        if self._now is not None and self._now not in self._over:
            self._over.add(self._now)
            json.loads(message["tool_calls"][self._now]["function"]["arguments"])


def sent_back(message: dict[str, Any]) -> None:
    """A message with calls goes back as it came, with what the tools said: servers refuse half ones."""
    calls = message.get("tool_calls") or ()
    if calls and message.get("role") != "assistant":
        raise StoppedError(f"a message of role {message.get('role')!r} is sent back")
    if calls and not isinstance(message.get("refusal"), str | None):
        raise StoppedError(f"a refusal {message['refusal']!r} is sent back")
    for call in calls:
        if not isinstance(call.get("id"), str) or not call.get("type"):
            raise StoppedError("a call without id or type is sent back")
        if not isinstance(call["function"].get("arguments"), str):
            raise StoppedError("TypeError: the arguments are not a text")


def accumulated(held: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    """`accumulate_delta` of the SDK: texts and numbers are added, entries of lists join by index."""
    for key, value in delta.items():
        if held.get(key) is None:
            if not _indexed(value):
                held[key] = value
                continue
            held[key] = []
        if key in ("index", "type"):
            held[key] = value
        else:
            held[key] = _joined(held[key], value)
    return held


def place(index: Any) -> Any:
    """Pydantic takes the text of a number for the number."""
    return int(index) if isinstance(index, str) and index.isdigit() else index


def _indexed(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(e, dict) and "index" in e for e in value)


def _joined(held: Any, value: Any) -> Any:
    if isinstance(held, str) and isinstance(value, str):
        return held + value
    if isinstance(held, int | float) and isinstance(value, int | float):
        return held + value
    if isinstance(held, dict) and isinstance(value, dict):
        return accumulated(held, value)
    if not (isinstance(held, list) and isinstance(value, list)):
        return held
    if all(isinstance(e, str | int | float) for e in held) and (held or not _indexed(value)):
        return [*held, *value]
    for entry in value:
        index = place(entry["index"])
        if not isinstance(index, int):
            raise StoppedError(
                f"TypeError: list delta entry index value is not an integer; {index!r}"
            )
        if index < len(held):
            held[index] = accumulated(held[index], entry)
        else:
            held.insert(index, entry)
    return held
