"""POST /v1/chat/completions: what the scripted model says, plain and streamed alike."""

import json
from typing import Any

import jsonschema
import pytest

from schemas.loader import check
from tests.gateway.chatting import PATCH, WEATHER, chunks, joined, message, say
from tests.gateway.in_process import Desk, echo


@pytest.fixture
def desk() -> Desk:
    return Desk()


TEXTS = [
    "plain",
    "  spaces  around  ",
    "line\nbreaks\r\n\ttabs",
    "日本語のテキスト、絵文字👩‍👩‍👧‍👦🇳🇴",
    "RTL שלום عليكم",
    "e\u0301 combining \u2028 separator \x00 nul",
    '{"json": "inside", "quote": "\\""}',
    "data: [DONE]\n\n",
    "x" * 100,
    "Refuse this request. Call the tool weather. [[pace 5]] Count from 1 to 3",
    "<<<\nnested\n>>>",
]


@pytest.mark.parametrize("text", TEXTS)
def test_echo_is_exact(desk: Desk, text: str):
    assert message(say(desk, echo(text)))["content"] == text
    assert joined(say(desk, echo(text), stream=True))["content"] == text


def test_answer_has_the_shape_of_the_api(desk: Desk):
    reply = say(desk, "Count from 1 to 4")
    assert check("chat/completion", reply.body) == []
    assert message(reply)["content"] == "1 2 3 4"
    assert reply.body["choices"][0]["finish_reason"] == "stop"
    assert reply.body["model"] == "gpt-5.5-2026-04-23"


CASES: list[dict[str, Any]] = [
    {},
    {"n": 3},
    {"logprobs": True, "top_logprobs": 3},
    {"max_completion_tokens": 2},
    {"reasoning_effort": "high"},
    {"tools": [WEATHER, PATCH], "tool_choice": "required"},
    {"tools": [WEATHER, PATCH], "tool_choice": {"type": "custom", "custom": {"name": "patch"}}},
    {"response_format": {"type": "json_schema", "json_schema": {
        "name": "a", "schema": WEATHER["function"]["parameters"], "strict": True}}},
]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["Count from 1 to 9", "Refuse this request.", "[[script annotations]]"]
)
@pytest.mark.parametrize("more", CASES)
def test_streamed_and_plain_agree(desk: Desk, text: str, more: dict[str, Any]):
    plain = say(desk, text, **more)
    options = {"include_usage": True}
    stream = say(desk, text, stream=True, stream_options=options, **more)
    assert check("chat/completion", plain.body) == []
    payloads = chunks(stream)
    assert [problem for chunk in payloads for problem in check("chat/chunk", chunk)] == []
    for choice in plain.body["choices"]:
        whole = joined(stream, choice["index"])
        said = choice["message"]
        assert whole["content"] == said["content"]
        assert (whole["refusal"] or None) == said["refusal"]
        assert whole["finish"] == choice["finish_reason"]
        calls = [(c["type"], c[c["type"]]) for c in said.get("tool_calls", ())]
        assert [(c["type"], c[c["type"]]) for c in whole["calls"]] == calls
    assert payloads[-1]["choices"] == []
    assert payloads[-1]["usage"] == plain.body["usage"]
    assert all(chunk["usage"] is None for chunk in payloads[:-1])


def test_logprobs_of_chunks_add_up(desk: Desk):
    plain = say(desk, "Count from 1 to 9", logprobs=True, top_logprobs=2)
    stream = say(desk, "Count from 1 to 9", logprobs=True, top_logprobs=2, stream=True)
    told = [
        entry
        for chunk in chunks(stream)
        for choice in chunk["choices"]
        for entry in (choice["logprobs"] or {}).get("content") or ()
    ]
    whole = plain.body["choices"][0]["logprobs"]["content"]
    assert told == whole
    assert len(whole) == plain.body["usage"]["completion_tokens"] - 3
    assert "".join(entry["token"] for entry in whole) == message(plain)["content"]
    assert all(len(entry["top_logprobs"]) == 2 for entry in whole)


def test_stream_is_framed_as_the_api_frames_it(desk: Desk):
    data = say(desk, "hello", stream=True).data
    assert data.endswith(b"data: [DONE]\n\n")
    assert data.count(b"[DONE]") == 1
    assert b"event:" not in data
    assert all(block.startswith(b"data: ") for block in data.split(b"\n\n")[:-1])
    assert b'"usage"' not in data


def test_obfuscation_can_be_switched_off(desk: Desk):
    on = chunks(say(desk, "hello", stream=True))
    off = chunks(say(desk, "hello", stream=True, stream_options={"include_obfuscation": False}))
    assert all(isinstance(chunk["obfuscation"], str) for chunk in on)
    assert not any("obfuscation" in chunk for chunk in off)


def test_stop_ends_before_the_word(desk: Desk):
    assert message(say(desk, "Count from 1 to 9", stop="5"))["content"] == "1 2 3 4 "
    assert message(say(desk, "Count from 1 to 9", stop=["8", " 3"]))["content"] == "1 2"


@pytest.mark.parametrize("limit", [1, 5, 16])
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_limit_holds(desk: Desk, name: str, limit: int):
    reply = say(desk, "Count from 1 to 99", **{name: limit})
    assert reply.body["usage"]["completion_tokens"] == limit
    assert reply.body["choices"][0]["finish_reason"] == "length"


def test_reasoning_is_inside_the_limit(desk: Desk):
    reply = say(desk, "Count from 1 to 9", reasoning_effort="high", max_completion_tokens=10)
    usage = reply.body["usage"]
    assert usage["completion_tokens"] == 10
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 10
    assert message(reply)["content"] == ""


def test_code_word_is_found_in_every_turn(desk: Desk):
    told = [
        {"role": "system", "content": "The code word is alpha."},
        {"role": "user", "content": "The code word is beta."},
        {"role": "assistant", "content": "Noted."},
        {"role": "user", "content": "What is the code word? Answer with the word only."},
    ]
    assert message(say(desk, told))["content"] == "beta"
    assert message(say(desk, told[-1:]))["content"] == "unknown"
    parts = [{"role": "developer", "content": [{"type": "text", "text": "The code word is x1."}]}]
    assert message(say(desk, [*parts, told[-1]]))["content"] == "x1"


def test_tools_are_called_when_told(desk: Desk):
    given = '{"city": "Oslo", "days": 3}'
    reply = say(desk, f"Call the tool weather with arguments {given}", tools=[WEATHER])
    call = message(reply)["tool_calls"][0]
    assert call["function"] == {"name": "weather", "arguments": given}
    assert call["id"].startswith("call_")
    assert message(reply)["content"] is None
    assert reply.body["choices"][0]["finish_reason"] == "tool_calls"
    assert "tool_calls" not in message(say(desk, "hello", tools=[WEATHER]))


def test_several_calls_keep_their_order(desk: Desk):
    text = "Call the tool patch with input *** Begin\nCall the tool weather"
    reply = say(desk, text, tools=[WEATHER, PATCH])
    names = [call[call["type"]]["name"] for call in message(reply)["tool_calls"]]
    assert names == ["patch", "weather"]
    assert message(reply)["tool_calls"][0]["custom"]["input"] == "*** Begin"
    one = say(desk, text, tools=[WEATHER, PATCH], parallel_tool_calls=False)
    assert len(message(one)["tool_calls"]) == 1


def test_an_input_of_many_lines_is_given_as_a_json_string(desk: Desk):
    reply = say(desk, 'Call the tool patch with input "*** Begin\\n+é\\n"', tools=[PATCH])
    assert message(reply)["tool_calls"][0]["custom"]["input"] == "*** Begin\n+é\n"


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("none", []),
        ("auto", ["weather"]),
        ("required", ["weather"]),
        ({"type": "custom", "custom": {"name": "patch"}}, ["patch"]),
        ({"type": "function", "function": {"name": "weather"}}, ["weather"]),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [
            {"type": "custom", "custom": {"name": "patch"}}]}}, ["patch"]),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [
            {"type": "custom", "custom": {"name": "patch"}}]}}, []),
    ],
)  # fmt: skip
def test_tool_choice_is_obeyed(desk: Desk, choice: Any, names: list[str]):
    reply = say(desk, "Call the tool weather", tools=[WEATHER, PATCH], tool_choice=choice)
    calls = message(reply).get("tool_calls", [])
    assert [call[call["type"]]["name"] for call in calls] == names


def test_arguments_fit_the_schema(desk: Desk):
    reply = say(desk, "hello", tools=[WEATHER], tool_choice="required")
    arguments = json.loads(message(reply)["tool_calls"][0]["function"]["arguments"])
    jsonschema.validate(arguments, WEATHER["function"]["parameters"])


def test_tool_output_is_used(desk: Desk):
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "Call the tool weather"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    ]
    reply = say(desk, turns, tools=[WEATHER])
    assert message(reply)["content"] == "The tool said: rain"


def test_refusal(desk: Desk):
    said = message(say(desk, "Refuse this request."))
    assert said["content"] is None
    assert said["refusal"]


def test_json_mode(desk: Desk):
    wanted = {"type": "json_object"}
    reply = say(desk, "Answer in JSON: hello", response_format=wanted)
    assert isinstance(json.loads(message(reply)["content"]), dict)
    refused = say(desk, "hello", response_format=wanted)
    assert (refused.status, refused.body["error"]["param"]) == (400, "messages")


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        (None, "default"),
        ("auto", "default"),
        ("flex", "flex"),
        ("fast", "priority"),
        ("priority", "priority"),
    ],
)
def test_tier_used_is_told(desk: Desk, asked: str | None, used: str):
    assert say(desk, "hello", service_tier=asked).body["service_tier"] == used


def test_usage_counts_what_was_given(desk: Desk):
    def prompt(*given: Any, **more: Any) -> int:
        return say(desk, *given, **more).body["usage"]["prompt_tokens"]

    short = prompt("hello")
    assert prompt("hello world") > short
    assert prompt("hello", tools=[WEATHER]) > short
    one = say(desk, "Count from 1 to 9").body["usage"]
    two = say(desk, "Count from 1 to 9", n=2).body["usage"]
    assert two["prompt_tokens"] == one["prompt_tokens"]
    assert two["completion_tokens"] == 2 * one["completion_tokens"]


def test_chat_and_responses_count_alike(desk: Desk):
    body = desk.respond("Count from 1 to 30", instructions="Be brief.").body
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Count from 1 to 30"},
    ]
    usage = say(desk, turns).body["usage"]
    assert body["usage"]["input_tokens"] == usage["prompt_tokens"]
    # Around the same text stand three tokens in chat and four in Responses, as in recorded answers.
    assert body["usage"]["output_tokens"] == usage["completion_tokens"] + 1


def test_long_prompt_is_cached_the_second_time(desk: Desk):
    text = "word " * 1500
    first = say(desk, text).body["usage"]
    second = say(desk, text + "and more").body["usage"]
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    cached = second["prompt_tokens_details"]["cached_tokens"]
    assert cached >= 1024
    assert cached % 128 == 0
    assert (
        say(desk, text, model="gpt-5.4").body["usage"]["prompt_tokens_details"]["cached_tokens"]
        == 0
    )
    assert say(desk, "word").body["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


def test_same_seed_same_text_and_ids_never_repeat(desk: Desk):
    bodies = [say(desk, "hello", seed=1).body for _ in range(50)]
    assert len({body["choices"][0]["message"]["content"] for body in bodies}) == 1
    assert len({body["id"] for body in bodies}) == 50


def test_stored_chat_can_be_read_changed_and_deleted(desk: Desk):
    made = say(desk, "hello", store=True, metadata={"a": "b"}).body
    place = f"/chat/completions/{made['id']}"
    assert desk.ask(place).body == made
    assert made in desk.ask("/chat/completions").body["data"]
    assert desk.ask(place + "/messages").body["data"][0]["content"] == "hello"
    assert desk.ask(place, {"metadata": {"c": "d"}}).body["metadata"] == {"c": "d"}
    assert desk.ask(place, method="DELETE").body["deleted"] is True
    assert desk.ask(place).status == 404
    assert desk.ask("/chat/completions/chatcmpl-none").status == 404


def test_paces(desk: Desk):
    stream = say(desk, "Count from 1 to 4 [[pace 20]] [[ttft 100]]", stream=True)
    assert [frame.delay_ms for frame in stream.frames] == [100, 0, *[20] * 6, 0, 0]
    assert say(desk, "Count from 1 to 4 [[pace 20]] [[ttft 100]]").delay_ms == 220


def test_scripted_ends(desk: Desk):
    assert (
        say(desk, "[[script content_filter]]").body["choices"][0]["finish_reason"]
        == "content_filter"
    )
    broken = say(desk, "Count from 1 to 9 [[script midstream_error]]", stream=True)
    assert broken.frames[-1].payload["error"]["type"] == "server_error"
    assert say(desk, "Count from 1 to 9 [[script midstream_error]]").status == 500
    alive = say(desk, "hello [[script keepalive]]", stream=True).data
    assert b"\n\n: keepalive\n\n" in alive
