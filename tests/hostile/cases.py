"""What a broken server sends in place of an answer: one function a case, on the bare connection.

A case gets the request that was asked and the bytes a good server would have sent. It returns True
when the connection may serve another request. All loops end by themselves: bounded in bytes and time,
and by the client's hanging up.
"""

import base64
import gzip
import json
import socket
import struct
import time
import zlib
from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

MB: Final = 2**20
MOST_S: Final = 150.0  # how long any case goes on sending
SSE: Final = "text/event-stream"
ENDLESS: Final = 512 * MB  # where an endless body ends after all


class Asked(NamedTuple):
    """A request as the hostile server saw it."""

    method: str
    path: str
    stream: bool
    good: bytes
    """The whole HTTP answer of the gateway behind."""
    key: str = ""
    """The key that the gateway knows."""


Case = Callable[[socket.socket, Asked], bool]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    CASES[function.__name__.replace("_", "-")] = function
    return function


def _fixed(name: str, *parts: bytes, as_asked: bool = False) -> None:
    """A case that sends these bytes and closes; `as_asked`: called a stream where one was asked for."""

    def send(connection: socket.socket, asked: Asked) -> bool:
        for part in parts:
            called = part.replace(b"application/json", SSE.encode(), 1)
            connection.sendall(called if as_asked and asked.stream else part)
        return False

    CASES[name] = send


def head(status: str = "200 OK", *lines: str, kind: str = "application/json") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"content-type: {kind}", *lines, "", ""]).encode()


def whole(
    body: bytes, status: str = "200 OK", *lines: str, kind: str = "application/json"
) -> bytes:
    return head(status, f"content-length: {len(body)}", *lines, kind=kind) + body


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def with_headers(answer: bytes, *lines: str, without: str = "") -> bytes:
    """The same answer with other headers."""
    top, _, body = answer.partition(b"\r\n\r\n")
    first, *old = top.split(b"\r\n")
    kept = [line for line in old if not (without and line.lower().startswith(without.encode()))]
    return b"\r\n".join([first, *kept, *(line.encode() for line in lines), b"", body])


def _reset(connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def _pour(
    connection: socket.socket, part: bytes, *, most: int = ENDLESS, pause_s: float = 0
) -> bool:
    """The same bytes again and again, until the client hangs up or the bounds are reached."""
    end, sent = time.monotonic() + MOST_S, 0
    while sent < most and time.monotonic() < end:
        connection.sendall(part)
        sent += len(part)
        if pause_s:
            time.sleep(pause_s)
    return False


def _wait(connection: socket.socket) -> bool:
    """Until the client is gone, or for the longest time."""
    connection.settimeout(MOST_S)
    connection.recv(1)
    return False


EVENT: Final = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-5.5",'
    b'"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
)


# Silence and slowness.
@case
def closes_at_once(connection: socket.socket, asked: Asked) -> bool:
    return False


@case
def resets_at_once(connection: socket.socket, asked: Asked) -> bool:
    return _reset(connection)


@case
def silent(connection: socket.socket, asked: Asked) -> bool:
    return _wait(connection)


@case
def headers_byte_by_byte(connection: socket.socket, asked: Asked) -> bool:
    for byte in asked.good[:100]:
        connection.sendall(bytes([byte]))
        time.sleep(1)
    return False


@case
def headers_without_end(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    return _pour(connection, b"x-more: " + b"y" * 1000 + b"\r\n")


@case
def one_header_without_end(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nx-long: ")
    return _pour(connection, b"y" * 65536)


@case
def headers_100_kb(connection: socket.socket, asked: Asked) -> bool:
    more = [f"x-more-{n}: {'y' * 1000}" for n in range(100)]
    connection.sendall(with_headers(asked.good, *more))
    return True


@case
def continues_for_ever(connection: socket.socket, asked: Asked) -> bool:
    return _pour(connection, b"HTTP/1.1 100 Continue\r\n\r\n", most=64 * MB)


@case
def continues_slowly(connection: socket.socket, asked: Asked) -> bool:
    return _pour(connection, b"HTTP/1.1 102 Processing\r\n\r\n", pause_s=0.5)


@case
def early_hints(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 3 + asked.good)
    return True


@case
def switches_protocols(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h9\r\nconnection: upgrade\r\n\r\n"
    )
    return _wait(connection)


# Lengths that are not true.
@case
def length_short(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(with_headers(asked.good, "content-length: 10", without="content-length"))
    return False


@case
def length_long(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(with_headers(asked.good, "content-length: 100000", without="content-length"))
    return False


@case
def length_long_and_open(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(with_headers(asked.good, "content-length: 100000", without="content-length"))
    return _wait(connection)


_fixed("length-negative", head("200 OK", "content-length: -1"), b"{}", as_asked=True)
_fixed(
    "length-huge", head("200 OK", "content-length: 99999999999999999999999"), b"{}", as_asked=True
)
_fixed("length-no-number", head("200 OK", "content-length: ten"), b"{}", as_asked=True)
_fixed(
    "length-twice", head("200 OK", "content-length: 2", "content-length: 3"), b"{}\n", as_asked=True
)
_fixed(
    "length-and-chunked",
    head("200 OK", "content-length: 5", "transfer-encoding: chunked"),
    b"2\r\n{}\r\n0\r\n\r\n",
    as_asked=True,
)
_fixed(
    "chunk-size-broken",
    head("200 OK", "transfer-encoding: chunked"),
    b"zz\r\n{}\r\n0\r\n\r\n",
    as_asked=True,
)
_fixed(
    "chunk-size-huge",
    head("200 OK", "transfer-encoding: chunked"),
    b"fffffffffffffffff\r\n{}\r\n",
    as_asked=True,
)
_fixed("chunk-cut", head("200 OK", "transfer-encoding: chunked"), b"ff\r\n{}", as_asked=True)
_fixed(
    "chunk-end-missing", head("200 OK", "transfer-encoding: chunked"), b"2\r\n{}\r\n", as_asked=True
)


@case
def chunk_extension_without_end(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(head("200 OK", "transfer-encoding: chunked") + b"2;x=")
    return _pour(connection, b"y" * 65536)


@case
def trailers_without_end(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(head("200 OK", "transfer-encoding: chunked") + b"2\r\n{}\r\n0\r\n")
    return _pour(connection, b"x-trailer: " + b"y" * 1000 + b"\r\n")


# No HTTP, or old.
_fixed("no-http", b"\x00\x01\x02 hello\r\n\r\n")
_fixed("no-http-line", b"y" * 200_000)
_fixed("status-line-broken", b"HTTP/1.1 two hundred OK\r\n\r\n")
_fixed("status-999", b"HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\n{}")
_fixed("status-0", b"HTTP/1.1 000 None\r\ncontent-length: 2\r\n\r\n{}")
_fixed("header-without-colon", b"HTTP/1.1 200 OK\r\nno colon here\r\ncontent-length: 2\r\n\r\n{}")
_fixed("header-with-nul", b"HTTP/1.1 200 OK\r\nx-nul: a\x00b\r\ncontent-length: 2\r\n\r\n{}")
_fixed("header-latin1", b"HTTP/1.1 200 OK\r\nx-name: Zo\xeb\r\ncontent-length: 2\r\n\r\n{}")
_fixed("http-0.9", b'{"object":"list","data":[]}')
_fixed("tls-on-plain", b"\x15\x03\x01\x00\x02\x02\x16")


@case
def http_1_0(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(
        with_headers(asked.good, without="content-length").replace(b"1.1", b"1.0", 1)
    )
    return False


# Bodies.
@case
def endless_json(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(head() + b'{"a":[')
    return _pour(connection, b"1," * 32768)


@case
def endless_stream_fast(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(head(kind=SSE))
    return _pour(connection, EVENT * 100)


@case
def endless_stream_slow(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(head(kind=SSE))
    return _pour(connection, EVENT, pause_s=0.2)


@case
def endless_comments(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(head(kind=SSE))
    return _pour(connection, b": keep-alive\n\n", pause_s=0.2)


@case
def line_200_mb(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(head(kind=SSE) + b"data: ")
    return _pour(connection, b"y" * 65536, most=200 * MB)


@case
def event_100_mb(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(head(kind=SSE))
    return _pour(connection, b"data: " + b"y" * 65000 + b"\n", most=100 * MB)


@case
def body_200_mb(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(head("200 OK", f"content-length: {200 * MB}"))
    return _pour(connection, b" " * 65536, most=200 * MB)


def _zeros(size: int, form: int = 31) -> bytes:
    """So many spaces, packed (31: gzip, 15: zlib); only a sum at the very end is not theirs."""
    packer = zlib.compressobj(9, zlib.DEFLATED, form)
    part = b" " * MB

    def packed() -> bytes:
        return packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)

    first, again = packed(), packed()  # after a full flush the same comes out for the same
    return first + again * (size // MB - 2) + packer.compress(part) + packer.flush()


@cache
def bomb(name: str) -> bytes:
    """A small answer that is hundreds of times as large when it is undone; made when first asked for."""
    match name:
        case "gzip":
            return whole(_zeros(256 * MB), "200 OK", "content-encoding: gzip")
        case "deflate":
            return whole(_zeros(256 * MB, 15), "200 OK", "content-encoding: deflate")
        case "gzip-twice":
            twice = gzip.compress(_zeros(256 * MB))
            return whole(twice, "200 OK", "content-encoding: gzip, gzip")
        case "brotli":
            import brotli

            return whole(
                brotli.compress(b" " * (256 * MB), quality=5), "200 OK", "content-encoding: br"
            )
        case "zstd":
            import zstandard

            packed = zstandard.compress(b" " * (256 * MB))
            return whole(packed, "200 OK", "content-encoding: zstd")
        case "gzip-stream":
            return whole(_zeros(256 * MB), "200 OK", "content-encoding: gzip", kind=SSE)
    raise ValueError(name)


def _bomb(name: str) -> None:
    def send(connection: socket.socket, asked: Asked) -> bool:
        connection.sendall(bomb(name))
        return False

    CASES[f"bomb-{name}"] = send


for _name in ("gzip", "deflate", "gzip-twice", "brotli", "zstd", "gzip-stream"):
    _bomb(_name)
_fixed("coding-unsaid", whole(gzip.compress(b'{"object":"list"}')))
_fixed("coding-false", whole(b'{"object":"list"}', "200 OK", "content-encoding: gzip"))
_fixed("coding-unknown", whole(b'{"object":"list"}', "200 OK", "content-encoding: pied-piper"))
_fixed("coding-brotli-false", whole(b'{"object":"list"}', "200 OK", "content-encoding: br"))
_fixed("coding-zstd-false", whole(b'{"object":"list"}', "200 OK", "content-encoding: zstd"))
_fixed("json-deep", whole(b"[" * 100_000 + b"]" * 100_000))
_fixed("json-deep-objects", whole(b'{"a":' * 100_000 + b"1" + b"}" * 100_000))
_fixed("json-huge-number", whole(b'{"object":"list","data":[],"created":' + b"9" * 5000 + b"}"))
_fixed("json-exponent", whole(b'{"object":"list","data":[],"created":1e999999}'))
_fixed("json-nan", whole(b'{"object":"list","data":[{"id":NaN}],"created":Infinity}'))
_fixed(
    "json-surrogate",
    whole(b'{"object":"list","data":[{"id":"\\ud83d"}],"id":"\\ud83d","model":"\\ud83d"}'),
)
_fixed("json-nul", whole(b'{"object":"list","data":[{"id":"a\\u0000b"}]}'))
_fixed("json-cut", whole(b'{"object":"list","data":[{"id":"a'))
_fixed("json-empty", whole(b""))
_fixed("json-null", whole(b"null"))
_fixed("json-array", whole(b"[]"))
_fixed("json-doubles", whole(b'{"object":"list","object":"model","data":[],"data":[{"id":"x"}]}'))
_fixed("invalid-utf8", whole(b'{"object":"list","data":[{"id":"\xff\xfe"}]}'))
_fixed("utf16", whole('{"object":"list"}'.encode("utf-16")))


@case
def bom(connection: socket.socket, asked: Asked) -> bool:
    if not body_of(asked.good):
        connection.sendall(asked.good)
        return True
    body = b"\xef\xbb\xbf" + body_of(asked.good)
    length = f"content-length: {len(body)}"
    connection.sendall(
        with_headers(asked.good, length, without="content-length").partition(b"\r\n\r\n")[0]
        + b"\r\n\r\n"
        + body
    )
    return True


_fixed("html-200", whole(b"<!doctype html><title>Welcome</title>", kind="text/html"))
_fixed("binary", whole(bytes(range(256)) * 100, kind="application/octet-stream"))
_fixed(
    "models-5000",
    whole(
        json.dumps(
            {
                "object": "list",
                "data": [
                    {"id": f"m-{n}", "object": "model", "created": 1, "owned_by": "x"}
                    for n in range(5000)
                ],
            }
        ).encode()
    ),
)
_fixed(
    "ids-of-1-mb",
    whole(
        json.dumps(
            {
                "object": "chat.completion",
                "id": "x" * MB,
                "model": "y" * MB,
                "created": 1,
                "choices": [],
            }
        ).encode()
    ),
)
_fixed(
    "wrong-types",
    whole(
        b'{"id":[],"object":5,"created":{},"model":[1],"choices":"x","usage":"y","data":7,"output":null,"error":[]}'
    ),
)


def forms(key: str) -> dict[str, str]:
    """A key in eight forms, as text in an answer."""
    return {
        "plain": key,
        "percent": "".join(f"%{b:02X}" for b in key.encode()),
        "base64": base64.b64encode(f"x{key}".encode()).decode(),
        "hex": key.encode().hex(),
        "u-escapes": "".join(f"\\u{ord(c):04x}" for c in key),
        "html": "".join(f"&#{ord(c)};" for c in key),
        "json": json.dumps(f'/{key}"')[1:-1].replace("/", "\\/"),
        "split": "",
    }


@case
def echoes_the_key(connection: socket.socket, asked: Asked) -> bool:
    """A good answer that says the key in a header, in members and events, and in pieces over deltas."""
    top, _, body = asked.good.partition(b"\r\n\r\n")
    said = forms(asked.key)
    if body.startswith(b"{"):
        more = json.dumps(said).encode()[1:-1].replace(b"\\\\u", b"\\u")
        body = b"{" + more + b"," + body[1:] if body != b"{}" else b"{" + more + b"}"
        body = body.replace(
            b'"message":"', b'"message":"Incorrect API key: ' + asked.key.encode() + b". "
        )
    elif body.startswith((b"data:", b"event:")):
        pieces = [asked.key[at : at + 5] for at in range(0, len(asked.key), 5)]
        events = [EVENT.replace(b'"x"', json.dumps(piece).encode()) for piece in pieces]
        events += [EVENT.replace(b'"x"', json.dumps(text).encode()) for text in said.values()]
        body = b"".join(events) + body
    lines = [line for line in top.split(b"\r\n") if not line.startswith(b"content-length")]
    lines += [b"x-echo: " + asked.key.encode(), b"x-hex: " + said["hex"].encode()]
    lines += [b"content-length: %d" % len(body), b"set-cookie: who=" + asked.key.encode(), b"", b""]
    connection.sendall(b"\r\n".join(lines) + body)
    return True


# Refusals.
_fixed(
    "limited-for-ever",
    whole(
        b'{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded","param":null}}',
        "429 Too Many Requests",
        "retry-after: 999999999",
    ),
)
_fixed(
    "limited-with-a-date",
    whole(
        b'{"error":{"message":"slow down"}}',
        "429 Too Many Requests",
        "retry-after: Fri, 31 Dec 9999 23:59:59 GMT",
    ),
)
_fixed("limited-with-nonsense", whole(b"{}", "429 Too Many Requests", "retry-after: soon"))
_fixed(
    "unavailable", whole(b"upstream connect error", "503 Service Unavailable", kind="text/plain")
)
_fixed(
    "crashes",
    whole(
        b"Traceback (most recent call last):\n  File \"app.py\", line 1\nKeyError: 'x'",
        "500 Internal Server Error",
        kind="text/plain",
    ),
)


# Ends.
@case
def reset_after_headers(connection: socket.socket, asked: Asked) -> bool:
    kind = SSE if asked.stream else "application/json"
    connection.sendall(head("200 OK", "content-length: 100", kind=kind))
    return _reset(connection)


@case
def reset_in_the_body(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(asked.good[: len(asked.good) * 2 // 3])
    return _reset(connection)


@case
def cut_in_the_body(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(asked.good[: len(asked.good) * 2 // 3])
    return False


@case
def half_closed(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(asked.good[: len(asked.good) // 2])
    connection.shutdown(socket.SHUT_WR)
    return _wait(connection)


@case
def stays_open_after_the_end(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(head(kind=SSE) + EVENT + b"data: [DONE]\n\n")
    return _wait(connection)


@case
def trailing_bytes(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(asked.good + b"and more of it")
    return False


@case
def unasked_second_answer(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(asked.good * 2)
    return True


@case
def dead_kept_connection(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(asked.good)  # says keep-alive, and is gone
    return False
