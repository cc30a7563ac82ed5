"""The scripted model counts as the models that it stands for: what it bills is what we count."""

import json

import pytest

from gateway.model.tokens import first, tokenize
from tests.gateway.chatting import say
from tests.gateway.in_process import Desk
from wire.exchange import Chunk, Exchange, Reply, Request
from wire.tokens.claim import claim

TEXTS = (
    "Count from 1 to 3",
    "你好世界。今天天气很好。",
    "مرحبا بالعالم",
    "👩‍👩‍👧‍👦 🇩🇪 ❤️",
    "def f(x):\n    return {'a': [1, 2.5e-3]}\n",
    "1234567890 " * 20,
    " \t\n  x  \n",
)
TOOL = {
    "name": "find",
    "description": "Find a word",
    "parameters": {"type": "object", "properties": {"word": {"type": "string"}}},
}
SCHEMA = {
    "name": "person",
    "schema": {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
        "additionalProperties": False,
    },
    "strict": True,
}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def held(desk, path, params):
    """The claim of an answer of the gateway."""
    body = json.dumps(params).encode()
    reply = desk.ask(path, params)
    asked = Request("POST", f"/v1{path}", (), body)
    return claim(Exchange("x", asked, Reply(200, (), (Chunk(0, reply.data),))))


def off(found):
    usage = found.answered.usage
    return found.prompt.off(usage.prompt_tokens), found.output.off(usage.completion_tokens)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("stream", [False, True])
def test_chat_bills_what_we_count(desk: Desk, text, stream):
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "hello"},
        {
            "role": "user",
            "content": [{"type": "text", "text": text}, {"type": "text", "text": "!"}],
        },
    ]
    more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    found = held(desk, "/chat/completions", {"model": "gpt-5.5", "messages": messages, **more})
    assert found.prompt.exact
    assert found.output.exact
    assert off(found) == (0, 0)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("more", [{}, {"stream": True}, {"reasoning": {"effort": "low"}}])
def test_responses_bill_what_we_count(desk: Desk, text, more):
    params = {"model": "gpt-5.4", "input": text, "instructions": "Be brief.", **more}
    found = held(desk, "/responses", params)
    assert off(found) == (0, 0)


@pytest.mark.parametrize("system", [False, True])
def test_tools_and_schemas_are_billed_as_we_count(desk: Desk, system):
    messages = [{"role": "developer", "content": "Be brief."}] if system else []
    messages.append({"role": "user", "content": "hi"})
    for path, params in (
        ("/chat/completions", {"messages": messages, "tools": [{"type": "function", "function": TOOL}]}),
        ("/responses", {"input": messages, "tools": [{"type": "function", **TOOL}]}),
        ("/responses", {"input": messages, "text": {"format": {"type": "json_schema", **SCHEMA}}}),
    ):  # fmt: skip
        assert off(held(desk, path, {"model": "gpt-5.5", **params})) == (0, 0), params


def test_a_limit_is_the_most_that_is_billed(desk: Desk):
    for limit in range(1, 12):
        body = say(desk, "Count from 1 to 4", max_completion_tokens=limit).body
        assert body["usage"]["completion_tokens"] == min(limit, 10)
        assert body["choices"][0]["finish_reason"] == ("length" if limit < 7 else "stop")


def test_pieces_are_whole_characters():
    for text in TEXTS:
        assert "".join(tokenize(text)) == text
        assert all("\ufffd" not in piece for piece in tokenize(text))
    assert first("👩‍👩‍👧‍👦", 1) == ""
    assert first("a b c", 2) == "a b"
