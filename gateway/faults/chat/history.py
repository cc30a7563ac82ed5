"""Faults of whole conversations: messages as clients keep them are refused, or do not reach the model."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

from gateway.faults.machinery.chat_edits import fault, refusing
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import on_json


def _any(test: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], bool]:
    return lambda body: any(isinstance(m, dict) and test(m) for m in _messages(body))


def _messages(body: dict[str, Any]) -> list[Any]:
    given = body.get("messages")
    return given if isinstance(given, list) else []


def _late_system(body: dict[str, Any]) -> bool:
    roles = [m.get("role") for m in _messages(body) if isinstance(m, dict)]
    return "system" in roles[1:] and any(
        r != "system" for r in roles[: len(roles) - 1 - roles[::-1].index("system")]
    )


def _doubled_role(body: dict[str, Any]) -> bool:
    roles = [m.get("role") for m in _messages(body) if isinstance(m, dict)]
    return any(a == b == "user" for a, b in pairwise(roles))


HISTORIES: Final = {
    "refusal-null": ("A message with refusal null is refused.", _any(lambda m: "refusal" in m)),
    "annotations": ("A message with annotations is refused.", _any(lambda m: "annotations" in m)),
    "content-absent": ("A message without content beside its calls is refused.",
        _any(lambda m: bool(m.get("role") == "assistant" and m.get("tool_calls")) and "content" not in m)),
    "content-empty": ("An empty content beside calls is refused.",
        _any(lambda m: bool(m.get("role") == "assistant" and m.get("tool_calls")) and m.get("content") == "")),
    "result-parts": ("Tool results as parts are refused.",
        _any(lambda m: m.get("role") == "tool" and isinstance(m.get("content"), list))),
    "result-empty": ("Empty tool results are refused.", _any(lambda m: m.get("role") == "tool" and m.get("content") == "")),
    "system-late": ("A system message later than the first is refused.", _late_system),
    "roles-twice": ("Two user messages in a row are refused.", _doubled_role),
    "call-id-short": ("Ids of calls that are not the server's own are refused.",
        _any(lambda m: m.get("role") == "tool" and not re.fullmatch(r"call_\w{24}", str(m.get("tool_call_id"))))),
}  # fmt: skip


def _last(n: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: (
        {**body, "messages": _messages(body)[-n:]} if len(_messages(body)) > n + 1 else body
    )


def _first_system(body: dict[str, Any]) -> dict[str, Any]:
    kept = [m for i, m in enumerate(_messages(body)) if i == 0 or not isinstance(m, dict) or m.get("role") != "user"
            or m is _messages(body)[-1]]  # fmt: skip
    return {**body, "messages": kept} if kept and len(kept) < len(_messages(body)) else body


def _each(
    change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]],
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Conversations of several messages, changed."""

    def made(body: dict[str, Any]) -> dict[str, Any]:
        messages = [m for m in _messages(body) if isinstance(m, dict)]
        return {**body, "messages": change(messages)} if len(messages) > 4 else body

    return made


def _systems_first(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(messages, key=lambda m: m.get("role") != "system")


def _without(
    which: Callable[[list[dict[str, Any]], int], bool],
) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda messages: [m for n, m in enumerate(messages) if not which(messages, n)]


def _role(messages: list[dict[str, Any]], n: int) -> Any:
    return messages[n].get("role") if 0 <= n < len(messages) else None


def _emptied(
    which: Callable[[list[dict[str, Any]], int], bool],
) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda messages: [
        {**m, "content": ""} if which(messages, n) else m for n, m in enumerate(messages)
    ]


def _first_parts(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**m, "content": m["content"][:1]}
        if m.get("role") == "tool" and isinstance(m.get("content"), list)
        else m
        for m in messages
    ]


def _results_swapped(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    told = list(messages)
    for n in range(len(told) - 1):
        if _role(told, n) == _role(told, n + 1) == "tool":
            told[n], told[n + 1] = told[n + 1], told[n]
            break
    return told


LOST: Final = {
    "system-second-lost": ("Only the first system message reaches the model.",
        _without(lambda ms, n: _role(ms, n) == "system" and n > 0)),
    "system-late-lost": ("System messages behind an answer do not reach the model.",
        _without(lambda ms, n: _role(ms, n) == "system" and any(m.get("role") == "assistant" for m in ms[:n]))),
    "system-late-moved": ("Later system messages are moved to the start.", _systems_first),
    "roles-first-lost": ("Of two user messages in a row the first is lost.",
        _without(lambda ms, n: _role(ms, n) == _role(ms, n + 1) == "user")),
    "roles-second-lost": ("Of two user messages in a row the second is lost.",
        _without(lambda ms, n: _role(ms, n) == _role(ms, n - 1) == "user")),
    "result-second-lost": ("Of two tool results the second arrives empty.",
        _emptied(lambda ms, n: _role(ms, n) == _role(ms, n - 1) == "tool")),
    "result-first-lost": ("Of two tool results the first arrives empty.",
        _emptied(lambda ms, n: _role(ms, n) == _role(ms, n + 1) == "tool")),
    "result-parts-first": ("Of a tool result in parts only the first part arrives.", _first_parts),
    "results-swapped": ("Two tool results change places.", _results_swapped),
    "results-empty": ("Tool results before a user's message arrive empty.",
        _emptied(lambda ms, n: _role(ms, n) == "tool" and n < len(ms) - 1)),
}  # fmt: skip


def _bare(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "name"}


def _forgets(message: dict[str, Any]) -> dict[str, Any]:
    """Calls in the history without their arguments."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    return {**message, "tool_calls": [
        {**c, "function": {**c["function"], "arguments": "{}"}} if isinstance(c, dict) and isinstance(c.get("function"), dict) else c
        for c in calls
    ]}  # fmt: skip


FAULTS: tuple[Fault, ...] = (
    fault("wild.history-name-lost", "", "The name of who writes a message does not reach the model.", Family.CONTENT,
        request=on_json(_each(lambda messages: [_bare(m) for m in messages]))),
    fault("wild.history-arguments-lost", "", "Calls in the history lose their arguments.", Family.CONTENT,
        request=on_json(_each(lambda messages: [_forgets(m) for m in messages]))),
    *(refusing(f"wild.history-{name}", says, test) for name, (says, test) in HISTORIES.items()),
    *(
        fault(f"wild.history-{name}", "", says, Family.CONTENT, request=on_json(_each(change)))
        for name, (says, change) in LOST.items()
    ),
    fault("wild.history-last-six", "", "Only the last six messages reach the model.", Family.CONTENT,
        request=on_json(_last(6))),
    fault("wild.history-users-lost", "", "Only the last user's message reaches the model.", Family.CONTENT,
        request=on_json(_first_system)),
)  # fmt: skip
