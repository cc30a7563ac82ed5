"""Responses streams: grammar, schemas, the client's own types, and equality with the plain answer."""

import typing

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from gateway.frames import encode
from gateway.model.script import HOSTED
from gateway.responses.stream import completion_at
from schemas.loader import check
from schemas.loader import names as schema_names
from tests.gateway.in_process import Desk, echo
from tests.gateway.response_grammar import problems
from tests.gateway.test_responses import CUSTOM, FUNCTION

TYPED = TypeAdapter(ResponseStreamEvent)
UNION = {
    member.model_fields["type"].annotation.__args__[0]
    for member in typing.get_args(typing.get_args(ResponseStreamEvent)[0])
}
TOLD = (
    "annotations",
    "audio",
    "content_filter",
    "error_event",
    "failed",
    "keepalive",
    "midstream_error",
    "phase",
    "queued",
    "reasoning_text",
)
ALL_DETAILS = [
    "reasoning.encrypted_content",
    "code_interpreter_call.outputs",
    "file_search_call.results",
    "web_search_call.action.sources",
]
CASES = {
    **{
        name: {"input": f"[[script {name}]] {echo('one two')}", "include": ALL_DETAILS}
        for name in (*sorted(HOSTED), *TOLD)
    },
    "plain": {"input": echo("hé 世界 🚀\n\nlast")},
    "empty": {"input": echo("")},
    "reasoning": {"input": echo("x"), "reasoning": {"effort": "low", "summary": "auto"}},
    "function": {"input": "Call the tool weather", "tools": [FUNCTION]},
    "functions": {"input": "Call the tool weather. Call the tool weather.", "tools": [FUNCTION]},
    "custom": {"input": "Call the tool patch with input a b c", "tools": [CUSTOM]},
    "refusal": {"input": "Refuse this request."},
    "limit": {"input": "Count from 1 to 99", "max_output_tokens": 16},
    "limit in reasoning": {
        "input": "Hello",
        "reasoning": {"effort": "high"},
        "max_output_tokens": 16,
    },
    "logprobs": {
        "input": echo("a b c"),
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 3,
    },
    "background": {"input": echo("x"), "background": True},
}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def events_of(desk, case):
    asked = dict(CASES[case])
    return desk.events(asked.pop("input"), **asked)


@pytest.mark.parametrize("case", CASES)
def test_streams_follow_the_grammar(desk, case):
    assert problems(events_of(desk, case)) == []


@pytest.mark.parametrize("case", CASES)
def test_events_have_the_types_of_the_client_and_of_the_schemas(desk, case):
    for event in events_of(desk, case):
        if event["type"] == "keepalive":
            continue
        TYPED.validate_python(event)
        assert check("responses/event", event) == [], event


def test_every_event_of_the_union_can_be_seen(desk):
    seen = {event["type"] for case in CASES for event in events_of(desk, case)}
    assert UNION - seen == set()
    assert seen - UNION == {"keepalive"}


def test_names_and_types_agree(desk):
    reply = desk.respond(stream=True)
    assert all(frame.name == frame.payload["type"] for frame in reply.frames)
    assert reply.header("content-type") == "text/event-stream; charset=utf-8"
    assert b"[DONE]" not in b"".join(piece.data for piece in encode(reply))


def stripped(value):
    """The value without what differs between two answers to the same request."""
    if isinstance(value, list):
        return [stripped(inner) for inner in value]
    if isinstance(value, dict):
        fresh = {"id", "call_id", "created_at", "completed_at", "encrypted_content", "billing"}
        return {name: stripped(inner) for name, inner in value.items() if name not in fresh}
    return value


@pytest.mark.parametrize(
    "case", [case for case in CASES if "error" not in case and case != "background"]
)
def test_streamed_and_plain_answers_are_equal(desk, case):
    asked = dict(CASES[case])
    plain = desk.respond(asked.pop("input"), **asked).body
    last = events_of(desk, case)[-1]["response"]
    assert stripped(last) == stripped(plain)


def test_obfuscation_pads_deltas_unless_it_is_off(desk):
    deltas = [event for event in desk.events(echo("a bc def")) if "delta" in event]
    assert all((len(e["delta"]) + len(e["obfuscation"])) % 16 == 0 for e in deltas)
    off = desk.events(echo("a"), stream_options={"include_obfuscation": False})
    assert not any("obfuscation" in event for event in off)


def test_queued_responses_begin_as_such(desk):
    events = events_of(desk, "background")
    assert [event["type"] for event in events[:3]] == [
        "response.created",
        "response.queued",
        "response.in_progress",
    ]
    assert [event["response"]["status"] for event in events[:3]] == [
        "queued",
        "queued",
        "in_progress",
    ]


def test_text_comes_word_by_word_at_the_pace_asked_for(desk):
    reply = desk.respond(f"[[ttft 300]] [[pace 20]] {echo('a b c d')}", stream=True)
    waits = [f.delay_ms for f in reply.frames if f.name == "response.output_text.delta"]
    assert waits == [300, 20, 20, 20]
    assert sum(frame.delay_ms for frame in reply.frames) == 360


def test_an_aborted_stream_costs_what_was_sent(desk):
    reply = desk.respond("Count from 1 to 50", stream=True, reasoning={"effort": "low"})
    counts = completion_at(reply.frames, reply.charge.usage)
    assert counts == tuple(sorted(counts))
    assert counts[0] == 0
    assert counts[-1] == reply.charge.usage.completion == 16 + 99 + 6
    assert reply.charge.completion_at == counts


def test_schemas_know_every_event():
    assert "responses/event" in schema_names()
