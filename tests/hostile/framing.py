"""Cases of good answers in odd frames: chunks, lengths, header lines, status lines, kept connections.

What is allowed by RFC 9110 and 9112, however rare, must not be blamed; what is not must be, and nothing hang.
"""

import gzip
import re
import socket
import time
import zlib
from collections.abc import Callable
from typing import Final

from tests.hostile.cases import CASES, MB, SSE, Asked, body_of, case, head, with_headers

_OTHERS: Final = frozenset(CASES)
_LENGTH: Final = "content-length"


def _changed(name: str, change: Callable[[bytes], bytes], *, keeps: bool = True) -> None:
    """The good answer with other bytes; `keeps`: the connection serves the next request."""

    def send(connection: socket.socket, asked: Asked) -> bool:
        connection.sendall(change(asked.good))
        return keeps

    CASES[name] = send


def _lines(name: str, *lines: str, without: str = "", keeps: bool = True) -> None:
    _changed(name, lambda good: with_headers(good, *lines, without=without), keeps=keeps)


def chunked(
    good: bytes, *, size: int = 200, more: bytes = b"", end: bytes = b"\r\n", trailers: bytes = b"",
    coding: str = "chunked", digits: str = "%x",
) -> bytes:  # fmt: skip
    """The same answer in chunks; `more` follows each size, `end` each line of the framing."""
    top, _, body = with_headers(good, f"transfer-encoding: {coding}", without=_LENGTH).partition(
        b"\r\n\r\n"
    )
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    framed = b"".join((digits % len(part)).encode() + more + end + part + end for part in parts)
    return top + b"\r\n\r\n" + framed + b"0" + end + trailers + end


def _said(good: bytes, form: str) -> bytes:
    """With its length in another form."""
    return with_headers(good, f"content-length: {form % len(body_of(good))}", without=_LENGTH)


# Chunks that are allowed.
_changed("chunks-with-extensions", lambda good: chunked(good, more=b';a=1;b="x;y"'))
_changed("chunk-sizes-of-many-digits", lambda good: chunked(good, digits="%010X"))
_changed(
    "chunks-with-trailers", lambda good: chunked(good, trailers=b"x-sum: 1\r\nserver-timing: a\r\n")
)
_changed("chunks-of-one-byte", lambda good: chunked(good, size=1))
# And that are not.
_changed("chunk-extensions-of-3-mb", lambda good: chunked(good, more=b";a=" + b"y" * (3 * MB)))
_changed("chunk-sizes-with-a-plus", lambda good: chunked(good, digits="+%x"))
_changed("chunk-sizes-with-0x", lambda good: chunked(good, digits="0x%x"))
_changed("chunk-lines-of-lf", lambda good: chunked(good, end=b"\n"))
_changed("chunked-twice", lambda good: chunked(good, coding="chunked, chunked"))
_changed(
    "transfer-encoding-twice",
    lambda good: with_headers(chunked(good), "transfer-encoding: chunked"),
)
_changed("transfer-encoding-unknown", lambda good: chunked(good, coding="pied-piper"))


@case
def chunk_size_byte_by_byte(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(
        head(
            "200 OK", "transfer-encoding: chunked", kind=SSE if asked.stream else "application/json"
        )
    )
    for _ in range(100):
        connection.sendall(b"0")
        time.sleep(1)
    return False


@case
def trailers_byte_by_byte(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(chunked(asked.good)[:-2])
    for _ in range(100):
        connection.sendall(b"x: y\r\n")
        time.sleep(1)
    return False


# Lengths. A list of equal ones is an allowed reading of it; the others are no numbers of HTTP.
_changed(
    "length-in-a-list",
    lambda good: with_headers(
        good, "content-length: {0}, {0}".format(len(body_of(good))), without=_LENGTH
    ),
)
_changed(
    "length-equal-twice", lambda good: with_headers(good, f"content-length: {len(body_of(good))}")
)
_changed("length-with-a-plus", lambda good: _said(good, "+%d"))
_changed("length-with-an-underscore", lambda good: _said(good, "0_%d"))
_changed("length-hexadecimal", lambda good: _said(good, "0x%x"))
_changed("length-with-a-point", lambda good: _said(good, "%d.0"))
_changed("length-folded", lambda good: _said(good, "\r\n %d"))


# Header lines and status lines.
_lines("header-folded", "x-a: 1\r\n  and 2")
_lines("header-name-with-nul", "x-\0: 1")
_lines("header-name-empty", ": 1")
_lines("header-name-with-space", "x-a : 1")
_lines("header-with-bare-cr", "x-a: 1\r2")
_lines("header-name-of-utf8", "x-ö: 1")
_lines("cookies-that-grow", *(f"set-cookie: c{n}={'y' * 3000}" for n in range(30)))
_lines("connection-close-said", "connection: close")
_lines("connection-close-twice", "connection: close", "connection: close, keep-alive")
_lines("content-type-twice", "content-type: text/html")
_lines("content-encoding-identity", "content-encoding: identity")
_lines("content-encoding-empty", "content-encoding: ")
_lines("retry-after-on-success", f"retry-after: {'9' * 5000}", "retry-after-ms: nan")
_changed("lines-of-lf", lambda good: good.replace(b"\r\n", b"\n"))
_changed("empty-lines-before", lambda good: b"\r\n\r\n" + good)
_changed("status-without-reason", lambda good: re.sub(rb"\A(HTTP/1.1 \d+)[^\r]*", rb"\1", good))
_changed(
    "status-reason-of-60-kb",
    lambda good: re.sub(rb"\A(HTTP/1.1 \d+ )[^\r]*", rb"\1" + b"y" * 60_000, good),
)
_changed("status-of-http-2", lambda good: good.replace(b"HTTP/1.1", b"HTTP/2.0", 1))
_changed("status-in-small-letters", lambda good: good.replace(b"HTTP/1.1", b"http/1.1", 1))
_changed("status-204", lambda good: re.sub(rb"\AHTTP/1.1 \d+", b"HTTP/1.1 204", good), keeps=False)
_changed("status-206", lambda good: re.sub(rb"\AHTTP/1.1 200", b"HTTP/1.1 206", good))
_changed("status-304", lambda good: b"HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n")
_changed("status-417", lambda good: b"HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n")


# Codings that nobody asked for, made well and made badly.
def _coded(name: str, coding: str, pack: Callable[[bytes], bytes]) -> None:
    def change(good: bytes) -> bytes:
        body = pack(body_of(good))
        top = with_headers(
            good, f"content-encoding: {coding}", f"content-length: {len(body)}", without=_LENGTH
        )
        return top.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body

    _changed(name, change)


def _brotli(data: bytes) -> bytes:
    import brotli

    return bytes(brotli.compress(data))


def _zstd(data: bytes) -> bytes:
    import zstandard

    return zstandard.compress(data)


_coded("gzip-in-members", "gzip", lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:]))
_coded("gzip-cut", "gzip", lambda data: gzip.compress(data)[:-9])
_coded("gzip-with-a-wrong-sum", "gzip", lambda data: gzip.compress(data)[:-8] + bytes(8))
_coded("gzip-with-more-behind", "gzip", lambda data: gzip.compress(data) + b"more of it")
_coded(
    "gzip-of-empty-members", "gzip", lambda data: gzip.compress(b"") * 50_000 + gzip.compress(data)
)
_coded("deflate-raw", "deflate", lambda data: zlib.compress(data)[2:-4])
_coded("brotli-cut", "br", lambda data: _brotli(data)[:-3])
_coded("zstd-cut", "zstd", lambda data: _zstd(data)[:-3])


# Connections.
_last: dict[socket.socket, bytes] = {}


@case
def answers_the_previous(connection: socket.socket, asked: Asked) -> bool:
    """The answer of the request before on this connection, once there was one."""
    connection.sendall(_last.get(connection, asked.good))
    _last[connection] = asked.good
    return True


@case
def times_out_unasked(connection: socket.socket, asked: Asked) -> bool:
    """As load balancers do with a connection that lies idle: a 408 that nobody asked for, and the end."""
    connection.sendall(asked.good)
    time.sleep(0.05)
    connection.sendall(
        b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
    return False


@case
def resets_after_the_answer(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(asked.good)
    return CASES["resets-at-once"](connection, asked)


@case
def body_byte_by_byte(connection: socket.socket, asked: Asked) -> bool:
    """Each byte a packet of its own, as fast as they go: characters and line ends are torn apart."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for at in range(min(len(asked.good), 3000)):
        connection.sendall(asked.good[at : at + 1])
    connection.sendall(asked.good[3000:])
    return True


NAMES: Final = frozenset(CASES) - _OTHERS
"""Of the cases here, which are tried by `tests.hostile.at_once`."""
