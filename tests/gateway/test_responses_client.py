"""The OpenAI client and recorded requests of other clients, on the Responses endpoint."""

import json

import openai
import pydantic
import pytest

from gateway.responses.items import PREFIXES
from tests.gateway.in_process import Desk, echo
from tests.gateway.test_responses import FUNCTION

ASKED = {"model": "gpt-5.5", "input": echo("hi there")}


class City(pydantic.BaseModel):
    name: str
    people: int


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def client(desk):
    with desk.client() as client:
        yield client


def test_create(client):
    response = client.responses.create(**ASKED)
    assert response.output_text == "hi there"
    assert response.usage.total_tokens == response.usage.input_tokens + 2 + 4
    assert response._request_id.startswith("req_")


def test_create_streamed(client):
    events = list(client.responses.create(**ASKED, stream=True))
    assert events[-1].type == "response.completed"
    text = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert text == events[-1].response.output_text == "hi there"


@pytest.mark.parametrize("script", ["", *("shell", "web_search", "mcp_call", "annotations")])
def test_the_stream_helper_accepts_every_order(client, script):
    prompt = f"[[script {script}]] {echo('hi')}" if script else echo("hi")
    asked = {"model": "gpt-5.5", "input": prompt, "reasoning": {"effort": "low", "summary": "auto"}}
    with client.responses.stream(**asked) as stream:
        assert stream.get_final_response().output_text == "hi"


def test_parse(client):
    parsed = client.responses.parse(model="gpt-5.5", input="A city, please.", text_format=City)
    assert isinstance(parsed.output_parsed, City)


def test_tools_make_their_round(client):
    first = client.responses.create(
        model="gpt-5.5", input="Call the tool weather", tools=[FUNCTION]
    )
    call = first.output[0]
    assert json.loads(call.arguments).keys() == {"city"}
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "sun"}
    given = [{"role": "user", "content": "Call the tool weather"}, *first.output, output]
    second = client.responses.create(model="gpt-5.5", input=given, tools=[FUNCTION])
    assert second.output_text == "The tool said: sun"


def test_what_is_stored(client):
    made = client.responses.create(**ASKED)
    assert client.responses.retrieve(made.id).output_text == "hi there"
    listed = client.responses.input_items.list(made.id, limit=1)
    assert listed.data[0].content[0].text == ASKED["input"]
    streamed = list(client.responses.retrieve(made.id, stream=True, starting_after=2))
    assert streamed[0].sequence_number == 3
    assert client.responses.delete(made.id) is None
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_what_runs_in_the_background(client, desk):
    made = client.responses.create(**ASKED, background=True)
    assert client.responses.cancel(made.id).status == "cancelled"
    made = client.responses.create(**ASKED, background=True)
    desk.clock.now += 5
    assert client.responses.retrieve(made.id).status == "completed"


def test_tokens_and_compaction(client):
    used = client.responses.create(**ASKED).usage.input_tokens
    assert client.responses.input_tokens.count(**ASKED).input_tokens == used
    assert client.responses.compact(**ASKED).output[-1].type == "compaction"


def test_refusals_are_typed_errors(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="gpt-5.5", input="x", max_output_tokens=1)
    assert caught.value.code == "integer_below_min_value"
    assert caught.value.param == "max_output_tokens"


# What the Codex CLI sends (0.169.0), shortened in its texts and schemas only.
CODEX = {
    "model": "gpt-5.5",
    "stream": True,
    "input": [
        {
            "type": "message",
            "id": "msg_1",
            "role": "developer",
            "content": [{"type": "input_text", "text": "You are Codex."}],
            "internal_chat_message_metadata_passthrough": {"a": "b"},
        },
        {
            "type": "message",
            "id": "msg_2",
            "role": "user",
            "content": [{"type": "input_text", "text": "run the echo tool"}],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "**Think** hm"}],
            "content": None,
            "encrypted_content": "ENC==",
        },
        {
            "type": "function_call",
            "status": "completed",
            "id": "fc_1",
            "name": "exec_command",
            "arguments": '{"cmd": "echo ran"}',
            "call_id": "call_1",
        },
        {"type": "function_call_output", "id": "fco_1", "call_id": "call_1", "output": "ran"},
    ],
    "tools": [
        {**FUNCTION, "name": "exec_command", "strict": False, "parameters": {"type": "object"}},
        {
            "type": "custom",
            "name": "apply_patch",
            "description": "Edits files.",
            "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "x"'},
        },
        {
            "type": "tool_search",
            "execution": "client",
            "description": "Finds tools.",
            "parameters": {"type": "object", "properties": {"query": {"type": "string"}}},
        },
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium"},
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "0199c1f2-0000-7000-8000-000000000000",
    "text": {"verbosity": "low"},
    "client_metadata": {"x-codex-installation-id": "1"},
}


def test_codex_is_answered(desk):
    reply = desk.ask("/responses", CODEX)
    assert reply.status == 200, reply.body
    last = reply.frames[-1].payload["response"]
    assert [item["type"] for item in last["output"]] == ["reasoning", "message"]
    assert last["output"][0]["encrypted_content"]
    assert last["output"][1]["content"][0]["text"] == "The tool said: ran"
    assert [tool["type"] for tool in last["tools"]] == ["function", "custom", "tool_search"]


def test_every_item_type_has_its_prefix(desk):
    items = desk.respond("[[script shell]] x").body["output"]
    assert all(item["id"].startswith(PREFIXES[item["type"]]) for item in items)
