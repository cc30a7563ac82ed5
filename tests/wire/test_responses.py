"""Responses streams folded: by hand, and against any JSON at all."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.exchange import Chunk, Reply
from wire.items import CHANNELS, Copies
from wire.responses import ResponsesFold, fold_responses, output_text
from wire.usage import Usage

PART = {"type": "output_text", "text": "Hello", "annotations": [{"n": 1}]}
MESSAGE = {"id": "msg", "type": "message", "status": "completed", "content": [PART]}
CALL = {"id": "fc", "type": "function_call", "arguments": "{}", "name": "f", "call_id": "c"}
USAGE = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
IN_0 = {"output_index": 0, "item_id": "msg", "content_index": 0}
STREAM = [
    {"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}},
    {"type": "response.in_progress", "response": {"id": "r", "output": []}},
    {"type": "response.output_item.added", "output_index": 0, "item": MESSAGE | {"content": []}},
    {"type": "response.content_part.added", "part": PART | {"text": ""}} | IN_0,
    {"type": "response.output_text.delta", "delta": "Hel"} | IN_0,
    {"type": "response.output_text.delta", "delta": "lo"} | IN_0,
    {"type": "response.output_text.annotation.added", "annotation": {"n": 1}, "annotation_index": 0} | IN_0,
    {"type": "response.output_text.done", "text": "Hello"} | IN_0,
    {"type": "response.content_part.done", "part": PART} | IN_0,
    {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE},
    {"type": "response.output_item.added", "output_index": 1, "item": CALL | {"arguments": ""}},
    {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"},
    {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": "{}"},
    {"type": "response.output_item.done", "output_index": 1, "item": CALL},
    {"type": "response.completed", "response": {"id": "r", "model": "m", "status": "completed", "output": [MESSAGE, CALL], "usage": USAGE}},
]  # fmt: skip


def fold(*payloads: object) -> ResponsesFold:
    chunks = tuple(
        Chunk(10.0 * at, f"event: x\ndata: {json.dumps(payload)}\n\n".encode())
        for at, payload in enumerate(payloads)
    )
    return fold_responses(Reply(200, (("content-type", "text/event-stream"),), chunks))


def test_a_stream() -> None:
    got = fold(*STREAM)
    assert got.whole
    assert not got.problems
    assert not got.unstreamed
    assert (got.terminal, got.status, got.id, got.model) == ("response.completed", "completed", "r", "m")  # fmt: skip
    assert got.usage == Usage(prompt_tokens=3, completion_tokens=2, total_tokens=5)
    assert got.output_text == "Hello"
    assert [(item.index, item.type) for item in got.items.values()] == [(0, "message"), (1, "function_call")]  # fmt: skip
    assert [item.copies(text) for item, text in got.texts()] == [
        Copies("Hello", "Hello", "Hello", "Hello", "Hello"),
        Copies("{}", "{}", None, "{}", "{}"),
    ]
    assert got.items[0].parts["content", 0].annotations == [{"n": 1}]
    assert (got.first_content_where, got.first_content_at, got.last_content_at) == (4, 40.0, 110.0)
    assert (got.content_chunks, got.counts["response.output_text.delta"]) == (3, 2)


@pytest.mark.parametrize(
    ("event", "source"), [(5, "deltas"), (7, "done"), (8, "part"), (9, "item"), (14, "final")]
)
def test_each_copy_is_kept_apart(event: int, source: str) -> None:
    changed = copy.deepcopy(STREAM)
    changed[event] = json.loads(json.dumps(changed[event]).replace("lo", "p!"))
    item, text = next(fold(*changed).texts())
    copies = item.copies(text)._asdict()
    assert copies.pop(source) == "Help!"
    assert set(copies.values()) == {"Hello"}


@pytest.mark.parametrize("cut", range(len(STREAM)))
def test_a_cut_stream(cut: int) -> None:
    got = fold(*STREAM[:cut])
    assert not got.whole
    assert not got.problems
    assert got.output_text == ("" if cut < 5 else "Hel" if cut == 5 else "Hello")


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.event)
def test_every_channel(channel) -> None:
    place = {"output_index": 0} | ({channel.index_field: 0} if channel.index_field else {})
    part: dict = {channel.text: "ab"}
    item = {"id": "i", "type": "t"}
    match channel.place:
        case "":
            item |= part
        case "action.commands":
            item |= {"action": {"commands": ["ab"]}}
        case name:
            item |= {name: [part]}
    got = fold(
        {"type": f"{channel.event}.delta", "delta": "a"} | place,
        {"type": f"{channel.event}.delta", "delta": "b"} | place,
        {"type": f"{channel.event}.done", channel.text: "ab"} | place,
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {"output": [item]}},
    )
    ((owner, text),) = got.texts()
    assert not got.problems
    assert owner.copies(text) == Copies("ab", "ab", None, "ab", "ab")


def test_items_of_the_final_response_are_matched_by_id_first() -> None:
    tools = {"id": "mcpl", "type": "mcp_list_tools"}
    changed = [*STREAM[:-1], {"type": "response.completed", "response": {"output": [tools, MESSAGE, CALL]}}]  # fmt: skip
    got = fold(*changed)
    assert got.unstreamed == [tools]
    assert got.items[0].final == MESSAGE
    assert got.items[1].final == CALL


def test_an_item_whose_id_changed_is_matched_by_its_place() -> None:
    other = MESSAGE | {"id": "other"}
    got = fold(*STREAM[:-1], {"type": "response.completed", "response": {"output": [other, CALL]}})
    assert got.items[0].final == other
    assert not got.unstreamed


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({"type": "error", "code": "c", "message": "m"}, {"type": "error", "code": "c", "message": "m"}),
        ({"type": "error", "error": {"message": "m"}}, {"message": "m"}),
        ({"error": {"message": "m"}}, {"message": "m"}),
        ({"type": "response.failed", "response": {"error": {"code": "c"}, "output": []}}, {"code": "c"}),
    ],
)  # fmt: skip
def test_errors_end_the_stream(payload: dict, error: dict) -> None:
    got = fold(STREAM[0], payload)
    assert got.error == error
    assert got.whole
    assert not got.problems


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (1, "not an object"),
        ({}, "no type"),
        ({"type": "response.created"}, "no response"),
        ({"type": "response.completed", "response": {}}, "no list of output"),
        ({"type": "response.output_text.delta", "content_index": 0, "delta": ""}, "no output_index"),
        ({"type": "response.output_text.delta", "output_index": 0, "delta": ""}, "no content_index"),
        ({"type": "response.output_text.delta", "delta": 5} | IN_0, "a delta that is not a string"),
        ({"type": "response.reasoning_summary_part.added", "output_index": 0}, "no summary_index"),
        ({"type": "response.content_part.done"} | IN_0, "no part"),
        ({"type": "response.output_item.added", "output_index": 0}, "no item"),
        ({"type": "response.output_item.done", "output_index": "0", "item": {}}, "no output_index"),
    ],
)  # fmt: skip
def test_problems(payload: object, text: str) -> None:
    assert fold(payload).problems == [(0, text)]


def test_the_end_marker_of_chat_is_accepted() -> None:
    reply = Reply(200, (), (Chunk(1.0, b'data: {"type":"keepalive"}\n\ndata: [DONE]\n\n'),))
    one_by_one = ResponsesFold()
    for event in reply.events:
        one_by_one.read(event)
    assert vars(one_by_one) == vars(fold_responses(reply))
    assert one_by_one.done
    assert one_by_one.counts == {"keepalive": 1}
    assert not one_by_one.whole


KEYS = st.sampled_from(["type", "item", "part", "response", "output", "output_index", "content_index", "summary_index", "command_index", "delta", "text", "id", "content", "summary", "action", "commands", "error", "usage", "arguments"])  # fmt: skip
KINDS = st.sampled_from([*(payload["type"] for payload in STREAM), "error", "response.failed", "response.shell_call_command.done", "response.reasoning_summary_part.done"])  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 1) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
SHAPED = st.builds(
    lambda kind, more: IN_0 | {"command_index": 0, "summary_index": 0} | more | {"type": kind},
    KINDS,
    st.dictionaries(KEYS, ANY, max_size=4),
)


@given(st.lists(ANY | SHAPED, max_size=6))
def test_any_json_is_taken(payloads: list) -> None:
    got = ResponsesFold()
    for index, payload in enumerate(payloads):
        got.add(payload, index)
    for item, text in got.texts():
        assert item.copies(text).best is None or isinstance(item.copies(text).best, str)
    assert isinstance(got.output_text, str)
    assert got.usage is None or isinstance(got.usage, Usage)


@given(ANY)
def test_output_text_of_anything(value: object) -> None:
    assert isinstance(output_text({"output": value}), str)
