"""Chat calls on a desk, and what their streams say when put together."""

import json
from typing import Any

from gateway.frames import GatewayReply
from tests.gateway.in_process import Desk

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
PATCH = {"type": "custom", "custom": {"name": "patch", "format": {"type": "text"}}}


def say(desk: Desk, text: str | list[dict[str, Any]], /, **more: Any) -> GatewayReply:
    """POST /v1/chat/completions with one user text, or with messages."""
    messages = [{"role": "user", "content": text}] if isinstance(text, str) else text
    model = more.pop("model", "gpt-5.5")
    key = more.pop("key", "codex")
    return desk.ask("/chat/completions", {"model": model, "messages": messages, **more}, key=key)


def message(reply: GatewayReply) -> dict[str, Any]:
    assert reply.status == 200, reply.body
    return reply.body["choices"][0]["message"]


def chunks(reply: GatewayReply) -> list[dict[str, Any]]:
    assert reply.status == 200, reply.body
    assert reply.frames is not None
    return [frame.payload for frame in reply.frames if isinstance(frame.payload, dict)]


def joined(reply: GatewayReply, index: int = 0) -> dict[str, Any]:
    """The message that the deltas of one choice add up to, written without the suite's fold."""
    whole: dict[str, Any] = {"content": None, "refusal": None, "calls": [], "finish": None}
    for chunk in chunks(reply):
        for choice in chunk["choices"]:
            if choice["index"] != index:
                continue
            delta = choice["delta"]
            for name in ("content", "refusal"):
                if delta.get(name) is not None:
                    whole[name] = (whole[name] or "") + delta[name]
            for call in delta.get("tool_calls", ()):
                _add(whole["calls"], call)
            whole["finish"] = choice["finish_reason"] or whole["finish"]
    return whole


def _add(calls: list[dict[str, Any]], call: dict[str, Any]) -> None:
    if call["index"] == len(calls):
        calls.append(json.loads(json.dumps(call)))
        return
    for kind, field in (("function", "arguments"), ("custom", "input")):
        if kind in call:
            calls[call["index"]][kind][field] += call[kind][field]
