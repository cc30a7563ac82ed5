"""Every way a stream can end gets exactly its class: in process, over real sockets."""

import json
import time

import gevent
import pytest

from load.measure.arrival_log import ArrivalLog
from load.measure.outcome import Outcome
from load.measure.tally import Tally
from load.measure.window import Window
from load.transport import http_response
from load.transport.engine import Engine, Limits, reader_of
from load.transport.http_response import EVENT_LIMIT
from load.transport.request import Arrival, Request
from load.transport.target import Target
from tests.load.streams import (
    CHAT,
    HEAD,
    USAGE,
    WHOLE,
    chunk,
    chunked,
    reset,
    saying,
    serving,
    sse,
)
from wire.endpoint import Endpoint


def send_requests(
    base_url, n=1, *, limits=None, stream=True, expected=None, cut_after_s=None, most_tokens=None
):
    """Launch `n` arrivals one after the other on one engine and wait for all."""
    done = []
    engine = Engine(Target(base_url, "sk-x"), limits or Limits(), done.append)
    request = Request(
        "chat-stream",
        Endpoint.CHAT,
        "/chat/completions",
        b'{"a": 1}',
        stream=stream,
        expected=expected,
        most_tokens=most_tokens,
    )
    for number in range(n):
        engine.send(Arrival(request, reader_of(request), number, time.perf_counter_ns()))
        until = time.monotonic() + 5
        while len(done) <= number and time.monotonic() < until:
            gevent.sleep(0.005)
            if cut_after_s is not None and time.monotonic() > until - 5 + cut_after_s:
                engine.cut()
    engine.stop()
    return done, engine


def error(status, more=b""):
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: 2\r\n%b\r\n{}" % (
        status,
        more,
    )


def plain(body, kind=b"application/json"):
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        kind,
        len(body),
        body,
    )


LIMITED = HEAD + chunked(sse((*CHAT[:3], chunk(finish="length"), *CHAT[4:])))
UNFRAMED_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
UNFRAMED = UNFRAMED_HEAD + sse(CHAT)


def finished(reason):
    return HEAD + chunked(sse((*CHAT[:3], chunk(finish=reason), *CHAT[4:])))


@pytest.mark.parametrize(("data", "keep", "outcome"), [
    (WHOLE, True, Outcome.OK),
    (UNFRAMED, False, Outcome.OK),
    (LIMITED, True, Outcome.INCOMPLETE_LENGTH),
    (error(400), True, Outcome.HTTP_4XX),
    (error(401), True, Outcome.HTTP_4XX),
    (error(429, b"Retry-After: 7\r\n"), True, Outcome.HTTP_429),
    (error(503), True, Outcome.HTTP_5XX),
    (HEAD + chunked(sse(CHAT[:3])), True, Outcome.TRUNCATED),
    (HEAD + chunked(sse(CHAT[:3]), end=False), False, Outcome.TRUNCATED),
    (UNFRAMED[:-80], False, Outcome.TRUNCATED),
    (HEAD[:30], False, Outcome.TRUNCATED),
    (b"", False, Outcome.TRUNCATED),
    (HEAD + chunked(sse((*CHAT[:2], '{"error": {"message": "boom"}}'))), True, Outcome.ERROR_EVENT),
    (HEAD + chunked(sse((CHAT[0], "{oops", *CHAT[1:]))), True, Outcome.PARSE_ERROR),
    (plain(b"<html>", b"text/html"), True, Outcome.PARSE_ERROR),
    (b"SSH-2.0-OpenSSH_9.2\r\n", False, Outcome.PARSE_ERROR),
    (HEAD + chunked(sse((CHAT[0], *CHAT[3:]))), True, Outcome.EMPTY),
    (b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE, True, Outcome.OK),
    (HEAD + chunked(sse(CHAT[:-1])), True, Outcome.WITHOUT_DONE),
    (UNFRAMED_HEAD + sse(CHAT[:-1]), False, Outcome.WITHOUT_DONE),
    (UNFRAMED_HEAD + sse(CHAT[:4]), False, Outcome.TRUNCATED),
    (HEAD + chunked(sse(CHAT[:-1]), end=False), False, Outcome.TRUNCATED),
    (finished("error"), True, Outcome.ERROR_FINISH),
    (finished("abort"), True, Outcome.ERROR_FINISH),
    (finished("content_filter"), True, Outcome.CONTENT_FILTER),
    (finished("tool_calls"), True, Outcome.OK),
    (b"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", True, Outcome.HTTP_3XX),
    (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello", False, Outcome.PARSE_ERROR),
    (WHOLE.replace(b"HTTP/1.1 200", b"HTTP/1.1 777"), True, Outcome.PARSE_ERROR),
    (WHOLE.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n", 1), True, Outcome.PARSE_ERROR),
    (WHOLE.replace(b"\r\n\r\n", b"\r\nContent-Encoding: identity\r\n\r\n", 1), True, Outcome.OK),
    (HEAD + chunked(sse((*CHAT[:4], '{"choices": [], "usage": {"prompt_tokens": %s}}' % ("9" * 5000), CHAT[5]))), True, Outcome.PARSE_ERROR),
    (HEAD + chunked(sse((CHAT[0], '{"choices": [{"index": %s, "delta": {"content": "x"}}]}' % ("9" * 4000), *CHAT[1:]))), True, Outcome.TRUNCATED),
])  # fmt: skip
def test_each_ending_has_its_class(data, keep, outcome):
    with serving(saying(data, keep=keep)) as base_url:
        done, _ = send_requests(base_url, 2)
    assert [arrival.outcome for arrival in done] == [outcome] * 2


def test_retry_after_is_kept():
    with serving(saying(error(429, b"Retry-After: 7\r\n"))) as base_url:
        done, _ = send_requests(base_url)
    assert done[0].retry_after == "7"
    tally = Tally()
    log = ArrivalLog(Window(0, 0, 2**63))
    log.record(done[0])
    log.into(tally)
    assert tally.histogram("retry_after_ms").as_distribution()["max"] == 7000


def test_a_reset_in_the_middle():
    def answer(connection, _request):
        connection.sendall(HEAD + chunked(sse(CHAT[:3]), end=False))
        time.sleep(0.05)
        reset(connection)
        return False

    with serving(answer) as base_url:
        done, _ = send_requests(base_url)
    assert done[0].outcome is Outcome.RESET_MID_STREAM


@pytest.mark.parametrize(("limits", "sent", "outcome"), [
    (Limits(first_token_s=0.2), HEAD, Outcome.TIMEOUT_FIRST_TOKEN),
    (Limits(first_token_s=0.2), HEAD + chunked(sse(CHAT[:1]), end=False), Outcome.TIMEOUT_FIRST_TOKEN),
    (Limits(idle_s=0.2), HEAD + chunked(sse(CHAT[:3]), end=False), Outcome.TIMEOUT_IDLE),
    (Limits(total_s=0.2), HEAD + chunked(sse(CHAT[:3]), end=False), Outcome.TIMEOUT_TOTAL),
])  # fmt: skip
def test_each_stall_has_its_class(limits, sent, outcome):
    with serving(saying(sent)) as base_url:
        done, _ = send_requests(base_url, limits=limits)
    assert done[0].outcome is outcome


def test_nobody_listens():
    done, _ = send_requests("http://127.0.0.1:1/v1", 3)
    assert [arrival.outcome for arrival in done] == [Outcome.CONNECT_ERROR] * 3


def test_no_tls_where_tls_is_asked_for():
    with serving(saying(error(400), keep=False)) as base_url:
        done, _ = send_requests(base_url.replace("http:", "https:"), limits=Limits(connect_s=1))
    assert done[0].outcome in {Outcome.TLS_ERROR, Outcome.TIMEOUT_CONNECT}


def test_more_than_allowed_is_an_outcome_not_a_missing_row():
    with serving(saying(b"")) as base_url:
        done = []
        engine = Engine(Target(base_url), Limits(in_flight=2), done.append)
        request = Request("chat-stream", Endpoint.CHAT, "/chat/completions", b"{}")
        for number in range(5):
            engine.send(Arrival(request, reader_of(request), number))
        assert [arrival.outcome for arrival in done] == [Outcome.CLIENT_SATURATED] * 3
        engine.cut()
    assert [arrival.outcome for arrival in done[3:]] == [Outcome.CUT_BY_END] * 2


def test_connections_are_used_again():
    with serving(saying(WHOLE)) as base_url:
        done, engine = send_requests(base_url, 5)
    assert engine.connections == 1
    assert [bool(arrival.connect_ns) for arrival in done] == [True, False, False, False, False]


def test_a_connection_closed_while_idle_is_no_failure():
    def answer(connection, _request):
        connection.sendall(WHOLE)
        return False

    with serving(answer) as base_url:
        done, _ = send_requests(base_url, 5)
    assert [arrival.outcome for arrival in done] == [Outcome.OK] * 5


def test_times_are_in_order_and_stamped_once_a_receive():
    def answer(connection, _request):
        connection.sendall(HEAD)
        time.sleep(0.05)
        connection.sendall(chunked(sse(CHAT[:3]), end=False))
        time.sleep(0.05)
        connection.sendall(chunked(sse(CHAT[3:])))

    for kernel in (True, False):
        with serving(answer) as base_url:
            done = []
            engine = Engine(Target(base_url), Limits(), done.append, kernel=kernel)
            request = Request("chat-stream", Endpoint.CHAT, "/chat/completions", b"{}")
            engine.send(Arrival(request, reader_of(request), 0, time.perf_counter_ns()))
            while not done:
                gevent.sleep(0.01)
            engine.stop()
        (arrival,) = done
        assert arrival.intended_ns <= arrival.started_ns <= arrival.sent_ns < arrival.headers_ns
        assert (
            arrival.headers_ns + 40e6
            < arrival.first_event_ns
            == arrival.reader.stamps[0]
            == arrival.reader.stamps[1]
        )
        assert arrival.reader.stamps[-1] + 40e6 < arrival.end_ns
        assert (arrival.lag_ns >= 0) is kernel


def test_usage_is_read_once_and_kept():
    with serving(saying(WHOLE)) as base_url:
        done, _ = send_requests(base_url)
    assert done[0].usage.total_tokens == USAGE["total_tokens"]


def test_a_request_larger_than_the_socket_takes_arrives_whole():
    seen = []

    def answer(connection, request):
        seen.append(len(request.partition(b"\r\n\r\n")[2]))
        connection.sendall(WHOLE)

    with serving(answer) as base_url:
        done = []
        engine = Engine(Target(base_url), Limits(), done.append)
        request = Request("chat-stream", Endpoint.CHAT, "/chat/completions", b"x" * 8_000_000)
        engine.send(Arrival(request, reader_of(request)))
        while not done:
            gevent.sleep(0.01)
        engine.stop()
    assert seen == [8_000_000]
    assert done[0].outcome is Outcome.OK


@pytest.mark.parametrize(("limit", "outcome"), [(2, Outcome.INCOMPLETE_LENGTH), (500, Outcome.LENGTH_EARLY), (None, Outcome.INCOMPLETE_LENGTH)])  # fmt: skip
def test_a_length_that_nobody_asked_for_has_a_class_of_its_own(limit, outcome):
    with serving(saying(LIMITED)) as base_url:
        done, _ = send_requests(base_url, most_tokens=limit)
    assert done[0].outcome is outcome


HUGE = "9" * 4000
USAGES = [
    f'{{"prompt_tokens": {HUGE}, "completion_tokens": {HUGE}, "total_tokens": {HUGE}}}',
    '{"prompt_tokens": -1, "completion_tokens": -5, "total_tokens": -6}',
    f'{{"prompt_tokens": 1, "completion_tokens": {2**70}, "total_tokens": {2**70 + 1}}}',
]


@pytest.mark.parametrize("usage", USAGES, ids=["4000 digits", "negative", "more than 64 bits"])
@pytest.mark.parametrize("stream", [True, False])
def test_counts_that_no_answer_can_have_are_no_usage(usage, stream):
    """And no sum is made of them: workers could not even send it."""
    if stream:
        said = chunk(usage=USAGE).replace(json.dumps(USAGE), usage)
        data = HEAD + chunked(sse((*CHAT[:4], said, CHAT[5])))
    else:
        choice = '{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}'
        body = f'{{"choices": [{choice}], "usage": {usage}}}'
        data = plain(body.encode())
    with serving(saying(data)) as base_url:
        done, _ = send_requests(base_url, stream=stream)
    (arrival,) = done
    assert arrival.outcome in {Outcome.OK, Outcome.PARSE_ERROR}
    assert arrival.usage is None
    tally = Tally()
    log = ArrivalLog(Window(0, 0, 2**63))
    log.record(arrival)
    log.into(tally)
    assert all(abs(n) < 2**40 for n in tally.counts.values())


def endless(first, more):
    def answer(connection, _request):
        connection.sendall(first)
        while True:
            connection.sendall(more)

    return answer


@pytest.mark.parametrize(("first", "more", "outcome"), [
    (b"HTTP/1.1 200 OK\r\n", b"X-A: %b\r\n" % (b"a" * 4000), Outcome.PARSE_ERROR),
    (b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 4000, Outcome.PARSE_ERROR),
    (WHOLE[:-2], b"X-A: %b\r\n" % (b"a" * 4000), Outcome.PARSE_ERROR),
    (WHOLE[:-2] + b"X-A: ", b"a" * 4000, Outcome.PARSE_ERROR),
    (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, Outcome.PARSE_ERROR),
    (HEAD + b"5;x=", b"a" * 4000, Outcome.PARSE_ERROR),
    (b"HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n", chunked(b"a" * 4000, end=False), Outcome.HTTP_5XX),
], ids=["headers", "a header", "trailers", "a trailer", "interim", "extension", "error"])  # fmt: skip
def test_what_never_ends_is_not_kept(first, more, outcome):
    with serving(endless(first, more)) as base_url:
        done, _ = send_requests(base_url)
    (arrival,) = done
    assert arrival.outcome is outcome
    assert arrival.received_bytes < 600_000


def test_an_event_beyond_the_limit_is_no_answer():
    long = sse([chunk({"content": "x" * (EVENT_LIMIT + 10)})])
    data = (
        HEAD + chunked(sse(CHAT[:2]), end=False) + chunked(long, end=False) + chunked(sse(CHAT[2:]))
    )
    with serving(saying(data)) as base_url:
        done, _ = send_requests(base_url)
    assert (done[0].outcome, done[0].detail) == (Outcome.PARSE_ERROR, "an event of more than 2 MB")


def test_bodies_are_let_go(monkeypatch):
    body = b'{"choices": [{"index": 0, "message": {"content": "%b"}, "finish_reason": "stop"}]}' % (
        b"x" * 100_000
    )
    with serving(saying(plain(body))) as base_url:
        done, _ = send_requests(base_url, 3, stream=False)
        assert http_response._held == 0
        monkeypatch.setattr(http_response, "HELD_LIMIT", 50_000)
        more, _ = send_requests(base_url, stream=False)
    assert [arrival.outcome for arrival in done] == [Outcome.OK] * 3
    assert more[0].outcome is Outcome.PARSE_ERROR
    assert http_response._held == 0
