"""Codex 0.169, the CLI and the server of its extension: what of a response fits its structs.

Codex drops an event or an item of which one member has a type that it does not expect, and says nothing of it:
the text is not shown, the call is not made. Only a response.completed that does not fit ends the turn. What was
found by trying member after member; members that are not named may be anything.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

Json = dict[str, Any]


class Misfit(NamedTuple):
    """A member that does not fit: its path, what would, what is there."""

    path: str
    expected: str
    value: Any


class Member(NamedTuple):
    """What one member has to be; where it is `free` it need not be there, and null is as good."""

    expected: str
    fits: Callable[[Any], bool]
    free: bool = True
    no_null: bool = False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_TEXT: Final = Member("a text", _is_text)
_WHOLE: Final = Member("a whole number", _is_whole)
_LIST: Final = Member("a list", lambda value: isinstance(value, list))
_NEEDED_TEXT: Final = Member("a text", _is_text, free=False)
_NEEDED_WHOLE: Final = Member("a whole number", _is_whole, free=False)
_OBJECT: Final = Member("an object", lambda value: isinstance(value, dict))
_PHASE: Final = Member(
    "commentary or final_answer", lambda value: value in ("commentary", "final_answer")
)
_EVENT: Final = {
    "item_id": _TEXT, "call_id": _TEXT, "delta": _TEXT, "text": _TEXT,
    "content_index": _WHOLE, "summary_index": _WHOLE,
}  # fmt: skip
_PART: Final = {"text": _NEEDED_TEXT, "annotations": _LIST, "logprobs": _LIST}
_MESSAGE: Final = {
    "id": _TEXT, "status": _TEXT, "role": Member("assistant", lambda value: value == "assistant", free=False), "phase": _PHASE,
    "content": Member("a list", lambda value: isinstance(value, list), free=False),
}  # fmt: skip
_CALL: Final = {"id": _TEXT, "status": _TEXT, "name": _NEEDED_TEXT, "call_id": _NEEDED_TEXT}
_ITEMS: Final[Mapping[Any, Mapping[str, Member]]] = {
    "message": _MESSAGE,
    "function_call": {**_CALL, "namespace": _TEXT, "arguments": _NEEDED_TEXT},
    "custom_tool_call": {**_CALL, "input": _NEEDED_TEXT},
}
_COMPLETED: Final = {
    "usage": _OBJECT, "end_turn": Member("true or false", lambda value: isinstance(value, bool)),
}  # fmt: skip
_USAGE: Final = {
    "input_tokens": _NEEDED_WHOLE, "output_tokens": _NEEDED_WHOLE, "total_tokens": _NEEDED_WHOLE,
    "input_tokens_details": _OBJECT, "output_tokens_details": _OBJECT,
}  # fmt: skip
_DETAILS: Final = {
    "input_tokens_details": {
        "cached_tokens": _NEEDED_WHOLE,
        "cache_write_tokens": Member("a whole number", _is_whole, no_null=True),
    },
    "output_tokens_details": {"reasoning_tokens": _NEEDED_WHOLE},
}


def event_misfit(event: Json) -> Misfit | None:
    """Why Codex passes over an event."""
    return next(_misfits(event, _EVENT), None)


def item_misfit(item: Json) -> Misfit | None:
    """Why Codex passes over an item, begun or finished."""
    return next(_of_item(item), None)


def completed_misfits(response: Json) -> Iterator[Misfit]:
    """Why a response.completed is an error of the stream; its id has a requirement of its own."""
    yield from _misfits(response, _COMPLETED)
    if not isinstance(usage := response.get("usage"), dict):
        return
    yield from _misfits(usage, _USAGE, "usage.")
    for name, members in _DETAILS.items():
        if isinstance(details := usage.get(name), dict):
            there = {n: m for n, m in members.items() if n in details or not m.free}
            yield from _misfits(details, there, f"usage.{name}.")


def _of_item(item: Json) -> Iterator[Misfit]:
    kind = item.get("type")
    yield from _misfits(item, _ITEMS.get(kind, {}) if isinstance(kind, str) else {})
    if kind != "message" or not isinstance(content := item.get("content"), list):
        return
    for number, part in enumerate(content):
        sort = part.get("type") if isinstance(part, dict) else None
        if not isinstance(sort, str):
            yield Misfit(f"content[{number}].type", "a text", sort)
        elif sort == "output_text":
            yield from _misfits(part, _PART, f"content[{number}].")


def _misfits(value: Json, members: Mapping[str, Member], at: str = "") -> Iterator[Misfit]:
    for name, member in members.items():
        found = value.get(name)
        if not (member.free if found is None and not member.no_null else member.fits(found)):
            yield Misfit(at + name, member.expected, found)
