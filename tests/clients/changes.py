"""What a drawn fault may do, by what it is called: to a value, a text, the events or the bytes of a stream."""

import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Final

from gateway.frames import Frame

Values = Callable[[Any], Any]
GONE: Final = object()

ANY: Final[dict[str, Values]] = {"missing": lambda _: GONE, "null": lambda _: None}
BY_TYPE: Final[dict[type, dict[str, Values]]] = {
    str: {"empty": lambda _: "", "a number": lambda _: 7, "in upper case": str.upper,
          "doubled": lambda v: v + v, "with a space": lambda v: v + " ", "an object": lambda v: {"value": v}},
    bool: {"turned": lambda v: not v, "a text": str},
    int: {"a text": str, "one more": lambda v: v + 1, "zero": lambda _: 0, "negative": lambda _: -1,
          "a fraction": lambda v: v + 0.5},
    list: {"empty": lambda _: [], "an object": lambda v: {str(i): e for i, e in enumerate(v)}, "doubled": lambda v: v + v},
    dict: {"empty": lambda _: {}, "a list": lambda v: [v], "a text": json.dumps},
    type(None): {"an empty text": lambda _: "", "an empty list": lambda _: [], "an empty object": lambda _: {},
                 "zero": lambda _: 0},
}  # fmt: skip
TEXTS: Final[dict[str, Callable[[str], str]]] = {
    "without accents": lambda t: "".join(c for c in unicodedata.normalize("NFD", t) if not unicodedata.combining(c)),
    "in NFC": lambda t: unicodedata.normalize("NFC", t),
    "escaped for HTML": lambda t: t.replace("&", "&amp;").replace("<", "&lt;"),
    "without emoji": lambda t: "".join(c for c in t if ord(c) < 0x10000),
    "without joiners": lambda t: t.replace("\u200d", ""),
    "with one space for two": lambda t: t.replace("  ", " "),
    "with one line end for two": lambda t: t.replace("\n\n", "\n"),
    "without tags": lambda t: re.sub(r"<[^>]*>", "", t),
    "with a full stop": lambda t: t + ".",
    "in Latin-1": lambda t: t.encode("utf-8").decode("latin-1"),
}  # fmt: skip
JUNK: Final[dict[str, bytes]] = {
    "a comment": b": alive\n\n", "a comment without a blank line": b": alive\n", "an empty event": b"data:\n\n",
    "a ping": b'event: ping\ndata: {"type":"ping"}\n\n', "an event without data": b"event: ping\n\n",
    "an empty object": b"data: {}\n\n", "null": b"data: null\n\n", "a list": b"data: []\n\n",
    "a text": b'data: "alive"\n\n', "words": b"data: alive\n\n", "an id line": b"id: 7\n\n", "a retry line": b"retry: 100\n\n",
    "an unknown event": b'event: response.vendor.note\ndata: {"type":"response.vendor.note","sequence_number":1}\n\n',
    "a chunk without choices": b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[]}\n\n',
    "an error": b'data: {"error":{"message":"overloaded","type":"server_error","code":null,"param":null}}\n\n',
    "an error event": b'event: error\ndata: {"type":"error","code":"server_error","message":"overloaded","param":null,"sequence_number":1}\n\n',
    "the end": b"data: [DONE]\n\n", "blank lines": b"\n\n\n",
}  # fmt: skip
WIRE: Final[dict[str, Callable[[bytes], bytes]]] = {
    "no space after the colon": lambda b: b.replace(b"data: ", b"data:").replace(b"event: ", b"event:"),
    "two spaces after the colon": lambda b: b.replace(b"data: ", b"data:  "),
    "no event lines": lambda b: re.sub(rb"(?m)^event: .*\n", b"", b),
    "event lines of one name": lambda b: re.sub(rb"(?m)^event: .*\n", b"event: message\n", b),
    "fields in upper case": lambda b: re.sub(rb"(?m)^data: ", b"DATA: ", b),
    "data twice named": lambda b: b.replace(b"data: ", b"data: data: "),
    "no blank lines": lambda b: b.replace(b"\n\n", b"\n"),
    "lines that end in CR": lambda b: b.replace(b"\n", b"\r"),
    "lines that end in CRLF": lambda b: b.replace(b"\n", b"\r\n"),
    "spaces at the ends of lines": lambda b: b.replace(b"\n\n", b"  \n\n"),
    "ids in front": lambda b: re.sub(rb"(?m)^data: ", b"id: 1\ndata: ", b),
    "JSON over two lines": lambda b: b.replace(b"data: {", b"data: {\ndata: "),
    "JSON as ASCII": lambda b: re.sub(
        rb"[\xc2-\xf4][\x80-\xbf]+",
        lambda m: json.dumps(m[0].decode()).strip('"').encode(), b),
    "a mark of byte order": lambda b: b"\xef\xbb\xbf" + b,
    "each event twice": lambda b: b"".join(e + b"\n\n" + e + b"\n\n" for e in b.split(b"\n\n")[:-1]),
    "no end of the last line": lambda b: b.rstrip(b"\n"),
}  # fmt: skip
HEADERS: Final = (
    ("content-type", "text/plain"), ("content-type", "application/octet-stream"), ("content-type", ""),
    ("content-type", "application/json; charset=latin-1"), ("content-type", "text/html"),
    ("content-type", "TEXT/EVENT-STREAM;charset=UTF-8"), ("content-type", "application/json"),
    ("x-request-id", ""), ("cache-control", "public, max-age=60"), ("connection", "close"),
    ("content-encoding", "identity"), ("content-encoding", "utf-8"), ("x-should-retry", "true"),
    ("retry-after", "5"), ("set-cookie", "route=7"),
)  # fmt: skip
STATUSES: Final = (201, 202, 203, 206)
REFUSALS: Final = (400, 404, 422, 429, 500)
POINTS: Final[dict[str, Callable[[Sequence[int]], Sequence[int]]]] = {
    "each": lambda places: places, "the first": lambda places: places[:1], "the last": lambda places: places[-1:],
    "all but the first": lambda places: places[1:], "the second": lambda places: places[1:2],
}  # fmt: skip


def _swapped(frames: tuple[Frame, ...], i: int, _: Frame) -> tuple[Frame, ...]:
    return (*frames[:i], *frames[i + 1 : i + 2], frames[i], *frames[i + 2 :])


DEEDS: Final[dict[str, Callable[[tuple[Frame, ...], int, Frame], tuple[Frame, ...]]]] = {
    "left out": lambda frames, i, _: (*frames[:i], *frames[i + 1 :]),
    "twice": lambda frames, i, _: (*frames[: i + 1], frames[i], *frames[i + 1 :]),
    "after the next": _swapped,
    "put at the end": lambda frames, i, _: (*frames[:i], *frames[i + 1 :], frames[i]),
    "put in front": lambda frames, i, _: (frames[i], *frames[:i], *frames[i + 1 :]),
    "the stream ends": lambda frames, i, _: frames[: i + 1],
    "inserted before": lambda frames, i, junk: (*frames[:i], junk, *frames[i:]),
    "inserted after": lambda frames, i, junk: (*frames[: i + 1], junk, *frames[i + 1 :]),
}  # fmt: skip
