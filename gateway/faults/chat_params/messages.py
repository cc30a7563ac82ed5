"""Faults of reading the messages: some lost, reordered or garbled."""

import json
from collections.abc import Callable
from typing import Any

from gateway.faults.machinery.forgiveness import ignoring as _fault
from gateway.faults.machinery.request_edits import RequestChange, on_json


def _messages(change: Callable[[list[Any]], list[Any]]) -> RequestChange:
    """Changes the messages of a request that has objects for messages."""

    def made(body: dict[str, Any]) -> dict[str, Any]:
        rows = body.get("messages")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return body
        return {**body, "messages": change(rows) or rows}

    return on_json(made)


def _content(change: Callable[[list[Any]], Any], *roles: str) -> RequestChange:
    """Changes contents that are arrays of parts, in messages of some roles."""

    def each(row: dict[str, Any]) -> dict[str, Any]:
        content = row.get("content")
        if row.get("role") not in roles or not isinstance(content, list) or not content:
            return row
        return {**row, "content": change(content)}

    return _messages(lambda rows: [each(row) for row in rows])


def _role(role: str) -> RequestChange:
    return _messages(lambda rows: [row for row in rows if row.get("role") != role])


FAULTS = (
    _fault("messages.reversed", "messages.history", "Earlier turns come in reverse order.",
           request=_messages(lambda rows: rows if any(r.get("tool_calls") for r in rows)
                             else [*rows[-2::-1], rows[-1]])),
    _fault("messages.last-three", "messages.history", "Only the last three messages are read.",
           request=_messages(lambda rows: rows if any(r.get("tool_calls") for r in rows)
                             else rows[-3:])),
    _fault("messages.images-dropped", "images.reach-model", "Images are dropped.",
           request=_content(lambda parts: [p for p in parts if isinstance(p, dict)
                                           and p.get("type") != "image_url"], "user")),
    _fault("messages.system-dropped", "messages.system", "System messages are dropped.",
           request=_role("system")),
    _fault("messages.developer-dropped", "messages.developer", "Developer messages are dropped.",
           request=_role("developer")),
    _fault("messages.history-dropped", "messages.history messages.assistant-parts",
           "Only the last message is read.",
           request=_messages(lambda rows: rows if any(r.get("tool_calls") for r in rows) else [
               *(r for r in rows[:-1] if r.get("role") in {"system", "developer"}), rows[-1]])),
    _fault("messages.assistant-dropped", "messages.history messages.assistant-parts",
           "What the assistant said is dropped.", request=_messages(lambda rows: [
               r for r in rows if r.get("role") != "assistant" or r.get("tool_calls")])),
    _fault("messages.assistant-parts-flat", "messages.assistant-parts",
           "Parts of the assistant become '[object Object]'.",
           request=_content(lambda _: "[object Object]", "assistant")),
    _fault("messages.parts-flat", "messages.parts images.reach-model", "Parts of the user become '[object Object]'.",
           request=_content(lambda _: "[object Object]", "user")),
    _fault("messages.parts-first", "messages.parts images.reach-model", "Only the first part is read.",
           request=_content(lambda parts: parts[:1], "user")),
    _fault("messages.parts-last", "messages.parts", "Only the last part is read.",
           request=_content(lambda parts: parts[-1:], "user")),
    _fault("messages.parts-mojibake", "messages.unicode", "Parts are read in another encoding.",
           request=_content(lambda parts: json.loads(json.dumps(parts, ensure_ascii=False)
                            .encode().decode("cp1252", "replace")), "user")),
    _fault("messages.parts-ascii", "messages.unicode", "Parts lose what is not ASCII.",
           request=_content(lambda parts: json.loads(json.dumps(parts, ensure_ascii=False)
                            .encode("ascii", "ignore")), "user")),
)  # fmt: skip
