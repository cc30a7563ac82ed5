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


FAULTS: tuple[Fault, ...] = (
    *(refusing(f"wild.history-{name}", says, test) for name, (says, test) in HISTORIES.items()),
    fault("wild.history-last-six", "", "Only the last six messages reach the model.", Family.CONTENT,
        request=on_json(_last(6))),
    fault("wild.history-users-lost", "", "Only the last user's message reaches the model.", Family.CONTENT,
        request=on_json(_first_system)),
)  # fmt: skip
