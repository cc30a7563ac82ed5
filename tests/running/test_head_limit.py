"""What comes before the body of a live answer has bounds: interim answers, and headers without end."""

import asyncio
import contextlib
import socket
import threading

import pytest

from conformance.running.probe import Handling, Probe, get, post
from conformance.running.sender import Sender
from conformance.running.target import Target
from tests.hostile.cases import CASES, Asked
from wire.exchange import Ended

GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


def test_a_padded_body_has_its_length_and_never_stands_in_memory():
    """17 MB of spaces go out in pieces: as one body with a Content-Length."""
    seen = {}

    def serve(listener):
        connection, _ = listener.accept()
        with connection:
            data = b""
            while b"\r\n\r\n" not in data:
                data += connection.recv(65536)
            seen["head"], _, body = data.partition(b"\r\n\r\n")
            seen["size"] = len(body)
            while seen["size"] < 2 + 300_000:
                seen["size"] += len(connection.recv(65536))
            connection.sendall(GOOD)

    async def ask(port):
        probe = Probe(
            "a", lambda _: get("/"), handling=Handling(timeout_s=10, padding_bytes=300_000)
        )
        async with Sender(Target(f"http://127.0.0.1:{port}/v1", {})) as sender:
            return await sender.send(probe, post("/x", {}), "")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        assert asyncio.run(ask(listener.getsockname()[1])).reply.status == 200
    assert b"content-length: 300002" in seen["head"].lower()
    assert b"transfer-encoding" not in seen["head"].lower()
    assert seen["size"] == 300_002


@contextlib.contextmanager
def listening(one):
    """The port of a server that gives each connection to `one`."""

    def serve(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]


def answered(name, times=1):
    def one(connection):
        with connection, contextlib.suppress(OSError):
            while connection.recv(65536):
                if not CASES[name](connection, Asked("GET", "/v1/models", False, GOOD)):
                    return

    async def ask(port):
        probe = Probe("a", lambda _: get("/models"), handling=Handling(timeout_s=10, whole_s=20))
        async with Sender(Target(f"http://127.0.0.1:{port}/v1", {})) as sender:
            return [await sender.send(probe, get("/models"), "") for _ in range(times)]

    with listening(one) as port:
        return asyncio.run(ask(port))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("continues-for-ever", "more than 100 interim answers (HTTP 1xx)"),
        ("headers-without-end", "256 KB of headers"),
        ("one-header-without-end", "Receive buffer too long"),
    ],
)
def test_a_head_without_end_is_ended(name, said):
    (exchange,) = answered(name)
    assert exchange.connection.ended is Ended.LIMIT
    assert said in exchange.connection.error or "Receive buffer" in exchange.connection.error
    assert exchange.connection.total_ms < 10_000


def test_a_few_interim_answers_before_each_answer_are_fine():
    exchanges = answered("early-hints", 60)
    assert {x.connection.ended for x in exchanges} == {Ended.COMPLETE}
    assert {x.reply.status for x in exchanges} == {200}


@pytest.mark.parametrize("name", ["tls-on-plain", "no-http", "closes-at-once", "resets-at-once"])
def test_what_comes_on_a_new_connection_in_place_of_an_answer_is_not_asked_for_again(name):
    (exchange,) = answered(name)
    assert exchange.connection.ended in {Ended.CUT, Ended.RESET}
    assert exchange.connection.reused is False
    assert exchange.attempts == ()


def test_a_kept_connection_that_is_gone_is_no_fault():
    exchanges = answered("dead-kept-connection", 20)
    assert {x.reply.status for x in exchanges} == {200}


def test_an_answer_nobody_asked_for_is_not_taken_for_the_next():
    """RFC 9112, 6.3: what follows a whole answer is not the answer of another request."""
    seen = []

    def one(connection):
        with connection, contextlib.suppress(OSError):
            while asked := connection.recv(65536):
                seen.append(asked.split()[1])
                body = b'{"asked":"%s"}' % seen[-1]
                head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
                connection.sendall((head + body) * 2)

    async def ask(port):
        probe = Probe("a", lambda _: get("/"), handling=Handling(timeout_s=10))
        async with Sender(Target(f"http://127.0.0.1:{port}", {})) as sender:
            return [await sender.send(probe, get(f"/{n}"), "") for n in range(3)]

    with listening(one) as port:
        answers = asyncio.run(ask(port))
    assert [x.reply.json for x in answers] == [{"asked": f"/{n}"} for n in range(3)]
    assert {x.connection.ended for x in answers} == {Ended.COMPLETE}


@pytest.mark.parametrize(
    ("kind", "body", "ended"),
    [
        ("application/json", b'{"object":"list","data":[]}', Ended.CUT),
        ("text/event-stream", b'data: {"a":1}\n\ndata: [DONE]\n\n', Ended.CUT),
        ("application/json", b'{"a":"bc"}and more', Ended.COMPLETE),
        ("text/event-stream", b"data: {}\n\nx", Ended.COMPLETE),
        ("text/plain", b"0123456789abc", Ended.COMPLETE),
    ],
)
def test_a_length_that_is_too_short_is_no_whole_answer(kind, body, ended):
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: 10\r\n\r\n" % kind.encode()

    def serve(listener):
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(head + body)

    async def ask(port):
        probe = Probe("a", lambda _: get("/"), handling=Handling(timeout_s=10))
        async with Sender(Target(f"http://127.0.0.1:{port}", {})) as sender:
            return await sender.send(probe, get("/"), "")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        x = asyncio.run(ask(listener.getsockname()[1]))
    assert x.connection.ended is ended
    assert ("Content-Length" in x.connection.error) is (ended is Ended.CUT)


def test_in_a_lane_too_a_kept_connection_may_have_met_its_end():
    """A server may close at any time what it kept (RFC 9112, 9.5): it is asked again, and the rules see by what."""

    def one(connection):
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(GOOD)
            connection.recv(65536)  # the next request is read, and the connection gone

    async def ask(port):
        probe = Probe("a", lambda _: get("/"), handling=Handling(timeout_s=10, lane="one"))
        async with Sender(Target(f"http://127.0.0.1:{port}", {})) as sender:
            return [await sender.send(probe, get("/"), "") for _ in range(2)]

    with listening(one) as port:
        answers = asyncio.run(ask(port))
    assert [x.reply.status for x in answers] == [200, 200]
    assert [x.connection.reused for x in answers] == [False, False]
    assert len(answers[1].attempts) == 1
