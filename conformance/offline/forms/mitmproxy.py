"""Flows of mitmproxy (`mitmdump -w FILE`): a chain of netstrings with types."""

import re
from collections.abc import Iterator
from typing import IO, Any, Final

from conformance.offline.form import ByteForm
from conformance.offline.json_stream import TornError
from conformance.offline.record import Record

MAX_FLOW: Final = 256 * 2**20
DEEPEST: Final = 60


def _records(file: IO[bytes]) -> Iterator[tuple[int, Record]]:
    at = 0
    while digits := _digits(file, at):
        size = int(digits)
        if size > MAX_FLOW:
            raise TornError(at, f"a flow of {size} bytes")
        data, kind = file.read(size), file.read(1)
        if len(data) < size or not kind:
            raise TornError(at, "the file ends within a flow")
        flow = _value(data, kind, 0)
        if isinstance(flow, dict) and flow.get("type") == "http":
            yield at, _record(flow)
        at += len(digits) + 1 + size + 1


def _digits(file: IO[bytes], at: int) -> bytes:
    digits = b""
    while (letter := file.read(1)) and letter != b":":
        digits += letter
        if not letter.isdigit() or len(digits) > 12:
            raise TornError(
                at, "a length should stand here; a newer mitmproxy can convert: " + CONVERT
            )
    return digits


CONVERT: Final = "mitmdump -nr FILE --set hardump=FILE.har"


def _value(data: bytes, kind: bytes, depth: int) -> Any:
    if kind == b",":
        return data
    if kind == b";":
        return data.decode("utf-8", "surrogateescape")
    if kind in (b"#", b"^"):
        return float(data) if kind == b"^" else int(data[:20])
    if kind == b"!":
        return data == b"true"
    if kind in (b"]", b"}") and depth < DEEPEST:
        parts = [_value(*part, depth + 1) for part in _parts(data)]
        if kind == b"]":
            return parts
        names = parts[::2]
        return {_text(name): value for name, value in zip(names, parts[1::2], strict=False)}
    return None


def _parts(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        colon = data.find(b":", at, at + 13)
        if colon < 0 or not data[at:colon].isdigit():
            raise ValueError("a flow that is no netstring")
        end = colon + 1 + int(data[at:colon])
        yield data[colon + 1 : end], data[end : end + 1]
        at = end + 1


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _record(flow: dict[str, Any]) -> Record:
    asked, came = flow.get("request"), flow.get("response")
    if not isinstance(asked, dict):
        raise ValueError("a flow without a request")  # noqa: TRY004
    came = came if isinstance(came, dict) else {"status_code": 0}
    scheme, host, port = (asked.get(name) for name in ("scheme", "host", "port"))
    usual = {"http": 80, "https": 443}.get(_text(scheme)) == port
    return Record(
        method=asked.get("method"),
        url=f"{_text(scheme)}://{_text(host)}{'' if usual else f':{port}'}{_text(asked.get('path'))}",
        request_headers=asked.get("headers"),
        request_body=asked.get("content"),
        status=came.get("status_code"),
        headers=came.get("headers"),
        body=came.get("content"),
        started_at=asked.get("timestamp_start"),
    )


FORM = ByteForm("flows of mitmproxy (mitmdump -w)", re.compile(rb"\d{1,9}:\d{1,9}:"), _records)
