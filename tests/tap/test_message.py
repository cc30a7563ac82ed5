"""Message borders in any split, and every byte comes out again."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.tap.message import Kind, Messages, reply_framing, request_framing

REQUESTS = [
    b"GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
    b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\nTrailer: 1\r\n\r\n",
    b"DELETE /x HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    b"POST /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
]
BODIES = [b"", b"hello", b"abc0123456789", b"\r\n", b"", b""]


def split(data, cuts):
    edges = sorted({0, len(data), *(c % (len(data) + 1) for c in cuts)})
    return [data[a:b] for a, b in pairwise(edges)]


def collect(messages, pieces):
    raw, bodies, body, heads = b"", [], b"", []
    for piece in pieces:
        for part in messages.feed(piece):
            raw += part.raw
            if part.kind is Kind.HEAD:
                body = b""
                heads.append(part.head)
            body += part.data
            if part.kind is Kind.END:
                bodies.append(body)
    for part in messages.close():
        raw += part.raw
        if part.kind is Kind.END:
            bodies.append(body)
    return raw, bodies, heads


@settings(max_examples=300, deadline=None)
@given(
    order=st.lists(st.integers(0, len(REQUESTS) - 1), min_size=1, max_size=5),
    cuts=st.lists(st.integers(0, 10_000), max_size=40),
)
def test_requests_in_any_split(order, cuts):
    data = b"".join(REQUESTS[n] for n in order)
    raw, bodies, heads = collect(Messages(request_framing), split(data, cuts))
    assert raw == data
    assert bodies == [BODIES[n] for n in order]
    assert len(heads) == len(order)


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary(max_size=400) | st.text("HTP/1. \r\n:0a", max_size=200).map(str.encode),
    cuts=st.lists(st.integers(0, 400), max_size=9),
)
def test_nothing_is_lost_of_anything(data, cuts):
    for framing in (request_framing, lambda head: reply_framing(head, "GET")):
        raw, _, _ = collect(Messages(framing), split(data, cuts))
        assert raw == data


@settings(max_examples=100, deadline=None)
@given(junk=st.binary(max_size=60), cuts=st.lists(st.integers(0, 400), max_size=9))
def test_broken_chunks_go_on_as_they_come(junk, cuts):
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + junk
    raw, _, _ = collect(Messages(lambda head: reply_framing(head, "GET")), split(data, cuts))
    assert raw == data


@pytest.mark.parametrize(
    ("reply", "method", "ends"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", True),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "GET", True),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", "GET", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "POST", True),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", "GET", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "GET", True),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "GET", True),
    ],
)
def test_where_replies_end(reply, method, ends):
    messages = Messages(lambda head: reply_framing(head, method))
    kinds = [part.kind for part in messages.feed(reply)]
    assert (Kind.END in kinds) is ends
    assert (Kind.END in [part.kind for part in messages.close()]) is not ends


def test_after_an_upgrade_everything_is_opaque():
    messages = Messages(lambda head: reply_framing(head, "GET"))
    parts = list(messages.feed(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05hello"))
    assert [part.kind for part in parts] == [Kind.HEAD, Kind.END, Kind.OPAQUE]
