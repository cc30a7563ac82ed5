"""Requests as known clients send them are taken as they are."""

from typing import Any

import pytest

from tests.gateway.chatting import chunks, message
from tests.gateway.in_process import Desk

LOOSE = {
    "type": "function",
    "function": {
        "name": "read_files",
        "description": "Reads files.",
        "parameters": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {
                "paths": {"type": "array", "items": {"type": "string"}},
                "mode": {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]},
                "options": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "required": ["paths"],
            "additionalProperties": False,
        },
    },
}
STRICT = {
    "type": "function",
    "function": {
        "name": "execute_command",
        "parameters": {
            "type": "object",
            "properties": {"command": {"type": "string"}},
            "required": ["command"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
TURNS = [
    {"role": "system", "content": "You are an agent."},
    {"role": "user", "content": "say pong"},
]
CALL = {"id": "call_1", "type": "function", "function": {"name": "read_files", "arguments": "{}"}}
SECOND = [
    *TURNS,
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "pong"},
]
USAGE = {"include_usage": True}

# Client -> headers and body, in the shape of its own traffic.
CLIENTS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "OpenAI SDK (Python)": (
        {"user-agent": "OpenAI/Python 3.54.0", "x-stainless-lang": "python", "x-stainless-retry-count": "0",
         "x-stainless-helper-method": "chat.completions.stream", "accept": "application/json"},
        {"messages": TURNS, "stream": True, "stream_options": USAGE, "temperature": 0.2, "top_p": 0.9},
    ),
    "Cline": (
        {"user-agent": "ai-sdk/openai-compatible/3.0.37", "accept": "*/*", "accept-encoding": "gzip, deflate, br, zstd"},
        {"messages": TURNS, "tools": [LOOSE] * 25, "tool_choice": "auto", "stream": True, "stream_options": USAGE},
    ),
    "Cline, second turn": (
        {"user-agent": "ai-sdk/openai-compatible/3.0.37", "accept": "*/*"},
        {"messages": SECOND, "tools": [LOOSE], "tool_choice": "auto", "stream": True, "stream_options": USAGE},
    ),
    "Roo Code": (
        {"user-agent": "RooCode/3.52.1", "http-referer": "https://github.com/RooVetGit/Roo-Cline", "x-title": "Roo Code"},
        {"messages": TURNS, "temperature": 0, "tools": [STRICT], "tool_choice": "auto", "parallel_tool_calls": True,
         "stream": True, "stream_options": USAGE},
    ),
    "Continue": (
        {"user-agent": "ls/JS 5.23.2", "accept-encoding": "gzip, deflate, br"},
        {"messages": TURNS, "tools": [LOOSE], "stream": True, "stream_options": USAGE},
    ),
    "opencode": (
        {"user-agent": "opencode/1.18.33", "x-session-id": "ses_1", "x-session-affinity": "ses_1"},
        {"messages": TURNS, "max_tokens": 32000, "reasoning_effort": "medium", "stream": True, "stream_options": USAGE},
    ),
}  # fmt: skip


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.4"])
def test_client_is_served(client: str, model: str):
    headers, body = CLIENTS[client]
    reply = Desk().ask(
        "/chat/completions", {"model": model, **body}, headers=tuple(headers.items())
    )
    assert "pong" in "".join(
        choice["delta"].get("content") or ""
        for chunk in chunks(reply)
        for choice in chunk["choices"]
    )
    assert chunks(reply)[-1]["usage"]["total_tokens"] > 0


def test_parse_helper_is_served():
    schema = {"type": "object", "title": "A", "properties": {"n": {"title": "N", "type": "integer"}},
              "required": ["n"], "additionalProperties": False}  # fmt: skip
    form = {"type": "json_schema", "json_schema": {"name": "A", "schema": schema, "strict": True}}
    body = {"model": "gpt-5.5", "messages": TURNS, "stream": False, "response_format": form}
    assert message(Desk().ask("/chat/completions", body))["content"] == '{"n":1}'
