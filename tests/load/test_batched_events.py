"""Pieces that are batched and read together give the same stream as pieces read one by one."""

import itertools
import json
import struct
import time

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from load.measure.outcome import Outcome
from load.transport.batched_events import BATCH, lines_of, named_lines_of
from load.transport.connection import Connection
from load.transport.engine import Engine, Limits, reader_of
from load.transport.request import Arrival, Request
from load.transport.target import Target
from tests.load.streams import CHAT, HEAD, USAGE, chunk, chunked, serving, sse
from wire.endpoint import Endpoint

CHAT_REQUEST = Request("chat-stream", Endpoint.CHAT, "/chat/completions", b"{}", expected="")
RESPONSES_REQUEST = Request(
    "responses-stream", Endpoint.RESPONSES, "/responses", b"{}", expected=""
)
END = b"0\r\n\r\n"


def framed(event):
    """An HTTP chunk of its own."""
    return chunked(event, end=False)


class Script:
    """A socket that gives what it was told to, a receive each, a microsecond apart."""

    def __init__(self, pieces):
        self._pieces = iter(enumerate(pieces))

    def recvmsg(self, *_sizes):
        at, piece = next(self._pieces)
        return piece, [(1, 35, struct.pack("qq", 1, at * 1000))], 0, None

    def send(self, data):
        return len(data)

    def close(self):
        pass


def read(request, pieces, *, hold):
    """What an arrival of these pieces comes to. Where its bytes are kept, nothing is batched."""
    done = []

    def end(connection):
        done.append(connection)
        connection.arrival = None

    connection = Connection(Target("http://127.0.0.1:1/v1").address(), end, kernel=True)
    connection._sock = script = Script([*pieces, b""])
    connection._recvmsg, connection.connected = script.recvmsg, True
    arrival = Arrival(request, reader_of(request), kept=None if hold else [])
    connection.start(arrival, b"")
    for _ in range(len(pieces) + 1):
        if not done and not connection.closed:
            connection._readable()
    reader = arrival.reader
    return {
        "outcome": arrival.outcome, "detail": arrival.detail, "violations": arrival.violations,
        "stamps": [stamp - arrival.headers_ns for stamp in reader.stamps], "events": reader.events,
        "visible": bool(reader.visible_ns), "usage": arrival.usage, "text": reader.text(),
        "bytes": arrival.received_bytes, "reusable": connection.reusable,
    }  # fmt: skip


ROLE = f"data: {CHAT[0]}\n\n".encode()
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)
PAYLOADS = st.one_of(
    WORDS.map(lambda word: chunk({"content": word})),
    st.sampled_from([
        chunk({"content": "x"}), chunk({"content": "x"}, id="other"), chunk({"reasoning_content": "hm"}), chunk(finish="stop"),
        chunk(finish="length"), chunk(usage=USAGE), chunk({"content": "y"}, usage=USAGE), chunk(error={"message": "boom"}), "[DONE]",
        '{"error": {"message": "boom"}}', "{", '{"choices": [{}', "{}]}", chunk() + chunk(), chunk() + "," + chunk(), "{}", "[]", "",
        '{"choices": []}', chunk({"content": {"odd": 1}}), chunk(choices=[{"index": 1, "delta": {"content": "b"}}]),
        chunk(choices=[{"index": 0, "delta": {"content": "a"}}, {"index": 1, "delta": {"content": "b"}}]),
    ]),
)  # fmt: skip
FORMS = st.sampled_from([b"data: %b\n\n"] * 8 + [b"data:%b\n\n", b"data: %b\r\n\r\n", b": hi\n\ndata: %b\n\n", b"id: 1\ndata: %b\n\n", b"event: e\ndata: %b\n\n", b"data: %b\n"])  # fmt: skip
EVENTS = st.builds(lambda form, payload: form % payload.encode(), FORMS, PAYLOADS)
STREAMS = st.lists(EVENTS, max_size=30)


def cut(stream, places):
    """The stream in pieces, cut at these places."""
    ends = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    return [stream[a:b] for a, b in itertools.pairwise(ends)]


@settings(deadline=None, max_examples=300)
@given(STREAMS, st.lists(st.integers(0, 10**6), max_size=4), st.booleans())
def test_what_is_held_changes_nothing(events, places, ended):
    pieces = [HEAD + framed(ROLE), *(framed(sse([CHAT[1]])) for _ in range(3))]
    pieces += [framed(event) for event in events]
    tail = framed(sse(CHAT[3:])) + END if ended else b""
    pieces += [*cut(b"".join(pieces[-3:]), places)] if places else []
    pieces.append(tail or framed(sse([CHAT[1]])))
    assert read(CHAT_REQUEST, pieces, hold=True) == read(CHAT_REQUEST, pieces, hold=False)


@pytest.mark.parametrize("place", [0, 5])
def test_an_event_too_deep_to_be_read_is_a_parse_error(place):
    deep = framed(b'data: {"usage": {"a":' + b"[" * 1500 + b"]" * 1500 + b'}, "choices": []}\n\n')
    pieces = [
        HEAD + framed(ROLE),
        *[framed(sse([CHAT[1]]))] * place,
        deep,
        framed(sse(CHAT[3:])),
        END,
    ]
    batched = read(CHAT_REQUEST, pieces, hold=True)
    assert batched == read(CHAT_REQUEST, pieces, hold=False)
    assert batched["outcome"] is Outcome.PARSE_ERROR


def delta(number, **more):
    kind = more.pop("type", "response.output_text.delta")
    data = json.dumps({"type": kind, "sequence_number": number, "delta": "w "} | more)
    return f"event: {kind}\ndata: {data}\n\n".encode()


ODD = st.sampled_from([
    {}, {}, {}, {"type": "response.reasoning_summary_text.delta"}, {"delta": ""}, {"delta": {"x": 1}}, {"sequence_number": 99},
    {"type": "error", "message": "boom"}, {"type": "response.completed", "response": {"id": "r", "status": "completed", "usage": USAGE, "output": []}},
    {"type": "response.output_item.done"}, {"type": "a\rb"},
])  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(ODD, max_size=30))
def test_nor_on_the_responses_endpoint(kinds):
    created = delta(0, type="response.created", response={"id": "r"})
    events = [created, *(delta(n, **more) for n, more in enumerate([{}, {}, *kinds], 1))]
    pieces = [HEAD + framed(events[0]), *map(framed, events[1:]), END]
    assert read(RESPONSES_REQUEST, pieces, hold=True) == read(RESPONSES_REQUEST, pieces, hold=False)


WHOLE = framed(b'data: {"a": 1}\n\n')


def test_the_usual_form_is_taken_apart():
    assert lines_of([WHOLE, WHOLE]) == b'{"a": 1}\n{"a": 1}'
    assert named_lines_of([framed(b'event: n\ndata: {"a": 1}\n\n')]) == (["n"], b'{"a": 1}')


@pytest.mark.parametrize("piece", [
    WHOLE + WHOLE, b"0" + WHOLE, b"0x" + WHOLE, WHOLE[1:], b"11\r\n" + WHOLE[4:], framed(b'data: {"a":\ndata: 1}\n\n'),
    framed(b'data: {"a":\r1}\n\n'), framed(b'data: {"a": "\xff"}\n\n'), framed(b"data: [1]\n\n"), framed(b'data: {"a": 1} \n\n'),
    framed(b'data: {"a": 1}\n\ndata: {"a": 1}\n\n'), framed(b'event: x\ndata: {"a": 1}\n\n'), b"10;x=1\r\n" + WHOLE[4:],
])  # fmt: skip
def test_any_other_form_is_left_alone(piece):
    assert lines_of([WHOLE, piece, WHOLE]) is None


def test_what_is_held_is_read_before_a_flight_is_cut():
    def answer(connection, _request):
        connection.sendall(HEAD)
        for payload in (CHAT[0], *[CHAT[1]] * (BATCH // 2)):
            connection.sendall(framed(sse([payload])))
            time.sleep(0.005)

    with serving(answer) as base_url:
        done = []
        engine = Engine(Target(base_url), Limits(), done.append)
        engine.send(Arrival(CHAT_REQUEST, reader_of(CHAT_REQUEST)))
        gevent.sleep(0.3)
        engine.cut()
    (arrival,) = done
    assert arrival.outcome is Outcome.CUT_BY_END
    assert len(arrival.reader.stamps) == BATCH // 2


def test_an_end_that_hides_in_a_held_piece_is_found():
    hidden = framed(sse(CHAT[3:])) + END + b"what nobody asked for\n\n\r\n"

    def answer(connection, _request):
        connection.sendall(HEAD + framed(sse(CHAT[:1])))
        for _ in range(2):
            time.sleep(0.01)
            connection.sendall(framed(sse([CHAT[1]])))
        time.sleep(0.01)
        connection.sendall(hidden)
        time.sleep(3)

    with serving(answer) as base_url:
        done = []
        engine = Engine(Target(base_url), Limits(), done.append)
        engine.send(Arrival(CHAT_REQUEST, reader_of(CHAT_REQUEST)))
        until = time.monotonic() + 2.8
        while not done and time.monotonic() < until:
            gevent.sleep(0.02)
        engine.stop()
    (arrival,) = done
    assert arrival.outcome is Outcome.OK
    assert (arrival.end_ns - arrival.sent_ns) / 1e6 < 500  # when it came, not when it was read
