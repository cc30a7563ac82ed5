"""Entries of HAR 1.2 files as exchanges: browsers, mitmproxy, Charles, Polly.js."""

import base64
import binascii
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from conformance.offline.codings import undone_bytes
from conformance.offline.transcription import LeftOutError, headers_of, made
from wire.exchange import Connection, Ended, Exchange, Headers, header


def exchange_of(entry: Mapping[str, Any], name: str, source: str) -> Exchange:
    """The exchange of one `log.entries` element. Raises ValueError where parts are missing."""
    asked, came = entry.get("request"), entry.get("response")
    if not isinstance(asked, Mapping) or not isinstance(came, Mapping):
        raise ValueError("an entry without request or response")  # noqa: TRY004
    headers = headers_of(came.get("headers"))
    content = came.get("content")
    content = content if isinstance(content, Mapping) else {}
    if header(headers, "content-type") is None and content.get("mimeType"):
        headers = (*headers, ("content-type", str(content["mimeType"])))
    error = came.get("_error") or entry.get("_error")
    return made(
        name=name,
        source=source,
        method=asked.get("method"),
        url=asked.get("url"),
        request_headers=headers_of(asked.get("headers")),
        request_body=_posted(asked),
        status=came.get("status"),
        headers=headers,
        body=_content(content, headers),
        started_at=_moment(entry.get("startedDateTime")),
        connection=Connection(Ended.ABORTED, error=str(error)) if error else Connection(),
    )


def _posted(request: Mapping[str, Any]) -> bytes:
    data = request.get("postData")
    if not isinstance(data, Mapping):
        return b""
    text = data.get("text")
    if isinstance(text, str) and text:
        if data.get("encoding") == "base64":
            return _from_base64(text)
        return text.encode("utf-8", "surrogatepass")
    pairs = data.get("params")
    if isinstance(pairs, list):
        return "&".join(
            f"{quote_plus(str(p.get('name', '')))}={quote_plus(str(p.get('value', '')))}"
            for p in pairs
            if isinstance(p, Mapping)
        ).encode()
    return b""


def _content(content: Mapping[str, Any], headers: Headers) -> bytes:
    text = content.get("text")
    if not isinstance(text, str):
        size = content.get("size")
        if isinstance(size, int) and size > 0:
            raise LeftOutError(f"the exporter left out the body of {size} bytes")
        return b""  # browsers keep no text of some streams, and give no size: see `made`
    encoding = header(headers, "content-encoding")
    if encoding and text.startswith('["'):
        # Polly.js keeps a compressed body as a list of its pieces.
        with suppress(ValueError, TypeError):
            pieces = json.loads(text)
            return undone_bytes(b"".join(_piece(p) for p in pieces), encoding)
    if content.get("encoding") == "base64":
        return undone_bytes(_from_base64(text), encoding)
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


def _moment(text: Any) -> float | None:
    if isinstance(text, str):
        with suppress(ValueError, OverflowError):
            at = datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return None
