"""Chat streams folded: by hand, and against any JSON at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.chat import ChatFold, fold_chat
from wire.exchange import Chunk, Reply
from wire.usage import Usage

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "m"}


def chunk(*choices: dict, **more: object) -> dict:
    return HEAD | {"choices": list(choices)} | more


def choice(delta: object, finish: str | None = None, index: int = 0, **more: object) -> dict:
    return {"index": index, "delta": delta, "finish_reason": finish} | more


def fold(*payloads: object, done: bool = True) -> ChatFold:
    lines = [json.dumps(payload) for payload in payloads] + ["[DONE]"] * done
    chunks = tuple(Chunk(10.0 * at, f"data: {line}\n\n".encode()) for at, line in enumerate(lines))
    return fold_chat(Reply(200, (("content-type", "text/event-stream"),), chunks))


def test_text() -> None:
    got = fold(
        chunk(choice({"role": "assistant", "content": "", "refusal": None})),
        chunk(choice({"content": "Hel"}), obfuscation="x"),
        chunk(choice({"content": "lo"})),
        chunk(choice({}, "stop")),
        chunk(usage={"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}),
    )
    assert got.whole
    assert not got.problems
    assert (got.id, got.model, got.created, got.chunks) == ("chatcmpl-1", "m", 5, 5)
    assert (got.first_content_where, got.first_content_at) == (1, 10.0)
    assert (got.last_content_at, got.content_chunks) == (20.0, 2)
    assert got.choices[0].finished_where == 3
    assert got.usage == Usage(prompt_tokens=3, completion_tokens=2, total_tokens=5)
    assert got.as_completion() == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 5,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


def test_tool_calls_interleaved() -> None:
    def call(index: int, **more: object) -> dict:
        return chunk(choice({"tool_calls": [{"index": index} | more]}))

    got = fold(
        chunk(choice({"role": "assistant", "content": None})),
        call(0, id="a", type="function", function={"name": "f", "arguments": ""}),
        call(1, id="b", type="custom", custom={"name": "g", "input": ""}),
        call(0, function={"arguments": '{"x"'}),
        call(1, custom={"input": "raw"}),
        call(0, function={"arguments": ":1}"}),
        chunk(choice({}, "tool_calls")),
    )
    assert got.choices[0].content is None
    assert got.first_content_where == 1
    assert got.as_completion()["choices"][0]["message"]["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}},
        {"id": "b", "type": "custom", "custom": {"name": "g", "input": "raw"}},
    ]


def test_choices_logprobs_and_other_fields() -> None:
    logprobs = {"content": [{"token": "a"}], "refusal": None}
    got = fold(
        chunk(choice({"role": "assistant", "refusal": "n"}, index=1)),
        chunk(choice({"role": "assistant", "content": "a"}, logprobs=logprobs)),
        chunk(choice({"content": "b"}, logprobs=logprobs)),
        chunk(choice({"annotations": [1]}), choice({"refusal": "o"}, "stop", 1)),
        chunk(choice({"annotations": [2], "audio": {"id": "x", "data": "AB"}})),
        chunk(choice({"audio": {"data": "CD", "expires_at": 1}}, "stop")),
    )
    first, second = got.as_completion()["choices"]
    assert first["logprobs"] == {"content": [{"token": "a"}] * 2, "refusal": None}
    assert first["message"]["annotations"] == [1, 2]
    assert first["message"]["audio"] == {"id": "x", "data": "ABCD", "expires_at": 1}
    assert second["message"] == {"role": "assistant", "content": None, "refusal": "no"}
    assert got.whole


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ("x", "not an object"),
        ([1], "not an object"),
        (None, "not an object"),
        ({"object": "chat.completion.chunk"}, "no list of choices"),
        (chunk({"delta": {}}), "a choice without an index"),
        (chunk({"index": True, "delta": {}}), "a choice without an index"),
        (chunk({"index": 0}), "choice 0 without a delta"),
        (chunk(choice({"tool_calls": [{"id": "a"}]})), "a tool call without an index"),
    ],
)
def test_problems(payload: object, text: str) -> None:
    got = fold(chunk(choice({"content": "a"}, "stop")), payload)
    assert got.problems == [(1, text)]
    assert got.whole
    assert got.choices[0].content == "a"


def test_bad_json() -> None:
    got = fold_chat(Reply(200, (), (Chunk(0.0, b'data: {"a"\n\ndata: NaN\n\n'),)))
    assert [problem.where for problem in got.problems] == [0, 1]
    assert "no JSON" in got.problems[0].text


@pytest.mark.parametrize(
    ("payloads", "done", "whole"),
    [
        ([], True, False),
        ([chunk(choice({}, "stop"))], True, True),
        ([chunk(choice({}, "stop"))], False, False),
        ([chunk(choice({"content": "a"}))], True, False),
        ([chunk(choice({}, "stop")), chunk(choice({}, index=1))], True, False),
    ],
)
def test_whole(payloads: list, done: bool, whole: bool) -> None:
    assert fold(*payloads, done=done).whole is whole


def test_an_error_in_the_stream() -> None:
    got = fold(chunk(choice({"content": "a"})), {"error": {"message": "no"}}, done=False)
    assert got.error == {"message": "no"}
    assert not got.whole
    assert not got.problems


def test_events_one_by_one_give_the_same_fold() -> None:
    reply = Reply(200, (), (Chunk(1.0, b'data: {"choices":[]}\n\ndata: [DONE]\n\n'),))
    one_by_one = ChatFold()
    for event in reply.events:
        one_by_one.read(event)
    assert vars(one_by_one) == vars(fold_chat(reply))
    assert fold_chat(reply) is fold_chat(reply)


def test_the_payloads_stay_as_they_were() -> None:
    payload = chunk(choice({"audio": {"data": "A"}, "annotations": [1]}))
    before = json.dumps(payload)
    got = ChatFold()
    got.add(payload, 0)
    got.add(payload, 1)
    assert json.dumps(payload) == before


KEYS = st.sampled_from(["choices", "index", "delta", "content", "role", "tool_calls", "function", "custom", "arguments", "name", "id", "type", "usage", "error", "logprobs", "finish_reason", "audio", "model", "prompt_tokens"])  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
SHAPED = st.builds(
    lambda delta, more: {"choices": [{"index": 0, "delta": delta} | more]} | more,
    ANY,
    st.dictionaries(KEYS, ANY, max_size=2),
)


@given(st.lists(ANY | SHAPED, max_size=4))
def test_any_json_is_taken(payloads: list) -> None:
    got = ChatFold()
    for index, payload in enumerate(payloads):
        got.add(payload, index)
    got.as_completion()
    assert got.usage is None or isinstance(got.usage, Usage)
    assert got.whole is False
