"""HTTP messages as text, as recorders and curl write them down: a start line, headers, a body."""

import re
from typing import NamedTuple

from wire.exchange import Headers, header

_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})(;[^\r\n]*)?\r?\n")


class Message(NamedTuple):
    """`start` is the request line or the status line."""

    start: str
    headers: Headers
    body: bytes


def message(data: bytes) -> Message:
    """A whole message; a chunked body is put together."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        head, _, body = data.partition(b"\n\n")
    start, headers = head_of(head)
    coding = (header(headers, "transfer-encoding") or "").lower()
    return Message(start, headers, _unchunked(body) if "chunked" in coding else body)


def head_of(head: bytes) -> tuple[str, Headers]:
    """The start line and the headers, names in lower case."""
    start, *lines = head.decode("latin-1").replace("\r\n", "\n").split("\n")
    pairs = (line.partition(":") for line in lines if ":" in line[1:])
    return start.strip(), tuple((n.strip().lower(), v.strip()) for n, _, v in pairs)


def parsed_request(asked: Message) -> tuple[str, str, Message]:
    """Method and URL of a request; where the line has a path alone, the Host header is before it."""
    method, _, rest = asked.start.partition(" ")
    target = rest.rpartition(" ")[0] if " HTTP/" in rest else rest
    if not method or not target:
        raise ValueError(f"no request line: {asked.start[:60]!r}")
    host = header(asked.headers, "host")
    if target.startswith("/") and host:
        target = f"https://{host}{target}"
    return method, target, asked


def _unchunked(body: bytes) -> bytes:
    """The data of the chunks; a body that is not chunked, whatever its header says, as it is."""
    at = 0
    data: list[bytes] = []
    while match := _CHUNK.match(body, at):
        size = int(match[1], 16)
        if size == 0:
            return b"".join(data)
        data.append(body[match.end() : match.end() + size])
        at = match.end() + size
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
    return b"".join(data) if data and at >= len(body) else body
