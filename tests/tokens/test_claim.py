"""A claim is held against the texts of its exchange, and only where that was ever measured."""

import json

import pytest

from wire.exchange import Chunk, Exchange, Reply, Request
from wire.tokens.asked import Unknown, asked
from wire.tokens.claim import claim
from wire.tokens.family import families, family_of
from wire.tokens.prompt import Bounds
from wire.tokens.rendered import plain_schema, plain_tools, schema_text, tools_text
from wire.tokens.vocabulary import vocabulary

TOOL = {
    "name": "get_weather",
    "description": "Get the weather",
    "parameters": {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "City name"},
            "unit": {"type": "string", "enum": ["c", "f"]},
            "days": {"type": "integer"},
        },
        "required": ["city"],
        "additionalProperties": False,
    },
}
SCHEMA = {
    "name": "person",
    "description": "Somebody",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {"required": {"type": "string"}, "age": {"type": ["integer", "null"]}},
        "required": ["required", "age"],
        "additionalProperties": False,
    },
}


def chat(model="gpt-4o-mini", usage=(14, 7), text="1, 2, 3", answered=None, **params):
    params = {
        "model": model,
        "messages": [{"role": "user", "content": "Count from 1 to 3"}],
        **params,
    }
    body = {
        "model": answered or model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)},
    }  # fmt: skip
    request = Request("POST", "/v1/chat/completions", (), json.dumps(params).encode())
    return Exchange("x", request, Reply(200, (), (Chunk(0, json.dumps(body).encode()),)))


def test_tools_are_written_as_a_namespace():
    assert tools_text([TOOL]) == (
        "# Tools\n\n## functions\n\nnamespace functions {\n\n"
        "// Get the weather\n"
        "type get_weather = (_: {\n// City name\ncity: string,\n"
        'unit?: "c" | "f",\ndays?: number,\n}) => any;'
        "\n\n} // namespace functions"
    )
    bare = {"name": "now", "description": "", "parameters": {"type": "object", "properties": {}}}
    assert "type now = () => any;" in tools_text([bare])
    short = {"name": "add", "parameters": {"properties": {"a": {"type": "number"}, "b": {}}}}
    assert "type add = (_: { a?: number, b?: any }) => any;" in tools_text([short])


def test_a_schema_is_written_without_what_is_always_so():
    assert schema_text(SCHEMA) == (
        "# Response Formats\n\n## person\n\n// Somebody\n"
        '{"type":"object","properties":{"required":{"type":"string"},'
        '"age":{"type":["integer","null"]}}}'
    )
    assert plain_schema(SCHEMA)
    assert not plain_schema({"name": "x", "schema": {"type": "string", "minLength": 2}})


def test_tools_that_nobody_measured_are_not_plain():
    assert plain_tools([TOOL])
    assert not plain_tools([{**TOOL, "description": "two\nlines"}])
    assert not plain_tools([{**TOOL, "parameters": {"properties": {"a": {"title": "A"}}}}])
    assert not plain_tools([{"name": "x", "description": "y", "parameters": {"properties": 3}}])


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-4o-mini-2024-07-18", "gpt-4o and gpt-4.1"),
        ("gpt-4-turbo", "gpt-3.5 and gpt-4"),
        ("gpt-5.5-2026-04-23", "gpt-5.1 to gpt-5.6"),
        ("gpt-5.4", "gpt-5.1 to gpt-5.6"),
        ("o4-mini", "o-series"),
    ],
)
def test_families(model, family):
    assert family_of(model).name == family


@pytest.mark.parametrize(
    "model",
    ["SmolLM2-135M", "openai/gpt-4o", "gpt-4o-search-preview", "o1-mini", "gpt-5-pro", "gpt-5.4-pro",
     "gpt-4o-audio-preview", "gpt-5-chat-latest", "gpt-oss-20b", "gpt-6-sol", "claude-3", "", None, 7],
)  # fmt: skip
def test_strangers_are_of_no_family(model):
    assert family_of(model) is None


def test_no_model_is_of_two_families():
    for family in families():
        for name in ("gpt-4o", "gpt-4", "gpt-5", "gpt-5.5", "o3"):
            assert not family.has(name) or family_of(name) is family


def test_a_chat_is_counted_to_the_token():
    found = claim(chat())
    assert found.prompt == Bounds(14, 14)
    assert found.output == Bounds(7, 8)
    assert found.prompt.off(13) == -1
    assert found.prompt.off(14) == 0
    assert found.prompt.off(15) == 1
    assert claim(chat("gpt-5.5")).prompt == Bounds(13, 13)
    assert claim(chat("gpt-5.5", max_completion_tokens=9)).output == Bounds(9, 9)


def test_the_name_in_the_answer_says_how_it_counts():
    assert claim(chat("my-deployment", answered="gpt-4o-2024-08-06")).model == "gpt-4o-2024-08-06"
    assert claim(chat("gpt-5.5", answered="smollm2.gguf")).model == "gpt-5.5"
    assert isinstance(claim(chat("smollm2")), Unknown)


def test_history_costs_more_where_models_reason():
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": [{"type": "text", "text": "c"}]},
    ]
    old, new = (claim(chat(name, messages=messages)).prompt for name in ("gpt-4o", "gpt-5.5"))
    assert (old, new) == (Bounds(18, 18), Bounds(19, 19))
    assert isinstance(claim(chat("o3-mini", messages=messages)).prompt, Unknown)


def test_bounds_of_tools():
    words = vocabulary("o200k_base")
    tools = [{"type": "function", "function": TOOL}]
    text = words.count(tools_text([TOOL]))
    assert claim(chat("gpt-4o", tools=tools)).prompt == Bounds(14 + text + 3, 14 + text + 3)
    wide = claim(chat("gpt-4o", tools=tools, tool_choice="required")).prompt
    assert wide.low < 14 + text < wide.high


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "not text"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "results of tools"),
        ({"messages": [{"role": "user", "content": "x", "name": "joe"}]}, "name in a message"),
        ({"tools": [{"type": "custom", "custom": {}}]}, "no function"),
        ({"modalities": ["text", "audio"]}, "audio"),
        ({"messages": "x"}, "no messages"),
        ({"messages": [3]}, "without a role"),
    ],
)
def test_what_was_never_measured_is_not_counted(params, why):
    assert why in claim(chat("gpt-4o", **params)).reason


@pytest.mark.parametrize(
    "params",
    [{"input": "x", "previous_response_id": "resp_1"}, {"input": [{"type": "reasoning"}]},
     {"input": "x", "reasoning": {"mode": "pro"}}, {"input": "x", "prompt": {"id": "p"}}, {"input": [3]}],
)  # fmt: skip
def test_responses_whose_prompt_is_not_seen(params):
    assert isinstance(asked("responses", params), Unknown)
