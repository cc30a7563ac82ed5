"""POST /v1/chat/completions: what is refused, with which code and parameter."""

import json
from typing import Any

import pytest

from gateway.validation.body import LIMIT
from schemas.loader import check
from tests.gateway.chatting import PATCH, WEATHER, say
from tests.gateway.in_process import Desk
from wire.exchange import Request

USER = {"role": "user", "content": "hi"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
ASKED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
OUTPUT = {"role": "tool", "tool_call_id": "call_1", "content": "rain"}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def function(**more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "weather", **more}}


# (parameters, code, param)
PARAMETERS = [
    ({"temperature": 2.0001}, "decimal_above_max_value", "temperature"),
    ({"temperature": -0.0001}, "decimal_below_min_value", "temperature"),
    ({"temperature": "0.5"}, "invalid_type", "temperature"),
    ({"temperature": True}, "invalid_type", "temperature"),
    ({"top_p": 1.0001}, "decimal_above_max_value", "top_p"),
    ({"n": 0}, "integer_below_min_value", "n"),
    ({"n": 129}, "integer_above_max_value", "n"),
    ({"n": 1.5}, "invalid_type", "n"),
    ({"max_completion_tokens": 0}, "integer_below_min_value", "max_completion_tokens"),
    ({"max_completion_tokens": 200_000}, "invalid_value", "max_completion_tokens"),
    ({"max_tokens": 5, "max_completion_tokens": 5}, "invalid_parameter_combination", "max_tokens"),
    ({"stop": list("abcde")}, "array_above_max_length", "stop"),
    ({"stop": [1]}, "invalid_type", "stop[0]"),
    ({"frequency_penalty": 2.1}, "decimal_above_max_value", "frequency_penalty"),
    ({"presence_penalty": -2.1}, "decimal_below_min_value", "presence_penalty"),
    ({"logit_bias": {"50256": 101}}, "integer_above_max_value", "logit_bias"),
    ({"top_logprobs": 2}, "invalid_value", "top_logprobs"),
    ({"logprobs": True, "top_logprobs": 21}, "integer_above_max_value", "top_logprobs"),
    ({"logprobs": True, "top_logprobs": -1}, "integer_below_min_value", "top_logprobs"),
    ({"seed": 1.5}, "invalid_type", "seed"),
    ({"seed": "1"}, "invalid_type", "seed"),
    ({"response_format": {"type": "yaml"}}, "invalid_value", "response_format.type"),
    ({"response_format": {"type": "json_schema"}}, "missing_required_parameter", "response_format.json_schema"),
    ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}, "missing_required_parameter", "response_format.json_schema.name"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "strict": True, "schema": {"type": "object"}}}}, "invalid_json_schema", "response_format"),
    ({"tools": [{"type": "function", "function": {}}]}, "missing_required_parameter", "tools[0].function.name"),
    ({"tools": [{"type": "function"}]}, "missing_required_parameter", "tools[0].function"),
    ({"tools": [{"type": "foo"}]}, "invalid_value", "tools[0].type"),
    ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "invalid_value", "tools[0].function.name"),
    ({"tools": [{"type": "function", "function": {"name": "a" * 65}}]}, "string_above_max_length", "tools[0].function.name"),
    ({"tools": [function(strict=True, parameters={"type": "object", "properties": {}})]}, "invalid_function_parameters", "tools[0].function.parameters"),
    ({"tools": [function(parameters={"type": "objekt"})]}, "invalid_function_parameters", "tools[0].function.parameters"),
    ({"tools": [function(parameters={"properties": 1})]}, "invalid_function_parameters", "tools[0].function.parameters"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"required": [1]}}}}, "invalid_json_schema", "response_format"),
    ({"tool_choice": {"type": "function", "function": {"name": "a"}}}, None, "tool_choice"),
    ({"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "zzz"}}}, "invalid_value", "tool_choice"),
    ({"tools": [WEATHER], "tool_choice": "always"}, "invalid_value", "tool_choice"),
    ({"tool_choice": "required"}, None, "tool_choice"),
    ({"reasoning_effort": "ultra"}, "invalid_value", "reasoning_effort"),
    ({"reasoning_effort": "minimal"}, "unsupported_value", "reasoning_effort"),
    ({"verbosity": "loud"}, "invalid_value", "verbosity"),
    ({"modalities": ["audio"]}, "unsupported_value", "modalities"),
    ({"metadata": {str(n): "x" for n in range(17)}}, "object_above_max_properties", "metadata"),
    ({"metadata": {"k" * 65: "x"}}, "property_name_above_max_length", "metadata"),
    ({"metadata": {"k": "x" * 513}}, "string_above_max_length", "metadata.k"),
    ({"metadata": {"k": 1}}, "invalid_type", "metadata.k"),
    ({"service_tier": "gold"}, "invalid_value", "service_tier"),
    ({"safety_identifier": "x" * 129}, "string_above_max_length", "safety_identifier"),
    ({"prompt_cache_retention": "99h"}, "invalid_value", "prompt_cache_retention"),
    ({"web_search_options": {}}, "unsupported_parameter", "web_search_options"),
    ({"functions": []}, "unsupported_parameter", "functions"),
    ({"moderation": {"model": "x"}}, "unsupported_parameter", "moderation"),
    ({"stream": "true"}, "invalid_type", "stream"),
    ({"stream_options": {"include_usage": True}}, "invalid_value", "stream_options"),
    ({"stream": True, "stream_options": {"foo": 1}}, "unknown_parameter", "stream_options.foo"),
    ({"foo": 1}, "unknown_parameter", "foo"),
    ({"model": 5}, "invalid_type", "model"),
    ({"model": None}, "invalid_type", "model"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "code", "param"), PARAMETERS)
def test_bad_parameters_are_named(desk: Desk, more: dict[str, Any], code: str, param: str):
    reply = say(desk, "hi", **more)
    error = reply.body["error"]
    assert (reply.status, error["code"], error["param"]) == (400, code, param)
    assert check("errors/error", reply.body) == []
    assert reply.charge is None


GOOD: list[dict[str, Any]] = [
    {"temperature": 0}, {"temperature": 2}, {"temperature": None}, {"top_p": 0}, {"top_p": 1.0},
    {"n": 1.0}, {"stop": None}, {"stop": ["a", "b", "c", "d"]}, {"stream": None}, {"stream": False},
    {"user": "u"}, {"safety_identifier": "x" * 64}, {"prompt_cache_key": "k"},
    {"prompt_cache_retention": "24h"}, {"verbosity": "low"}, {"modalities": ["text"]},
    {"metadata": {str(n): "x" * 512 for n in range(16)}}, {"seed": 2**63 - 1}, {"store": False},
    {"tools": [{"type": "function", "function": {"name": "x" * 64}}]}, {"tools": [PATCH]},
    {"response_format": {"type": "text"}}, {"reasoning_effort": "xhigh"}, {"logit_bias": {"1": 100}},
    {"prediction": {"type": "content", "content": "x"}}, {"service_tier": "fast"},
    {"max_completion_tokens": 128_000}, {"tools": [WEATHER], "parallel_tool_calls": True},
]  # fmt: skip


@pytest.mark.parametrize("more", GOOD)
def test_good_parameters_are_taken(desk: Desk, more: dict[str, Any]):
    reply = say(desk, "hi", **more)
    assert reply.status == 200, reply.body


# (messages, code, param)
MESSAGES = [
    ([], "empty_array", "messages"),
    ("hi", "invalid_type", "messages"),
    ([{"content": "x"}], "missing_required_parameter", "messages[0].role"),
    ([{"role": "robot", "content": "x"}], "invalid_value", "messages[0].role"),
    ([{"role": "user"}], "missing_required_parameter", "messages[0].content"),
    ([{"role": "user", "content": None}], "invalid_type", "messages[0].content"),
    ([{"role": "user", "content": 5}], "invalid_type", "messages[0].content"),
    ([{"role": "user", "content": [{"text": "x"}]}], "missing_required_parameter", "messages[0].content[0].type"),
    ([{"role": "user", "content": [{"type": "foo"}]}], "invalid_value", "messages[0].content[0].type"),
    ([{"role": "user", "content": [{"type": "input_audio"}]}], "invalid_value", "messages[0].content[0]"),
    ([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,@@@"}}]}], "invalid_base64_image", "messages[0].content[0].image_url.url"),
    ([USER, OUTPUT], None, "messages[1].role"),
    ([USER, ASKED, USER], None, "messages[2].role"),
    ([USER, ASKED], None, "messages[2].role"),
    ([USER, {"role": "assistant", "content": None}], "invalid_type", "messages[1].content"),
    (["x"], "invalid_type", "messages[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("messages", "code", "param"), MESSAGES)
def test_bad_messages_are_named(desk: Desk, messages: Any, code: str | None, param: str):
    reply = desk.ask("/chat/completions", {"model": "gpt-5.5", "messages": messages})
    error = reply.body["error"]
    assert (reply.status, error["code"], error["param"]) == (400, code, param)


def test_image_is_read(desk: Desk):
    for detail in ("auto", "low", "high", "original"):
        image = {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": detail}
        parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": image}]
        assert say(desk, [{"role": "user", "content": parts}]).status == 200


# Bytes of a body -> status.
BODIES = [
    (b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b'"x"', 400),
    (b'{"model":"gpt-5.5","messages":[{"role":"user","content":"\\ud800"}]}', 400),
    (b'{"model":"gpt-5.5","messages":[{"role":"user","content":"\xff"}]}', 400),
    (b'{"model":"gpt-5.5","temperature":NaN,"messages":[{"role":"user","content":"x"}]}', 400),
    (b'{"model":"gpt-5.5","temperature":1e400,"messages":[{"role":"user","content":"x"}]}', 400),
    (b'{"model":"gpt-5.5","seed":' + b"9" * 400 + b',"messages":[{"role":"user","content":"x"}]}', 400),
    (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", 400),
    (b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", 400),
    (b'{"model":"x","model":"gpt-5.5","messages":[{"role":"user","content":"x"}]}', 200),
    (b'{"model":"gpt-5.5","messages":[{"role":"user","content":"\\ud83d\\ude00"}]}', 200),
    (b" " * (LIMIT + 1), 413),
]  # fmt: skip


@pytest.mark.parametrize(("data", "status"), BODIES, ids=range(len(BODIES)))
def test_strange_bodies(desk: Desk, data: bytes, status: int):
    headers = (
        ("authorization", f"Bearer {desk.gateway.keys.secrets['codex']}"),
        ("content-type", "application/json"),
    )
    reply = desk.gateway.handle(Request("POST", "/v1/chat/completions", headers, data))
    assert reply.status == status, reply.body
    json.loads(reply.data)


@pytest.mark.parametrize(
    ("media", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("text/plain", 415),
        (None, 200),
        ("APPLICATION/JSON", 200),
    ],
)
def test_content_types(desk: Desk, media: str | None, status: int):
    data = json.dumps({"model": "gpt-5.5", "messages": [USER]}).encode()
    headers = [("authorization", f"Bearer {desk.gateway.keys.secrets['codex']}")]
    headers += [("content-type", media)] if media else []
    reply = desk.gateway.handle(Request("POST", "/v1/chat/completions", tuple(headers), data))
    assert reply.status == status


def test_context_overflow(desk: Desk):
    reply = say(desk, "[[usage prompt=1050001]]")
    error = reply.body["error"]
    assert (reply.status, error["code"], error["param"]) == (
        400,
        "context_length_exceeded",
        "messages",
    )


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        ("upstream_500", 502, "upstream_error"),
        ("upstream_timeout", 504, "upstream_timeout"),
        ("upstream_401", 502, "upstream_error"),
        ("overload", 503, "server_is_overloaded"),
        ("slow_down", 429, "slow_down"),
        ("rate_limit", 429, "rate_limit_exceeded"),
        ("spend_limit", 429, "organization_spend_limit_exceeded"),
        ("content_policy", 400, "content_policy_violation"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_scripted_causes(desk: Desk, script: str, status: int, code: str, stream: bool):
    reply = say(desk, f"hello [[script {script}]]", stream=stream)
    assert (reply.status, reply.body["error"]["code"]) == (status, code)
    assert reply.charge is None
    assert check("errors/error", reply.body) == []
