"""Faults of reading a request's body: taken though it is no JSON, or a crash."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

from gateway.errors import ApiError
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import CHAT, When, both
from gateway.frames import GatewayReply
from wire.exchange import Request

Bytes = Callable[[bytes], bytes]


def _bytes(change: Bytes) -> Callable[[Request], Request]:
    return lambda request: replace(request, body=change(request.body))


def _crash(_: Request, reply: GatewayReply) -> GatewayReply:
    body = ApiError(500, "Internal server error", type="server_error").body
    others = tuple(pair for pair in reply.headers if pair[0] != "content-type")
    headers = (("content-type", "application/json"), *others)
    return replace(reply, status=500, body=body, frames=None, charge=None, headers=headers)


def _holding(pattern: bytes) -> When:
    found = re.compile(pattern)
    return lambda request: found.search(request.body) is not None


def _doubled(request: Request) -> bool:
    """Whether some object of the body has a key twice."""
    doubled: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        doubled.extend(name for name in names if names.count(name) > 1)
        return dict(pairs)

    try:
        json.loads(request.body, object_pairs_hook=look)
    except (ValueError, RecursionError):
        return False
    return bool(doubled)


def _decoded(data: bytes) -> bytes:
    """As text of whatever encoding it is in."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace").encode()
    try:
        data.decode()
    except UnicodeDecodeError:
        return re.sub(rb'"n": 0', b'"n": 1', data.decode("latin-1").encode())
    return data


_LONE = rb"(?i)(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2}|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])"


def _fault(name: str, row: str, says: str, when: When, change: Bytes | None = None) -> Fault:
    return Fault(
        f"chat.param.json.{name}", (f"chat.param.json.{row}",), says,
        Family.PARAMETER if change else Family.STATUS, when=both(CHAT, when),
        request=_bytes(change) if change else None, reply=None if change else _crash,
    )  # fmt: skip


FAULTS = (
    _fault("nan-as-one", "numbers", "NaN and Infinity are read as 1.",
           _holding(rb": -?(NaN|Infinity)"), lambda data: re.sub(rb"-?(NaN|Infinity)", b"1", data)),
    _fault("beyond-double", "numbers", "Numbers beyond a double are read as 1.",
           _holding(rb"1e400"), lambda data: data.replace(b"1e400", b"1")),
    _fault("huge-crash", "huge-integers", "A huge integer is an error of the server.",
           _holding(rb"\d{300}")),
    _fault("lenient", "syntax", "Trailing commas and comments are taken.",
           _holding(rb",\}$|/\* one \*/"),
           lambda data: re.sub(rb",\}$", b"}", re.sub(rb"/\*.*?\*/", b"", data))),
    _fault("first-object", "syntax", "What follows the first object is not read.",
           _holding(rb"\}(\{\}| and more)$"), lambda data: re.sub(rb"\}(\{\}| and more)$", b"}", data)),
    _fault("raw-newline", "syntax", "Line ends inside of strings are taken.",
           _holding(rb'"a\nb"'), lambda data: data.replace(b"a\nb", b"ab")),
    _fault("deep-crash", "nesting", "Deep nesting is an error of the server.",
           lambda r: r.body.count(b"[") + r.body.count(b"{") > 5000),
    _fault("duplicate-crash", "duplicates", "Duplicate keys are an error of the server.", _doubled),
    _fault("surrogate-crash", "surrogates", "A lone surrogate is an error of the server.",
           _holding(_LONE)),
    _fault("nul-crash", "control-characters", "An escaped NUL is an error of the server.",
           _holding(rb"\\u0000")),
    _fault("bom-crash", "byte-order-mark", "A byte order mark is an error of the server.",
           _holding(rb"^\xef\xbb\xbf")),
    _fault("any-encoding", "encoding", "Bodies in other encodings are taken.",
           lambda r: _decoded(r.body) != r.body, _decoded),
)  # fmt: skip
