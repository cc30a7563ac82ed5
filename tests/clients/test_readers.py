"""Readers do with odd answers what the clients were seen to do with them."""

import json

import pytest

from conformance.clients.readers import (
    ai_sdk,
    codex,
    continue_cli,
    node_chat,
    node_responses,
    python_chat,
    python_responses,
    roo,
)
from conformance.clients.readers.reading import read
from wire.exchange import Chunk, Connection, Ended, Exchange, Reply, Request

STREAM = (("content-type", "text/event-stream"),)


def exchange(body, ended=Ended.COMPLETE, headers=STREAM):
    data = body if isinstance(body, bytes) else body.encode()
    reply = Reply(200, headers, (Chunk(0.0, data),))
    return Exchange("x", Request("POST", "/chat/completions"), reply, Connection(ended))


def sse(*payloads, end="data: [DONE]\n\n"):
    lines = [p if isinstance(p, str) else f"data: {json.dumps(p)}\n\n" for p in payloads]
    return "".join(lines) + end


def chunk(finish=None, **delta):
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    }


def call(finish=None, index=0, **part):
    function = {k: part.pop(k) for k in ("name", "arguments") if k in part}
    return chunk(finish, tool_calls=[{"index": index, "function": function, **part}])


TEXT = (chunk(role="assistant", content=""), chunk(content="a"), chunk(content="b"), chunk("stop"))
HEAD = call(id="call_1", type="function", name="run", arguments="")
CALLS = (
    chunk(role="assistant"),
    HEAD,
    call(arguments='{"a":'),
    call(arguments="1}"),
    chunk("tool_calls"),
)
CHAT = {
    "cline": ai_sdk.cline,
    "roo": roo.roo,
    "python": python_chat.helper,
    "node": node_chat.helper,
}
ALL = frozenset(CHAT)


def broken_by(body, **more):
    """The clients that stop, or have not the text `ab`, or the one call that was made."""
    x = exchange(body, **more)
    wanted = (("run", '{"a":1}'),) if "tool_calls" in str(body) else ()
    readings = {name: read(reader, x) for name, reader in CHAT.items()}
    return {
        name for name, r in readings.items()
        if r.complaint or r.calls != wanted or (not wanted and r.text != "ab")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("payloads", "breaks"),
    [
        pytest.param(TEXT, set(), id="a text"),
        pytest.param(CALLS, set(), id="a call"),
        pytest.param((), ALL, id="no event at all"),
        pytest.param((chunk(role="assistant", content=""), chunk("stop")), ALL, id="no text"),
        pytest.param(TEXT[:3], {"cline", "python", "node"}, id="no finish_reason"),
        pytest.param((*TEXT[:3], chunk("length")), {"cline", "python"}, id="cut at the limit"),
        pytest.param((TEXT[0], {"type": "ping"}, *TEXT[1:]), {"cline", "node"}, id="an object of another kind"),
        pytest.param((TEXT[0], "event: ping\n\n", *TEXT[1:]), {"roo", "python", "node"}, id="an event without data"),
        pytest.param((TEXT[0], ": ping\n\n", *TEXT[1:]), set(), id="a comment"),
        pytest.param((TEXT[0], "data:\n\n", *TEXT[1:]), ALL, id="empty data"),
        pytest.param((TEXT[0], "retry: 100\n\n", *TEXT[1:]), {"python"}, id="a retry line alone"),
        pytest.param((chunk(content="a"), chunk(role="assistant", content="b"), chunk("stop")), {"node"}, id="the role comes late"),
        pytest.param(({**TEXT[0], "created": "1"}, *TEXT[1:]), {"cline"}, id="created as a text"),
        pytest.param((CALLS[0], HEAD, call(id="call_1", arguments='{"a":1}'), CALLS[-1]), set(), id="the id again"),
        pytest.param((CALLS[0], HEAD, call(id="call_2", arguments='{"a":1}'), CALLS[-1]), {"cline"}, id="another id in later deltas"),
        pytest.param((CALLS[0], HEAD, call(name="run", arguments='{"a":1}'), CALLS[-1]), {"python"}, id="the name again"),
        pytest.param((CALLS[0], call(type="function", name="run", arguments='{"a":1}'), CALLS[-1]), {"cline", "roo", "python"}, id="no id"),
        pytest.param((CALLS[0], call(id="i", name="run", arguments='{"a":1}'), CALLS[-1]), {"python", "node"}, id="no type"),
        pytest.param((CALLS[0], call(id=7, type="function", name="run", arguments='{"a":1}'), CALLS[-1]), ALL, id="a number as id"),
        pytest.param((TEXT[0], "data: null\n\n", *TEXT[1:]), ALL, id="null"),
        pytest.param((CALLS[0], HEAD, CALLS[-1], call(arguments='{"a":1}')), {"python", "node"}, id="the end before the arguments"),
        pytest.param((*CALLS[:-1], chunk("stop")), {"python", "node"}, id="stop after a call"),
    ],
)  # fmt: skip
def test_chat_streams(payloads, breaks):
    assert broken_by(sse(*payloads)) == breaks


def test_ends_of_chat_streams():
    assert broken_by(sse(*TEXT), ended=Ended.CUT) == {"cline", "roo", "node"}
    assert broken_by(sse(*TEXT, end="")) == set()
    assert broken_by(sse(*TEXT) + "data: bye\n\n") == {"cline"}
    assert broken_by(sse(*TEXT).replace("\n", "\r\n")) == set()
    assert broken_by(b"\xef\xbb\xbf" + sse(*TEXT).encode()) == set()  # the first chunk says nothing


def event(kind, **more):
    return {"type": kind, **more}


def message(text=None):
    content = [] if text is None else [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": content}


def response(*output):
    return {"id": "resp_1", "object": "response", "output": list(output)}


def delta(text):
    return event(
        "response.output_text.delta", item_id="msg_1", output_index=0, content_index=0, delta=text
    )


PART = {"type": "output_text", "text": "", "annotations": []}
RESPONSE = (
    event("response.created", response=response()),
    event("response.output_item.added", output_index=0, item=message()),
    event("response.content_part.added", item_id="msg_1", output_index=0, content_index=0, part=PART),
    delta("a"),
    delta("b"),
    event("response.output_item.done", output_index=0, item=message("ab")),
    event("response.completed", response=response(message("ab"))),
)  # fmt: skip
RESPONSES = {
    "continue": continue_cli.continue_cli,
    "python": python_responses.helper,
    "python stream": python_responses.raw,
    "node": node_responses.helper,
    "node stream": node_responses.raw,
}
METADATA = event("response.metadata", metadata={})


@pytest.mark.parametrize(
    ("payloads", "breaks"),
    [
        pytest.param(RESPONSE, set(), id="a text"),
        pytest.param((), set(RESPONSES), id="no event at all"),
        pytest.param((RESPONSE[0], METADATA, *RESPONSE[1:]), {"node"}, id="an event that nobody knows"),
        pytest.param((*RESPONSE, delta("c")), {"continue", "python", "python stream", "node", "node stream"}, id="text after the end"),
        pytest.param(RESPONSE[1:], {"continue", "python", "node"}, id="no beginning"),
        pytest.param(RESPONSE[:-1], {"python", "python stream", "node stream"}, id="no end"),
        pytest.param((*RESPONSE, RESPONSE[-1]), set(), id="the end twice"),
        pytest.param((RESPONSE[0], *RESPONSE[2:]), {"continue", "python", "node"}, id="no output_item.added"),
        pytest.param((*RESPONSE[:2], *RESPONSE[1:]), {"python"}, id="output_item.added twice"),
    ],
)  # fmt: skip
def test_streams_of_responses(payloads, breaks):
    x = exchange(sse(*payloads, end=""))
    readings = {name: read(reader, x) for name, reader in RESPONSES.items()}
    assert {n for n, r in readings.items() if r.complaint or r.text != "ab"} == breaks


def test_a_plain_answer_needs_its_content_type_in_node_alone():
    body = json.dumps({"choices": [{"message": {"role": "assistant", "content": "ab"}}]})
    x = exchange(body, headers=(("content-type", "text/plain"),))
    assert read(python_chat.plain, x).text == "ab"
    assert read(node_chat.plain, x).complaint.startswith("a text, because Content-Type")


# What Codex itself was seen to drop (a misfit) and to take, member by member.
CODEX_ITEMS = {
    "message": {
        "drops": (
            ("id", 7), ("status", 7), ("role", None), ("role", "model"), ("phase", "thinking"), ("phase", 3),
            ("content", None), ("content", [{"type": "output_text"}]), ("content", [{"type": 7, "text": "a"}]),
            ("content", [{"type": "output_text", "text": "a", "annotations": "x"}]),
            ("content", [{"type": "output_text", "text": "a", "logprobs": "x"}]),
        ),
        "takes": (
            ("id", None), ("status", "done"), ("status", None), ("phase", None), ("phase", "commentary"), ("vendor", 7),
            ("content", [{"type": "output_text", "text": "a", "annotations": None}]),
        ),
    },
    "function_call": {
        "drops": (("id", 7), ("status", 7), ("namespace", 7), ("name", 7), ("arguments", {}), ("call_id", 7)),
        "takes": (("id", None), ("namespace", None), ("caller", "x")),
    },
    "custom_tool_call": {"drops": (("id", 7), ("input", None), ("name", None)), "takes": (("status", None),)},
    "reasoning": {"drops": (), "takes": (("id", 7), ("summary", None), ("encrypted_content", 7))},
}  # fmt: skip
CODEX_WHOLE = {
    "message": message("ab"),
    "function_call": {"type": "function_call", "name": "n", "call_id": "c", "arguments": "{}"},
    "custom_tool_call": {"type": "custom_tool_call", "name": "n", "call_id": "c", "input": ""},
    "reasoning": {"type": "reasoning", "id": "rs_1", "summary": []},
}


@pytest.mark.parametrize("kind", CODEX_ITEMS)
def test_items_that_codex_drops(kind):
    whole = CODEX_WHOLE[kind]
    assert codex.item_misfit(whole) is None
    for name, value in CODEX_ITEMS[kind]["drops"]:
        misfit = codex.item_misfit({**whole, name: value})
        assert misfit and misfit.path.startswith(name), (name, value)
    for name, value in CODEX_ITEMS[kind]["takes"]:
        assert codex.item_misfit({**whole, name: value}) is None, (name, value)


def test_events_that_codex_drops():
    for name in ("item_id", "call_id", "delta", "text"):
        assert codex.event_misfit({**delta("a"), name: 7}).path == name
    for name in ("content_index", "summary_index"):
        assert codex.event_misfit({**delta("a"), name: "0"}).path == name
    for name in ("output_index", "sequence_number", "logprobs", "vendor"):
        assert codex.event_misfit({**delta("a"), name: "0"}) is None


USAGE = {
    "input_tokens": 1, "output_tokens": 2, "total_tokens": 3,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({}, ""),
        ({"input_tokens": 1.5}, "usage.input_tokens"),
        ({"input_tokens": -1}, ""),
        ({"total_tokens": None}, "usage.total_tokens"),
        ({"input_tokens_details": None, "output_tokens_details": None}, ""),
        ({"input_tokens_details": {}}, "usage.input_tokens_details.cached_tokens"),
        ({"input_tokens_details": {"cached_tokens": 0}}, ""),
        ({"input_tokens_details": "x"}, "usage.input_tokens_details"),
        ({"input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": None}},
         "usage.input_tokens_details.cache_write_tokens"),
        ({"output_tokens_details": {"reasoning_tokens": None}}, "usage.output_tokens_details.reasoning_tokens"),
    ],
)  # fmt: skip
def test_usage_that_codex_cannot_parse(changes, path):
    found = [misfit.path for misfit in codex.completed_misfits({"usage": {**USAGE, **changes}})]
    assert found == ([path] if path else [])


def test_a_completed_response_that_codex_cannot_parse():
    assert [m.path for m in codex.completed_misfits({"usage": "x", "end_turn": "x"})] == [
        "usage",
        "end_turn",
    ]
    assert not list(codex.completed_misfits({"usage": None, "metadata": "x"}))
