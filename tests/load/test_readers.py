"""The readers on the hot path say the same as the folds of `wire`, and name what is broken."""

import json

import pytest

from load.transport.chat_reader import ChatReader
from load.transport.http_response import HttpResponse
from load.transport.request import Arrival, Request
from load.transport.responses_reader import ResponsesReader
from load.workload.oracle import Likeness, likeness_of
from tests.load.streams import CHAT, USAGE, chunk
from tests.recorded import RECORDINGS
from wire import jsonl
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.responses import fold_responses
from wire.usage import Usage


def read(payloads, reader=None):
    reader = reader or ChatReader(keep_text=True)
    for number, payload in enumerate(payloads):
        reader.take(payload, "", number + 1)
    return reader


def test_a_whole_stream():
    reader = read(CHAT)
    assert reader.whole
    assert list(reader.stamps) == [2, 3]
    assert reader.text() == "a b"
    assert reader.usage.completion_tokens == 2
    assert reader.violations() == {}


@pytest.mark.parametrize(("payloads", "requirement", "whole"), [
    (CHAT[:-1], "chat.stream.done", False),
    ((*CHAT[:3], *CHAT[4:]), "chat.stream.finish-once", False),
    ((*CHAT[:4], chunk(finish="stop"), *CHAT[4:]), "chat.stream.finish-once", True),
    ((*CHAT[:4], chunk({"content": "late"}), *CHAT[4:]), "chat.stream.after-finish", True),
    ((*CHAT[:4], CHAT[5]), "chat.stream.usage-last", True),
    ((CHAT[4], *CHAT[:4], CHAT[5]), "chat.stream.usage-last", True),
    ((*CHAT[:4], CHAT[4], *CHAT[4:]), "chat.stream.usage-last", True),
    ((*CHAT, "[DONE]"), "chat.stream.nothing-after-done", True),
    ((*CHAT, "more"), "chat.stream.nothing-after-done", True),
    ((CHAT[0], "{", *CHAT[1:]), "chat.stream.json", True),
    ((CHAT[0], "{}", *CHAT[1:]), "chat.stream.heartbeat", True),
    ((CHAT[0], chunk({"content": "x"}, id="chatcmpl-2"), *CHAT[1:]), "chat.stream.id-constant", True),
    ((CHAT[0], chunk({"content": "x"}, model="n"), *CHAT[1:]), "chat.stream.model-constant", True),
    (CHAT[1:], "chat.stream.role-first", True),
    ((*CHAT[:4], chunk(usage=USAGE | {"total_tokens": 9}), CHAT[5]), "usage.sum.chat", True),
    ((*CHAT[:4], chunk(usage={"prompt_tokens": 1}), CHAT[5]), "chat.chunk.usage", True),
    ((*CHAT[:4], chunk(choices=[]), *CHAT[4:]), "chat.stream.empty-choices", True),
])  # fmt: skip
def test_each_cheap_rule(payloads, requirement, whole):
    reader = read(payloads)
    assert reader.whole is whole
    assert requirement in reader.violations()


def test_an_error_inside_of_a_stream_is_kept():
    assert read([*CHAT[:2], '{"error": {"message": "boom"}}']).error == {"message": "boom"}
    assert read([*CHAT[:2], chunk(error={"message": "boom"})]).error == {"message": "boom"}


def test_an_error_ends_a_stream_without_more():
    assert read([*CHAT[:2], '{"error": {"message": "boom"}}']).violations() == {}
    assert read([*CHAT[:2], '{"error": {"message": "boom"}}', "[DONE]"]).violations() == {}


def test_reasoning_is_content_but_not_visible():
    reader = read([CHAT[0], chunk({"reasoning_content": "hm"}), *CHAT[1:]])
    assert (list(reader.stamps), reader.visible_ns) == ([2, 3, 4], 3)


def test_loose_types_are_read_for_what_they_say():
    odd = chunk({"content": {"text": "x"}})
    reader = read([CHAT[0], odd, *CHAT[1:]])
    assert reader.whole
    assert len(reader.stamps) == 3
    assert "chat.chunk.values" in reader.violations()


@pytest.mark.parametrize(("text", "likeness"), [
    ("one two three four five", Likeness.SAME), ('"one two three four five"\n', Likeness.SAME),
    ("one two three five", Likeness.NEAR), ("two one three four five", Likeness.NEAR),
    ("one one two one two three four five", Likeness.NEAR), ("I cannot do that", Likeness.OTHER), ("", Likeness.OTHER),
])  # fmt: skip
def test_the_oracle_tells_broken_from_disobedient(text, likeness):
    assert likeness_of(text, "one two three four five") is likeness


@pytest.mark.skipif(not RECORDINGS.exists(), reason=f"no recordings at {RECORDINGS}")
def test_one_answer_with_the_folds_on_recordings():
    """Whole, usage, error and the number of content events agree on everything that was recorded."""
    judged = 0
    for exchange in jsonl.iter_file(RECORDINGS):
        if not exchange.reply.is_stream or exchange.endpoint not in {
            Endpoint.CHAT,
            Endpoint.RESPONSES,
        }:
            continue
        chat = exchange.endpoint is Endpoint.CHAT
        reader = ChatReader() if chat else ResponsesReader()
        fold = fold_chat(exchange.reply) if chat else fold_responses(exchange.reply)
        for event in exchange.reply.events:
            reader.take(event.data, event.name, event.index + 1)
        judged += 1
        assert reader.whole == fold.whole, exchange.id
        assert (reader.usage or Usage()) == (fold.usage or Usage()), exchange.id
        assert bool(reader.error) == bool(fold.error), exchange.id
        if not fold.problems:
            assert len(reader.stamps) == fold.content_chunks, exchange.id
    assert judged > 50


def test_a_flight_counts_once():
    request = Request("chat-stream", Endpoint.CHAT, "/chat/completions", b"{}")
    assert len({Arrival(request, ChatReader()), Arrival(request, ChatReader())}) == 2
    assert json.loads(CHAT[0])["choices"]


def test_an_answer_of_too_many_pieces_is_not_kept_as_text():
    """Its tokens are not counted then; its moments are."""
    reader = ChatReader(keep_text=True)
    data = '{"id":"a","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}'
    for at in range(5):
        reader.take(data, "", at + 1)
    reader.forget_texts()
    reader.take(data, "", 9)
    assert not reader.texts
    assert len(reader.stamps) == 6


def test_texts_are_forgotten_past_the_limit(monkeypatch):
    monkeypatch.setattr("load.transport.http_response.TEXTS_LIMIT", 3)
    request = Request("a", Endpoint.CHAT, "/x", b"{}", True)
    arrival = Arrival(request, ChatReader(keep_text=True))
    response = HttpResponse()
    response.begin(arrival)
    event = b'data: {"id":"a","model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    response.feed(head + event * 3, 1)
    assert len(arrival.reader.texts) == 3
    response.feed(event, 2)
    assert not arrival.reader.texts
    assert len(arrival.reader.stamps) == 4
