"""A record: one request and its response as a recorder kept them, and the exchange made of it.

Readers of forms say where each part stands and nothing more. What parts mean is decided here, once:
header tables of any shape, status lines, content codings, times, and what was left out or scrubbed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from conformance.offline.answered import operation_of
from conformance.offline.codings import CodingError, undone_bytes
from wire import jsonl
from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Chunk, Connection, Ended, Exchange, Headers, Reply, Request, header

# What those who publish recordings put in the place of a value: it says nothing of the server.
_SCRUBBED: Final = re.compile(
    r"^(\W*(redacted|filtered|scrubbed|removed|masked|hidden|dummy|sanitized)\W*|\*{3,}|[xX]{3,}|"
    r"[A-Z0-9_-]*-?X{3,}|<[A-Z0-9_ -]+>|\[[A-Z0-9_ -]+\]|\{\{.*\}\})$",
    re.IGNORECASE,
)
_STATUS: Final = re.compile(r"(?:HTTP/\S+ )?(\d{3})\b", re.ASCII)
_GZIP: Final = b"\x1f\x8b"
# Operations that are asked for by their path alone.
_WITHOUT_BODY: Final = frozenset({Endpoint.CANCEL})


class LeftOutError(ValueError):
    """The recorder left out what rules would judge; there is nothing to blame anybody for."""


@dataclass(frozen=True)
class Record:
    """What a recorder kept of one request and its response. None: it did not keep that.

    Bodies are bytes, text, or the JSON that the recorder made of them; `method` and `url` are empty
    where only the response was kept.
    """

    status: Any = None
    headers: Any = ()
    body: Any = None
    method: Any = ""
    url: Any = ""
    request_headers: Any = ()
    request_body: Any = None
    started_at: Any = None
    """Seconds since 1970, or a time in ISO or mail form."""
    headers_at_ms: float | None = None
    chunks: tuple[Chunk, ...] = ()
    """The body in pieces with their times, where the recorder kept any."""
    ended: Ended = Ended.UNKNOWN
    error: str = ""


def exchange_of(record: Record, name: str, source: str, endpoint: str = "") -> Exchange:
    """The exchange of a record. `endpoint` is the path of responses whose request is not known.

    Raises `LeftOutError` where there is nothing to judge, ValueError where a part makes no sense.
    """
    headers = headers_of(record.headers)
    body = _decoded(bytes_of(record.body), headers)
    if body and is_scrubbed(body.decode("latin-1")):
        raise LeftOutError("the body was scrubbed")
    status = status_of(record.status)
    method, path, origin = _asked(record, body, endpoint)
    if status is None:
        if not operation_of(body):
            raise LeftOutError("the recorder kept no status")
        status = 200  # nothing else is answered with such an object
    if not body and _must_have_body(method, status, headers):
        # A server can send nothing, but far more often a recorder kept nothing: of a stream that
        # the client read by itself, of a body that was evicted before the export.
        raise LeftOutError("the recorder kept no body")
    kept = tuple((name, value) for name, value in headers if not is_scrubbed(value))
    chunks = record.chunks or ((Chunk(0.0, body),) if body else ())
    reply = Reply(status, kept, chunks, record.headers_at_ms, timed=bool(record.chunks))
    at = moment(record.started_at)
    return Exchange(
        id=name,
        request=asked_of(_request(record, method, path), reply),
        reply=reply,
        connection=Connection(record.ended, error=record.error, origin=origin),
        started_at=at if at is not None else _stated(reply),
        source=source,
    )


def _request(record: Record, method: str, path: str) -> Request:
    headers = headers_of(record.request_headers)
    try:
        body = _decoded(bytes_of(record.request_body), headers)
    except CodingError as error:
        raise ValueError(f"request: {error}") from error
    known = record.request_body is not None
    return Request(method, path, headers, body, known or method in {"GET", "HEAD", "DELETE"})


def _asked(record: Record, body: bytes, endpoint: str) -> tuple[str, str, str]:
    """Method, path and origin; of a response alone, what its object says it answers."""
    url = "" if record.url is None else record.url
    method = text_of(record.method or "").upper()
    if not isinstance(url, str):
        raise ValueError("a URL that is no text")  # noqa: TRY004 - one error for one defect
    if not url or is_scrubbed(url):
        told = operation_of(body)
        path = endpoint or (told[1] if told else "")
        if not path:
            raise LeftOutError(
                "neither request nor response says which endpoint was asked: name it, as in "
                "--endpoint chat or --endpoint /v1/responses"
            )
        return method or (told[0] if told else "POST"), path, ""
    if not method:
        raise ValueError("a request without method")
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    return method, path if path.startswith("/") else f"/{path}", origin


def asked_of(request: Request, reply: Reply) -> Request:
    """The request, marked where its body cannot be what was sent: nothing that asks it is judged.

    Recorders leave bodies out, cut them, or put a word in their place. Nobody answers such a request
    with success, and an empty one is not sent.
    """
    if request.method not in {"POST", "PUT", "PATCH"} or not request.body_recorded:
        return request
    readable = isinstance(request.json, dict) or not (200 <= reply.status < 300)
    if request.body.strip() and readable and not is_scrubbed(request.body.decode("latin-1")):
        return request
    if endpoint_of(request.method, request.path) in _WITHOUT_BODY:
        return request
    return replace(request, body_recorded=False)


def is_scrubbed(value: str) -> bool:
    """Whether a word stands in the place of a value that was not to be published."""
    return len(value) < 200 and _SCRUBBED.search(value.strip()) is not None


def headers_of(headers: Any) -> Headers:
    """Headers of any form: an object of texts or lists, pairs, objects with name and value, lines."""
    pairs: Iterable[Any]
    if isinstance(headers, Mapping):
        pairs = headers.items()
    elif isinstance(headers, list | tuple):
        pairs = [_pair(item) for item in headers]
    else:
        pairs = ()
    return tuple(
        (text_of(name).strip().lower(), text_of(value).strip())
        for name, values in pairs
        # HTTP/2 pseudo headers (:authority) are the request line in another form.
        if name is not None and not text_of(name).startswith(":")
        for value in (values if isinstance(values, list) else [values])
        if value is not None and not isinstance(value, Mapping)
    )


def _pair(item: Any) -> tuple[Any, Any]:
    if isinstance(item, Mapping):
        name = item.get("name", item.get("key"))
        return name, item.get("value", item.get("values"))
    if isinstance(item, list | tuple) and len(item) == 2:
        return item[0], item[1]
    if isinstance(item, str) and ":" in item:
        name, _, value = item.partition(":")
        return name, value
    return None, None


def status_of(value: Any) -> int | None:
    """A status: a number, a text that begins with one, a status line, or an object with `code`."""
    if isinstance(value, Mapping):
        value = value.get("code")
    if isinstance(value, str) and (match := _STATUS.match(value)):
        return int(match[1])
    if value is None or value == "":
        return None
    if type(value) is not int or not 0 <= value <= 999:
        raise ValueError(f"a status that is none: {str(value)[:40]!r}")
    return value


def bytes_of(value: Any) -> bytes:
    """A body's bytes. JSON that a recorder parsed is written anew."""
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return jsonl.canonical(value)


def text_of(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _decoded(body: bytes, headers: Headers) -> bytes:
    """A body without its content codings; gzip shows itself where the header was taken out."""
    named = header(headers, "content-encoding")
    gzip = body.startswith(_GZIP) and (named is None or is_scrubbed(named))
    return undone_bytes(body, "gzip" if gzip else named)


def _must_have_body(method: str, status: int, headers: Headers) -> bool:
    """Whether an empty body would be wrong, and the server did not say that it is empty."""
    told_empty = (header(headers, "content-length") or "").strip() == "0"
    # No server says both: the length is then what the recorder made of what it kept.
    told_empty = told_empty and header(headers, "transfer-encoding") is None
    bodiless = method in {"HEAD", "OPTIONS"} or status in {204, 205, 304}
    if status >= 300 and header(headers, "content-type") is not None:
        return False
    return status >= 200 and not bodiless and not told_empty


def moment(value: Any) -> float | None:
    """Seconds since 1970 of a number, or of a time in ISO or in mail form."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 < value < 2**33 else None
    if not isinstance(value, str):
        return None
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = parse(value.strip())
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _stated(reply: Reply) -> float | None:
    """The day in the Date header, else the time in the body."""
    if (at := moment(reply.header("date"))) is not None:
        return at
    return jsonl.started_at({}, reply)
