"""Readers do with odd answers what the clients were seen to do with them."""

import json

import pytest

from conformance.clients.readers import (
    ai_sdk,
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
