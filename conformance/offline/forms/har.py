"""HAR 1.2: browsers, mitmproxy, Charles, Proxyman, Playwright (also with attached files), Polly.js."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote_plus

from conformance.offline.codings import undone_bytes
from conformance.offline.form import Attached, Element, Form
from conformance.offline.record import LeftOutError, Record, headers_of
from wire.exchange import Ended, Headers, header


def _records(element: Element) -> Iterator[Record] | None:
    entry = element.value
    if isinstance(entry, Mapping) and entry.get("type") == "resource-snapshot":
        entry = entry.get("snapshot")  # the network of a Playwright trace
    if not isinstance(entry, Mapping):
        return None
    asked, came = entry.get("request"), entry.get("response")
    listed = element.path == ("log", "entries") or "startedDateTime" in entry
    if not isinstance(asked, Mapping) or not isinstance(came, Mapping):
        if listed:
            raise ValueError("an entry without request or response")
        return None
    return _record(entry, asked, came, element.attached) if listed or _has_content(came) else None


def _has_content(response: Mapping[str, Any]) -> bool:
    content = response.get("content")
    return isinstance(content, Mapping) and ("mimeType" in content or "size" in content)


def _record(
    entry: Mapping[str, Any], asked: Mapping[str, Any], came: Mapping[str, Any], attached: Attached
) -> Iterator[Record]:
    headers = headers_of(came.get("headers"))
    content = came.get("content")
    content = content if isinstance(content, Mapping) else {}
    if header(headers, "content-type") is None and content.get("mimeType"):
        headers = (*headers, ("content-type", str(content["mimeType"])))
    error = came.get("_error") or entry.get("_error") or came.get("_failureText")
    yield Record(
        method=asked.get("method"),
        url=asked.get("url"),
        request_headers=asked.get("headers"),
        request_body=_posted(asked, attached),
        status=0 if came.get("status") == -1 else came.get("status"),
        headers=headers,
        body=_content(content, headers, attached),
        started_at=entry.get("startedDateTime"),
        ended=Ended.ABORTED if error else Ended.UNKNOWN,
        error=str(error or ""),
    )


def _posted(request: Mapping[str, Any], attached: Attached) -> bytes | None:
    data = request.get("postData")
    if not isinstance(data, Mapping):
        return None
    if (name := _file(data)) is not None:
        with suppress(LeftOutError):
            return attached(name)
        return None
    text = data.get("text")
    if isinstance(text, str) and text:
        if data.get("encoding") == "base64":
            return _from_base64(text)
        return text.encode("utf-8", "surrogatepass")
    pairs = data.get("params")
    if isinstance(pairs, list) and pairs:
        return "&".join(
            f"{quote_plus(str(p.get('name', '')))}={quote_plus(str(p.get('value', '')))}"
            for p in pairs
            if isinstance(p, Mapping)
        ).encode()
    return None


def _file(part: Mapping[str, Any]) -> str | None:
    """Where the text lies, with Playwright's `content: attach` or in its traces."""
    if isinstance(part.get("_file"), str):
        return str(part["_file"])
    return f"resources/{part['_sha1']}" if isinstance(part.get("_sha1"), str) else None


def _content(content: Mapping[str, Any], headers: Headers, attached: Attached) -> bytes:
    if (name := _file(content)) is not None:
        return attached(name)
    text = content.get("text")
    if not isinstance(text, str):
        size = content.get("size")
        if isinstance(size, int) and size > 0:
            raise LeftOutError(f"the exporter left out the body of {size} bytes")
        return b""  # browsers keep no text of some streams, and give no size: that is left out, too
    encoding = header(headers, "content-encoding")
    if encoding and text.startswith('["'):
        # Polly.js keeps a compressed body as a list of its pieces.
        with suppress(ValueError, TypeError):
            pieces = json.loads(text)
            return undone_bytes(b"".join(_piece(p) for p in pieces), encoding)
    if content.get("encoding") == "base64":
        return _from_base64(text)
    return text.encode("utf-8", "surrogatepass")


def _piece(text: str) -> bytes:
    with suppress(ValueError):
        return bytes.fromhex(text)
    return _from_base64(text)


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"a body that is not base64: {error}") from error


FORM = Form(
    "HAR 1.2 (browsers, mitmproxy, Charles, Proxyman, Playwright, Polly.js; also .zip)",
    _records,
    lists=(("log", "entries"),),
)
