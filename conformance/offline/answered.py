"""Which operation an answer belongs to, told by the answer alone: of responses without a request."""

import json
from typing import Any, Final

from wire.exchange import parse_json
from wire.sse import Decoder

CHAT: Final = ("POST", "/v1/chat/completions")
RESPONSES: Final = ("POST", "/v1/responses")
MODELS: Final = ("GET", "/v1/models")
NAMED: Final = {"chat": CHAT[1], "responses": RESPONSES[1], "models": MODELS[1]}
"""Short words for `--endpoint`."""
_HEAD: Final = 1 << 20  # where an event stream says what it is


def operation_of(body: bytes) -> tuple[str, str] | None:
    """(method, path) of the request that such a body answers; None when it does not tell."""
    head = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"{", b"[")):
        return operation_of_object(parse_json(body))
    return _of_stream(body[:_HEAD]) if head else None


def _of_stream(head: bytes) -> tuple[str, str] | None:
    decoder = Decoder()
    for event in decoder.feed(head, 0.0):
        try:
            value = json.loads(event.data)
        except (ValueError, RecursionError):
            continue
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind.startswith("response."):
            return RESPONSES
        if (found := operation_of_object(value)) is not None:
            return found
    return None


def operation_of_object(value: Any) -> tuple[str, str] | None:
    """The same of a body that is parsed already."""
    if not isinstance(value, dict):
        return None
    kind = value.get("object")
    if kind in ("chat.completion", "chat.completion.chunk") or _choices(value):
        return CHAT
    if kind == "response" or (isinstance(value.get("output"), list) and "status" in value):
        return RESPONSES
    if kind == "list" and _models(value.get("data")):
        return MODELS
    return None


def _choices(value: dict[str, Any]) -> bool:
    rows = value.get("choices")
    first = rows[0] if isinstance(rows, list) and rows else None
    return isinstance(first, dict) and ("message" in first or "delta" in first)


def _models(rows: Any) -> bool:
    return (
        isinstance(rows, list)
        and bool(rows)
        and all(isinstance(r, dict) and r.get("object") == "model" for r in rows)
    )
