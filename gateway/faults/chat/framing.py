"""Faults of the framing of chat streams: headers, lines, bytes, what is no chunk."""

import json
from typing import Final

from gateway.faults.machinery.chat_edits import fault, framed, streamed
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import without_param
from gateway.faults.machinery.selection import CHAT_STREAM, When, asking
from gateway.faults.machinery.stream_edits import Frames, edit, insert_after, is_json
from gateway.faults.machinery.transform import on_success, with_header, without_header
from gateway.faults.machinery.wire_edits import (
    LINE_LIMITS,
    after,
    before,
    between,
    each,
    last,
    limited_lines,
    replaced,
)
from gateway.frames import Frame

_FRAMING: Final = Family.FRAMING
_SMALL: Final[When] = asking("logprobs")  # one stream is enough for what is large


def _pairs_torn(frames: Frames) -> Frames:
    """Characters beyond the BMP are escaped, and half of each is lost."""
    return tuple(
        frame._replace(payload=json.dumps(frame.payload).replace("\\ude80", ""))
        if is_json(frame) and "🚀" in json.dumps(frame.payload, ensure_ascii=False)
        else frame
        for frame in frames
    )


def _pretty(data: bytes) -> bytes:
    """JSON over several lines, only the first of them with a field name."""
    return data.replace(b',"choices"', b',\n  "choices"')


FAULTS: tuple[Fault, ...] = (
    fault("stream.content-type", "stream.media-type http.content-type.stream",
        "A stream comes as application/json.", Family.HEADER, CHAT_STREAM,
        reply=on_success(with_header("content-type", "application/json"))),
    fault("stream.charset", "stream.media-type", "A stream says that it is Latin-1.", Family.HEADER,
        CHAT_STREAM, reply=on_success(with_header("content-type", "text/event-stream; charset=latin-1"))),
    fault("stream.cacheable", "http.stream.cache", "A stream has no cache-control.", Family.HEADER,
        CHAT_STREAM, reply=without_header("cache-control")),
    fault("stream.whole-answer", "stream.media-type", "stream true is ignored.", Family.PARAMETER, CHAT_STREAM,
        request=without_param("stream", "stream_options")),
    framed("last-line-open", "stream.terminated", "The last event is not ended by a blank line.", _FRAMING,
        last(lambda data: data.removesuffix(b"\n"))),
    framed("bom", "stream.no-bom", "The stream starts with a byte order mark.", _FRAMING,
        before(b"\xef\xbb\xbf")),
    framed("not-utf8", "stream.utf-8", "The stream is encoded as Latin-1.", _FRAMING,
        replaced("é".encode(), b"\xe9")),
    framed("id-lines", "stream.no-id", "Events have id lines.", _FRAMING,
        replaced(b"data: {", b"id: 1\ndata: {")),
    framed("event-lines", "stream.no-event-name", "Chunks have event lines.", _FRAMING,
        replaced(b"data: {", b"event: message\ndata: {")),
    framed("ping-event", "stream.no-empty-event", "Heartbeats are events without data.", _FRAMING,
        between(b"event: ping\n\n")),
    framed("retry-event", "stream.no-empty-event", "The stream begins with a retry line of its own.",
        _FRAMING, before(b"retry: 3000\n\n")),
    framed("empty-data", "stream.no-empty-event", "Heartbeats are events with empty data.", _FRAMING,
        between(b"data:\n\n")),
    framed("pretty-json", "stream.fields stream.json", "JSON runs over lines without a field name.", _FRAMING,
        each(_pretty)),
    framed("cr-lines", "stream.line-ends", "Lines end with CR alone.", _FRAMING,
        each(lambda data: data.replace(b"\n", b"\r"))),
    framed("mixed-lines", "stream.line-ends", "The last event ends with CRLF, the others with LF.", _FRAMING,
        last(lambda data: data.replace(b"\n", b"\r\n"))),
    framed("huge-event", "stream.event-size", "An event of nine megabytes comes.", _FRAMING,
        before(b'data: {"choices":[],"usage":"' + b"x" * 9_000_000 + b'"}\n\n'), _SMALL),
    *(
        framed(f"lines-{name}-{how}", "", f"Lines over {name} {says}.", _FRAMING, limited_lines(most, how))
        for name, most in (("64kib", 2**16), ("1mib", 2**20)) for how, says in LINE_LIMITS.items()
    ),
    framed("not-json", "stream.json", "One payload is not JSON.", _FRAMING,
        before(b"data: {'id': 1}\n\n")),
    framed("nan", "stream.json", "A number is NaN.", _FRAMING,
        replaced(b'"logprobs":null', b'"logprobs":NaN')),
    framed("one-line-end", "stream.json", "Events are parted by one line end.", _FRAMING,
        each(lambda data: data if b"[DONE]" in data or b'"error"' in data else data.removesuffix(b"\n"))),
    framed("bytes-after-end", "stream.json stream.nothing-after-done", "Text follows the last event.",
        _FRAMING, after(b"data: bye\n\n")),
    streamed("half-pair", "stream.unicode", "Half of a surrogate pair is lost.", _FRAMING, edit(_pairs_torn)),
    streamed("data-heartbeat", "stream.heartbeat", "Heartbeats are empty JSON objects.", _FRAMING,
        insert_after(is_json, Frame(0, "", {}))),
    streamed("ping-object", "stream.heartbeat", "Heartbeats are JSON objects of another kind.", _FRAMING,
        insert_after(is_json, Frame(0, "", {"type": "ping"}), 3)),
)  # fmt: skip
