"""Cline 3.0.65, chat completions: `@ai-sdk/openai-compatible` as it carries it, which checks types."""

from collections.abc import Callable
from typing import Any

from conformance.clients.readers.lines import standard
from conformance.clients.readers.reading import Reading, StoppedError
from wire.exchange import Exchange, Invalid

Check = Callable[[Any], bool]


def cline(x: Exchange) -> Reading:
    text = ""
    calls = Calls()
    finish: str | None = None
    for chunk in standard(x):
        if isinstance(chunk, Invalid):
            raise StoppedError(f"JSON parsing failed: {chunk.reason}")
        if not _is_chunk(chunk):
            raise StoppedError(f"Type validation failed: {chunk}"[:160])
        if "error" in chunk:
            raise StoppedError(f"an error: {chunk['error']}"[:160])
        choice = chunk["choices"][0] if chunk["choices"] else {}
        finish = choice.get("finish_reason") or finish
        delta = choice.get("delta") or {}
        text += delta.get("content") or ""
        for part in delta.get("tool_calls") or ():
            calls.take(part)
    calls.flush()
    if finish is None:
        raise StoppedError("Response stream ended without a finish reason.")
    if finish == "length":
        raise StoppedError(
            "Model reached the maximum output token limit before completing the turn"
        )
    if not calls.made and not text:
        raise StoppedError("Model returned empty response")
    return Reading(text, tuple((call["name"], call["arguments"]) for call in calls.made))


class Calls:
    """Parts of calls: kept by index until the name is known, then by id, by index, or to the latest."""

    def __init__(self) -> None:
        self.made: list[dict[str, str]] = []
        self._waiting: dict[int, dict[str, Any]] = {}
        self._named: set[int] = set()
        self._by_id: dict[str, dict[str, str]] = {}
        self._by_index: dict[int, dict[str, str]] = {}

    def take(self, part: dict[str, Any]) -> None:
        index = part.get("index")
        if index is None or index in self._named:
            self._track(part)
            return
        held = self._waiting.setdefault(index, {"id": None, "function": {"arguments": ""}})
        held["id"] = part.get("id") if held["id"] is None else held["id"]
        held["function"]["arguments"] += part["function"].get("arguments") or ""
        if part["function"].get("name") is not None:
            held["function"]["name"] = part["function"]["name"]
            self._track({**held, "index": index})
            del self._waiting[index]
            self._named.add(index)

    def flush(self) -> None:
        for index, held in self._waiting.items():
            self._track({**held, "index": index})

    def _track(self, part: dict[str, Any]) -> None:
        name, index = part.get("id"), part.get("index")
        if name:
            call = self._by_id.get(name)
        elif index is not None:
            call = self._by_index.get(index)
        else:
            call = self.made[-1] if self.made else None
        arguments = part["function"].get("arguments") or ""
        if call is None:
            call = self._begun(part)
        else:
            call["arguments"] += arguments
        if index is not None:
            self._by_index[index] = call

    def _begun(self, part: dict[str, Any]) -> dict[str, str]:
        name, function = part.get("id"), part["function"]
        if name is None:
            raise StoppedError("Expected 'id' to be a string.")
        if function.get("name") is None:
            raise StoppedError("Expected 'function.name' to be a string.")
        call = {"name": function["name"], "arguments": function.get("arguments") or ""}
        self.made.append(call)
        if name:
            self._by_id[name] = call
        return call


# The schema of a chunk: members that are not named may be anything.


def _maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _object(**members: Check) -> Check:
    def check(value: Any) -> bool:
        return isinstance(value, dict) and all(c(value.get(name)) for name, c in members.items())

    return check


_text, _number = _maybe(_is_text), _maybe(_is_number)
_PART = _object(
    index=_number, id=_text, function=_object(name=_text, arguments=_text), extra_content=_maybe(_object())
)  # fmt: skip
_DELTA = _object(
    role=lambda value: value in (None, "assistant", ""),
    content=_text,
    reasoning_content=_text,
    reasoning=_text,
    tool_calls=_maybe(_list_of(_PART)),
)
_USAGE = _object(
    prompt_tokens=_number,
    completion_tokens=_number,
    total_tokens=_number,
    prompt_tokens_details=_maybe(_object(cached_tokens=_number)),
    completion_tokens_details=_maybe(
        _object(
            reasoning_tokens=_number,
            accepted_prediction_tokens=_number,
            rejected_prediction_tokens=_number,
        )
    ),
)
_CHOICE = _object(delta=_maybe(_DELTA), finish_reason=_text)
_BASE = _object(
    id=_text, created=_number, model=_text, choices=_list_of(_CHOICE), usage=_maybe(_USAGE)
)
_ERROR = _object(error=_object(message=_is_text, type=_text))


def _is_chunk(value: Any) -> bool:
    return _BASE(value) or _ERROR(value)
