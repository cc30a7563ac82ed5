"""Faults of a long input: an item of it does not reach the model, or reaches it at another place."""

import copy
from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.response_edits import refused
from gateway.faults.machinery.selection import RESPONSES, When
from wire.exchange import Request

Items = list[Any]


def _changed(change: Callable[[Items], Items]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Inputs of several items, changed."""

    def made(body: dict[str, Any]) -> dict[str, Any]:
        given = body.get("input")
        if not isinstance(given, list) or len(given) < 6:
            return body
        return {**body, "input": change(copy.deepcopy(given))}

    return made


def _is(item: Any, kind: str) -> bool:
    return isinstance(item, dict) and item.get("type") == kind


def _role(items: Items, n: int) -> Any:
    item = items[n] if 0 <= n < len(items) else None
    return item.get("role") if isinstance(item, dict) else None


def _without(which: Callable[[Items, int], bool]) -> Callable[[Items], Items]:
    return lambda items: [item for n, item in enumerate(items) if not which(items, n)]


def _each(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Items], Items]:
    return lambda items: [change(item) if isinstance(item, dict) else item for item in items]


def _outputs_swapped(items: Items) -> Items:
    places = [n for n, item in enumerate(items) if _is(item, "function_call_output")]
    if len(places) > 1:
        first, second = places[:2]
        items[first], items[second] = items[second], items[first]
    return items


def _second_output_emptied(items: Items) -> Items:
    places = [n for n, item in enumerate(items) if _is(item, "function_call_output")]
    for n in places[1:2]:
        items[n]["output"] = ""
    return items


def _first_part(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda item: {**item, name: item[name][:1]} if isinstance(item.get(name), list) else item


def _forgets(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "arguments": "{}"} if _is(item, "function_call") else item


_PLACES: Final[dict[str, tuple[str, Callable[[Items], Items]]]] = {
    "first-lost": ("The first item of a long input is lost.", lambda items: items[1:]),
    "second-lost": ("The second item of a long input is lost.", lambda items: [items[0], *items[2:]]),
    "middle-message-lost": ("The first of two user messages in a row is lost.",
        _without(lambda items, n: _role(items, n) == _role(items, n + 1) == "user")),
    "second-message-lost": ("The second of two user messages in a row is lost.",
        _without(lambda items, n: _role(items, n) == _role(items, n - 1) == "user")),
    "before-last-lost": ("The message before the last is lost.",
        _without(lambda items, n: n == len(items) - 2 and _role(items, n) is not None)),
    "assistant-lost": ("What the assistant said is lost.", _without(lambda items, n: _role(items, n) == "assistant")),
    "late-developer-lost": ("Developer messages later than the first are lost.",
        _without(lambda items, n: n > 0 and _role(items, n) == "developer")),
    "late-developer-moved": ("Developer messages are moved to the start.",
        lambda items: sorted(items, key=lambda i: not (isinstance(i, dict) and i.get("role") == "developer"))),
    "outputs-swapped": ("Two outputs change places.", _outputs_swapped),
    "second-output-lost": ("Of two outputs the second arrives empty.", _second_output_emptied),
    "output-parts-first": ("Of an output in parts only the first part arrives.", _each(_first_part("output"))),
    "message-parts-first": ("Of a message in parts only the first part arrives.", _each(_first_part("content"))),
    "arguments-lost": ("Calls in the history lose their arguments.", _each(_forgets)),
}  # fmt: skip


def _late_developer(items: Items) -> bool:
    return any(_role(items, n) == "developer" for n in range(1, len(items)))


def _users_twice(items: Items) -> bool:
    return any(_role(items, n) == _role(items, n + 1) == "user" for n in range(len(items)))


_REFUSED: Final[dict[str, tuple[str, Callable[[Items], bool]]]] = {
    "late-developer": ("Developer messages later than the first are refused.", _late_developer),
    "users-twice": ("Two user messages in a row are refused.", _users_twice),
}


def _having(test: Callable[[Items], bool]) -> When:
    def when(request: Request) -> bool:
        given = request.params.get("input")
        return RESPONSES(request) and isinstance(given, list) and len(given) > 5 and test(given)

    return when


FAULTS: tuple[Fault, ...] = (
    *(
        Fault(f"responses_params.place-{name}", (), says, Family.CONTENT, RESPONSES, request=on_json(_changed(change)))
        for name, (says, change) in _PLACES.items()
    ),
    *(
        Fault(f"responses_params.place-{name}-refused", (), says, Family.STATUS, _having(test),
            reply=refused(400, says, param="input"))
        for name, (says, test) in _REFUSED.items()
    ),
)  # fmt: skip
