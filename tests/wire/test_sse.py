"""The decoder against the WHATWG text, clause by clause, and against every split of any bytes."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wire.sse import Decoder, Event, Fact, FactKind

K = FactKind


def decode(*feeds: bytes, limit: int = 8 * 2**20) -> tuple[list[Event], list[Fact]]:
    decoder = Decoder(limit)
    events = [event for data in feeds for event in decoder.feed(data)]
    return events + decoder.close(), decoder.facts


PIECES = st.sampled_from(
    [b"data: ", b"data:", b"data", b"event: ", b"id: ", b"id:a\0b", b"retry: 10", b"retry: x", b": hi", b":", b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\r", b"x", b" ", b'{"a": 1}', b"[DONE]", b"\xef\xbb\xbf", b"\xef", b"\xbb", "é€😀".encode(), b"\xff", b"foo: bar", b"data: x\n\n", b"event: e\ndata: y\n\n", b"\n\n\n", b"\0", "\u2028\u0085\x0b\x0c\x1c".encode()]
)  # fmt: skip
STREAMS = st.one_of(st.lists(PIECES, max_size=14).map(b"".join), st.binary(max_size=60))


@given(STREAMS, st.lists(st.integers(0, 80), max_size=8), st.sampled_from([6, 12, 20, 2**20]))
@example(b"\n\n\ndata: x\n\n\n", [1, 3], 2**20)
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [8, 10], 2**20)
def test_splits_change_nothing(stream: bytes, cuts: list[int], limit: int) -> None:
    marks = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    parts = [stream[a:b] for a, b in pairwise(marks)]
    whole = decode(stream, limit=limit)
    assert decode(*parts, limit=limit) == whole
    assert decode(*(bytes([byte]) for byte in stream), limit=limit) == whole
