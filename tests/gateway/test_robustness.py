"""Whatever is sent, the gateway answers with a success or an error envelope, and nothing is billed
that was refused."""

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.frames import encode
from schemas.loader import check
from tests.gateway.chatting import PATCH, WEATHER
from tests.gateway.in_process import Desk
from wire.exchange import Request

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip
CALL = {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
CHAT: dict[str, Any] = {
    "model": "gpt-5.5",
    "messages": [
        {"role": "system", "content": "x"},
        {"role": "user", "content": [{"type": "text", "text": "Call the tool weather"},
            {"type": "image_url", "image_url": {"url": "https://a.example/i.png", "detail": "low"}}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c", "content": "rain"},
        {"role": "user", "content": "Count from 1 to 3"},
    ],
    "tools": [WEATHER, PATCH],
    "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto",
        "tools": [{"type": "function", "function": {"name": "weather"}}]}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
    "stream": True,
    "stream_options": {"include_usage": True},
    "metadata": {"a": "b"}, "stop": ["x"], "n": 1, "logprobs": True, "top_logprobs": 1,
    "temperature": 1, "max_completion_tokens": 50, "reasoning_effort": "low", "seed": 1,
    "logit_bias": {"1": 1}, "prediction": {"type": "content", "content": "x"}, "user": "u",
}  # fmt: skip
DESK = Desk()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every member inside a JSON value."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    found = [path] if path else []
    for key, item in inner:
        found += places(item, (*path, key))
    return found


def changed(body: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    body = copy.deepcopy(body)
    holder: Any = body
    for key in path[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return body


def judge(path: str, body: Any) -> None:
    reply = DESK.ask(path, body)
    DESK.clock.now += 1
    assert reply.status in {200, 400, 404}, (reply.status, body)
    encode(reply)
    if reply.status != 200:
        assert check("errors/error", reply.body) == [], reply.body
        assert reply.charge is None


def test_the_bodies_are_good_to_begin_with():
    assert DESK.ask("/chat/completions", CHAT).status == 200


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(places(CHAT)), st.one_of(JSON, st.just(...)))
def test_chat_with_anything_anywhere(path: tuple[Any, ...], value: Any):
    judge("/chat/completions", changed(CHAT, path, value))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS"]))
def test_any_bytes(data: bytes, method: str):
    key = DESK.gateway.keys.secrets["codex"]
    headers = (("authorization", f"Bearer {key}"), ("content-type", "application/json"))
    path = "/v1/" + data.decode("latin-1")
    for at in (path, "/v1/chat/completions", "/v1/responses", "/v1/models"):
        reply = DESK.gateway.handle(Request(method, at, headers, data))
        DESK.clock.now += 1
        assert reply.status < 500
        json.dumps(reply.body)
