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
@example(b"data: a\n\ndata: b\n\ndata: c\r\n\r\n", [9, 18], 2**20)
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [8, 10], 2**20)
def test_splits_change_nothing(stream: bytes, cuts: list[int], limit: int) -> None:
    marks = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    parts = [stream[a:b] for a, b in pairwise(marks)]
    whole = decode(stream, limit=limit)
    assert decode(*parts, limit=limit) == whole
    assert decode(*(bytes([byte]) for byte in stream), limit=limit) == whole


def plainly(stream: bytes) -> list[tuple[str, str]]:
    """The standard once more, in the simplest way: the whole stream at once, as text."""
    text = stream.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    events, buffer, name = [], "", ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]:
        field, _, value = line.partition(":")
        if not line:
            if buffer:
                events.append((buffer[:-1], name))
            buffer, name = "", ""
        elif field == "data":
            buffer += value.removeprefix(" ") + "\n"
        elif field == "event":
            name = value.removeprefix(" ")
    return events


@given(STREAMS)
def test_any_stream_is_read_as_the_standard_says(stream: bytes) -> None:
    assert [(event.data, event.name) for event in Decoder().feed(stream)] == plainly(stream)


def data(*values: str) -> list[tuple[str, str]]:
    return [(value, "") for value in values]


# Stream, its (data, name) pairs, the kinds of its facts. The cases are those that the web platform
# tests and public parsers ask, said anew.
CASES = {
    # Line ends.
    "lf": (b"data: a\n\ndata: b\n\n", data("a", "b"), []),
    "crlf": (b"data: a\r\n\r\ndata: b\r\n\r\n", data("a", "b"), [K.CRLF_LINES]),
    "cr": (b"data: a\r\rdata: b\r\r", data("a", "b"), [K.CR_LINES]),
    "all three in one event": (b"data: a\r\ndata: b\ndata: c\r\n\n", data("a\nb\nc"), [K.CRLF_LINES, K.MIXED_LINE_ENDS]),
    "crlf then cr is two ends": (b"data:t\r\ndata\ndata:t\r\n\r", data("t\n\nt"), [K.NO_SPACE, K.CRLF_LINES, K.MIXED_LINE_ENDS, K.CR_LINES]),
    "other separators are text": ("data: a\u2028b\u2029c\x0bd\x0ce\x85f\x1cg\n\n".encode(), data("a\u2028b\u2029c\x0bd\x0ce\x85f\x1cg"), []),
    # Byte order mark.
    "bom": (b"\xef\xbb\xbfdata: a\n\n", data("a"), [K.BOM]),
    "bom and cr": (b"\xef\xbb\xbfdata: a\r\r", data("a"), [K.BOM, K.CR_LINES]),
    "only one bom": (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", data("b"), [K.BOM, K.UNKNOWN_FIELD]),
    "bom later is part of a name": (b"data: 1\n\n\xef\xbb\xbfdata: 2\n\ndata: 3\n\n", data("1", "3"), [K.UNKNOWN_FIELD]),
    "two bytes of a bom": (b"\xef\xbb", [], []),
    # data
    "no space": (b"data:a\n\n", data("a"), [K.NO_SPACE]),
    "one space is cut": (b"data:  a \n\n", data(" a "), []),
    "a tab is not": (b"data:\ta\n\n", data("\ta"), [K.NO_SPACE]),
    "lines are joined": (b"data: a\ndata: b\n\n", data("a\nb"), []),
    "empty lines in data": (b"data: a\ndata:\ndata: \ndata: b\n\n", data("a\n\n\nb"), []),
    "no colon": (b"data\n\n", data(""), [K.EMPTY_DATA]),
    "two without colon": (b"data\ndata\n\n", data("\n"), []),
    "empty": (b"data:\n\ndata: \n\n", data("", ""), [K.EMPTY_DATA]),
    "empty after a space": (b"data: a\n\ndata: \n\n", data("a", ""), [K.EMPTY_DATA]),
    "colons in the value": (b"data: a: b\n\n", data("a: b"), []),
    "a colon as the value": (b"data::\n\n", data(":"), [K.NO_SPACE]),
    "nul": (b"data: \0\n\n", data("\0"), []),
    # Names are exact.
    "names are exact": (b"Data: 1\n data: 2\ndata\0: 3\nda-ta: 4\ndata_5\ndata : 6\ndata: 7\n\n", data("7"), [K.UNKNOWN_FIELD]),
    "unknown fields": (b"foo: 1\nbar\ndata: a\n\n", data("a"), [K.UNKNOWN_FIELD]),
    "only unknown fields": (b"foo: 1\n\n", [], [K.UNKNOWN_FIELD]),
    # event
    "name": (b"event: e\ndata: a\n\n", [("a", "e")], []),
    "name after data": (b"data: a\nevent: e\n\n", [("a", "e")], []),
    "the last name holds": (b"event: e\nevent: f\ndata: a\n\n", [("a", "f")], []),
    "empty name": (b"event: \ndata: a\n\n", data("a"), []),
    "name without colon": (b"event: e\nevent\ndata: a\n\n", data("a"), []),
    "name with spaces": (b"event:  e \ndata: a\n\n", [("a", " e ")], []),
    "name lasts for one block": (b"event: e\n\ndata: a\n\n", data("a"), [K.NO_DATA]),
    "name without data": (b"event: ping\n\n", [], [K.NO_DATA]),
    # comments
    "comment": (b": hi\n\ndata: a\n\n", data("a"), [K.COMMENT]),
    "comments within": (b"data: 1\n:\0\n:\ndata: 2\n:data: no\ndata: 3\n\n", data("1\n2\n3"), [K.COMMENT]),
    "comment without text": (b":\n\n", [], [K.COMMENT]),
    "long comment": (b":" + b"x" * 5000 + b"\ndata: a\n\n", data("a"), [K.COMMENT]),
    # retry
    "retry alone": (b"retry: 10\n\n", [], [K.RETRY_FIELD, K.NO_DATA]),
    "retry and data": (b"retry: 1_0\ndata: a\n\n", data("a"), [K.RETRY_FIELD]),
    # utf-8
    "utf-8": ("data: é€😀\n\n".encode(), data("é€😀"), []),
    "bad byte": (b"data: a\xffb\n\n", data("a\ufffdb"), [K.BAD_UTF8]),
    "overlong": (b"data: \xc0\x80\n\n", data("\ufffd\ufffd"), [K.BAD_UTF8]),
    "surrogate": (b"data: \xed\xa0\x80\n\n", data("\ufffd\ufffd\ufffd"), [K.BAD_UTF8]),
    "cut before the line end": (b"data: \xe2\x82\ndata: b\n\n", data("\ufffd\nb"), [K.BAD_UTF8]),
    "bad byte in a comment": (b":\xff\ndata: a\n\n", data("a"), [K.BAD_UTF8, K.COMMENT]),
    "bad byte in a name": (b"event: \xff\ndata: a\n\n", [("a", "\ufffd")], [K.BAD_UTF8]),
    # Blank lines and the end.
    "nothing": (b"", [], []),
    "blank lines first": (b"\n\ndata: a\n\n", data("a"), [K.EXTRA_BLANK_LINE]),
    "blank lines between": (b"data: a\n\n\n\ndata: b\n\n", data("a", "b"), [K.EXTRA_BLANK_LINE]),
    "no blank line at the end": (b"data: a\n\ndata: b\n", data("a", "b"), [K.NO_BLANK_LINE_AT_END]),
    "no line end at the end": (b"data: a", data("a"), [K.NO_BLANK_LINE_AT_END]),
    "half of the final crlf": (b"data: a\r\n\r", data("a"), [K.CRLF_LINES, K.CR_LINES, K.MIXED_LINE_ENDS]),
    "cut in a name": (b"data: a\n\ndat", data("a"), [K.NO_BLANK_LINE_AT_END]),
    "cut in a character": (b"data: a\xe2\x82", data("a"), [K.NO_BLANK_LINE_AT_END]),
    "cut after a name": (b"event: e\n", [], [K.NO_BLANK_LINE_AT_END, K.NO_DATA]),
    "a comment at the end loses nothing": (b"data: a\n\n: bye", data("a"), [K.COMMENT]),
    "a comment line at the end": (b"data: a\n\n: bye\n", data("a"), [K.COMMENT]),
}  # fmt: skip


@pytest.mark.parametrize(("stream", "events", "kinds"), CASES.values(), ids=list(CASES))
def test_cases(stream: bytes, events: list[tuple[str, str]], kinds: list[FactKind]) -> None:
    got, facts = decode(stream)
    assert [(event.data, event.name) for event in got] == events
    assert [event.index for event in got] == list(range(len(got)))
    assert {fact.kind for fact in facts} == set(kinds)
    assert decode(*(bytes([byte]) for byte in stream)) == (got, facts)


@pytest.mark.parametrize(
    ("stream", "ids"),
    [
        (b"data: a\n\n", [None]),
        (b"id: 1\ndata: a\n\ndata: b\n\n", ["1", "1"]),
        (b"id: 1\ndata: a\n\nid\ndata: b\n\n", ["1", ""]),
        (b"id: 1\nid: bad\0\ndata: a\n\n", ["1"]),
        (b"id: 1\n\ndata: a\n\n", ["1"]),
    ],
)
def test_ids_last(stream: bytes, ids: list[str | None]) -> None:
    assert [event.id for event in decode(stream)[0]] == ids


@pytest.mark.parametrize(
    ("value", "want"),
    [("10", 10), ("0", 0), ("", None), ("1x", None), ("-1", None), ("1_0", None), ("٣", None), ("²", None), ("9" * 5000, None)],
)  # fmt: skip
def test_retry_takes_ascii_digits_only(value: str, want: int | None) -> None:
    decoder = Decoder()
    decoder.feed(f"retry: {value}\ndata: a\n\n".encode())
    assert decoder.retry_ms == want


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"], ids=["lf", "cr", "crlf"])
def test_an_event_comes_as_soon_as_its_blank_line(end: bytes) -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a" + end, 1.0) == []
    assert [event.at_ms for event in decoder.feed(end, 2.0)] == [2.0]
    assert decoder.feed(b"data: b" + end + end, 3.0) == [Event("b", at_ms=3.0, index=1)]


def test_an_lf_after_a_cr_belongs_to_it_even_later() -> None:
    decoder = Decoder()
    feeds = [b"data: A\r\n", b"data: B\r", b"\n", b"data: C\r\n", b"\n"]
    assert [e.data for feed in feeds for e in decoder.feed(feed)] == ["A\nB\nC"]


def test_facts_are_counted_not_collected() -> None:
    decoder = Decoder()
    decoder.feed(b"data: a\n\n" + b": ping\n\n" * 1000)
    assert decoder.facts == [Fact(K.COMMENT, 1, " ping", 1000)]


@pytest.mark.parametrize("size", [1, 7, 500, 10**6], ids=str)
@pytest.mark.parametrize("endless", [b"x", b"data: x\n", b": x\n", b"data: x\r"], ids=repr)
def test_memory_is_bounded(endless: bytes, size: int) -> None:
    decoder = Decoder(limit=1000)
    stream = b"data: first\n\n" + endless * 2000
    events = [e for at in range(0, len(stream), size) for e in decoder.feed(stream[at : at + size])]
    assert [event.data for event in events] == ["first"]
    assert decoder.ended
    assert [fact.kind for fact in decoder.facts if fact.kind is K.TOO_LONG] == [K.TOO_LONG]
    assert decoder.feed(b"\n\ndata: late\n\n") == []
    assert decoder.close() == []
    assert sum(map(len, [*decoder._held, *decoder._parts, *decoder._data])) == 0


@pytest.mark.parametrize(("limit", "ended"), [(9, True), (10, False)])
def test_the_limit_counts_line_ends(limit: int, ended: bool) -> None:
    decoder = Decoder(limit)
    decoder.feed(b"a: b\nc: d\n\n")
    assert decoder.ended is ended


def test_a_long_stream_of_short_events_has_no_limit() -> None:
    decoder = Decoder(limit=100)
    assert sum(len(decoder.feed(b"data: abc\n\n" * 50)) for _ in range(50)) == 2500
    assert not decoder.ended


def test_nothing_comes_after_the_close() -> None:
    decoder = Decoder()
    decoder.feed(b"data: a\n\n")
    decoder.close()
    assert decoder.feed(b"data: b\n\n") == []
    assert decoder.close() == []
