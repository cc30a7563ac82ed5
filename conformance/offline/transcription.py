"""An exchange made from what a recorder wrote down, whatever the recorder."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from conformance.offline.codings import CodingError, undone_bytes
from wire import jsonl
from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Chunk, Connection, Exchange, Headers, Reply, Request, header

# What those who publish recordings put in the place of a value: it says nothing of the server.
_SCRUBBED = re.compile(
    r"^(\W*(redacted|filtered|scrubbed|removed|masked|hidden|dummy|sanitized)\W*|\*{3,}|[xX]{3,}|"
    r"[A-Z0-9_-]*-?X{3,}|<[A-Z0-9_ -]+>|\[[A-Z0-9_ -]+\]|\{\{.*\}\})$",
    re.IGNORECASE,
)


_WITHOUT_BODY = frozenset({Endpoint.CANCEL})


class LeftOutError(ValueError):
    """The recorder left out what rules would judge; there is nothing to blame anybody for."""


def headers_of(headers: Any) -> Headers:
    """Headers of any form: an object of texts or lists, pairs, or objects with name and value."""
    pairs: Iterable[Any]
    if isinstance(headers, Mapping):
        pairs = headers.items()
    elif isinstance(headers, list):
        pairs = [
            (item.get("name"), item.get("value"))
            if isinstance(item, Mapping)
            else (item if isinstance(item, list | tuple) and len(item) == 2 else (None, None))
            for item in headers
        ]
    else:
        pairs = ()
    return tuple(
        (str(name).lower(), text_of(value))
        for name, values in pairs
        # HTTP/2 pseudo headers (:authority) are the request line in another form.
        if name is not None and not str(name).startswith(":")
        for value in (values if isinstance(values, list) else [values])
        if value is not None
    )


def text_of(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def made(
    *,
    name: str,
    source: str,
    method: Any,
    url: Any,
    request_headers: Headers,
    request_body: bytes,
    status: Any,
    headers: Headers,
    body: bytes,
    started_at: float | None,
    connection: Connection | None = None,
) -> Exchange:
    """The exchange; without a recorded time, the time that the answer itself states."""
    if not isinstance(method, str) or not isinstance(url, str) or not url:
        raise ValueError("a request without method or URL")
    if type(status) is not int:
        raise ValueError("a response without a status")
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    try:
        request_body = undone_bytes(request_body, header(request_headers, "content-encoding"))
    except CodingError as error:
        raise ValueError(f"request: {error}") from error
    if not body and _must_have_body(method, status, headers):
        # A server can send nothing, but far more often a recorder kept nothing: of a stream that
        # the client read by itself, of a body that was evicted before the export.
        raise LeftOutError("the recorder kept no body")
    body = undone_bytes(body, header(headers, "content-encoding"))
    headers = tuple((name, value) for name, value in headers if not _SCRUBBED.search(value))
    reply = Reply(status, headers, (Chunk(0.0, body),) if body else (), timed=False)
    return Exchange(
        id=name,
        request=asked_of(Request(method.upper(), path, request_headers, request_body), reply),
        reply=reply,
        connection=replace(connection or Connection(), origin=origin),
        started_at=started_at if started_at is not None else _stated(reply),
        source=source,
    )


def asked_of(request: Request, reply: Reply) -> Request:
    """The request, marked where its body cannot be what was sent: nothing that asks it is judged.

    Recorders leave bodies out, cut them, or put a word in their place. Nobody answers such a request
    with success, and an empty one is not sent.
    """
    if request.method not in {"POST", "PUT", "PATCH"} or not request.body_recorded:
        return request
    readable = isinstance(request.json, dict) or not (200 <= reply.status < 300)
    if request.body.strip() and readable and not _SCRUBBED.search(request.body.decode("latin-1")):
        return request
    if endpoint_of(request.method, request.path) in _WITHOUT_BODY:
        return request
    return replace(request, body_recorded=False)


def _must_have_body(method: str, status: int, headers: Headers) -> bool:
    """Whether an empty body would be wrong, and the server did not say that it is empty."""
    said_empty = (header(headers, "content-length") or "").strip() == "0"
    # No server says both: the length is then what the recorder made of what it kept.
    said_empty = said_empty and header(headers, "transfer-encoding") is None
    bodiless = method.upper() in {"HEAD", "OPTIONS"} or status in {204, 205, 304}
    if status >= 300 and header(headers, "content-type") is not None:
        return False
    return status >= 200 and not bodiless and not said_empty


def moment(text: Any) -> float | None:
    """Seconds since 1970 of a time in ISO or in mail form."""
    if isinstance(text, datetime):
        return (text if text.tzinfo else text.replace(tzinfo=UTC)).timestamp()
    if not isinstance(text, str):
        return None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = parse(text.strip())
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _stated(reply: Reply) -> float | None:
    """The day in the Date header, else the time in the body."""
    if (at := moment(reply.header("date"))) is not None:
        return at
    return jsonl.started_at({}, reply)
