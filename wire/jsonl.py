"""Exchanges as JSON Lines: one line an exchange, nothing lost.

The form is that of the recordings: `{id, source, request: {method, path, headers, body}, response:
{status, headers, body_text}, streaming, recorded_at, frames?}`, with our own optional fields beside
it. Bytes that are not UTF-8 travel as lone surrogates (PEP 383), escaped in ASCII JSON.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from wire.exchange import (
    Attempt,
    Chunk,
    Connection,
    Ended,
    Exchange,
    Headers,
    Invalid,
    Reply,
    Request,
    parse_json,
)

LATEST: Final = 2**37  # a time in the year 6325, after which calendars end soon
_GZIP: Final = b"\x1f\x8b"


class BadLineError(ValueError):
    """A line that is no exchange. `line` counts from 1, `offset` is in bytes of the plain text."""

    def __init__(self, file: str, line: int, offset: int, reason: str) -> None:
        super().__init__(f"{file}, line {line} (byte {offset}): {reason}")
        self.file = file
        self.line = line
        self.offset = offset
        self.reason = reason


def dump(exchange: Exchange) -> str:
    """The exchange as one line of ASCII, without a line end."""
    request, reply, connection = exchange.request, exchange.reply, exchange.connection
    at = exchange.started_at
    line: dict[str, Any] = {
        "id": exchange.id,
        "source": exchange.source,
        "request": {
            "method": request.method,
            "path": request.path,
            "headers": _headers_out(request.headers),
            **_body_out(request.body),
            **({} if request.body_recorded else {"body_recorded": False}),
        },
        "response": {
            "status": reply.status,
            "headers": _headers_out(reply.headers),
            "body_text": _text(reply.body),
        },
        "streaming": reply.is_stream,
        "recorded_at": None if at is None else datetime.fromtimestamp(at, UTC).isoformat(),
        "started_at": at,  # exact, where recorded_at ends at microseconds
    }
    if reply.headers_at_ms is not None:
        line["response"]["headers_at_ms"] = reply.headers_at_ms
    if reply.timed or reply.chunks != _untimed(reply.body):
        line["frames"] = [[chunk.at_ms, _text(chunk.data)] for chunk in reply.chunks]
        if not reply.timed:
            line["response"]["timed"] = False
    if connection != Connection():
        line["connection"] = {
            "ended": connection.ended,
            "reused": connection.reused,
            "error": connection.error,
            "total_ms": connection.total_ms,
            "origin": connection.origin,
        }
        if connection.late_ms is not None:
            line["connection"]["late_ms"] = connection.late_ms
    if exchange.attempts:
        line["attempts"] = exchange.attempts
    line |= {
        name: value
        for name, value in (("probe", exchange.probe), ("model", exchange.model))
        if value is not None
    }
    return json.dumps(line)


def read(line: str | bytes | Mapping[str, Any]) -> Exchange:
    """The exchange of a line or of its JSON object. Raises ValueError or TypeError."""
    value = line if isinstance(line, Mapping) else json.loads(line)
    if not isinstance(value, Mapping):
        raise ValueError("not a JSON object")  # noqa: TRY004  # one error for one kind of defect
    asked, came = _part(value, "request"), _part(value, "response")
    if foreign := _foreign_headers(value):
        known = [pair for pair in _headers_in(came.get("headers")) if pair[0] == "content-type"]
        came = {**came, "headers": known}
    request = Request(
        method=_string(asked, "method"),
        path=_string(asked, "path"),
        headers=_headers_in(asked.get("headers")),
        body=_body_in(asked),
        body_recorded=asked.get("body_recorded") is not False,
    )
    reply = _reply_in(came, value.get("frames"))
    source = value.get("source")
    if isinstance(source, Mapping):
        source = " ".join(str(source[key]) for key in ("repo", "path", "index") if key in source)
    connection = value.get("connection")
    return Exchange(
        id=str(value.get("id") or ""),
        request=request,
        reply=reply,
        connection=_connection_in(connection if isinstance(connection, Mapping) else {}),
        started_at=started_at({} if foreign else value, reply),
        probe=_text_or_none(value, "probe"),
        model=_text_or_none(value, "model"),
        source=None if source is None else str(source),
        attempts=tuple(Attempt(*attempt) for attempt in value.get("attempts") or ()),
    )


def iter_file(
    path: str | Path, on_error: Callable[[BadLineError], object] | None = None
) -> Iterator[Exchange]:
    """The exchanges of a file, plain or gzip, one at a time.

    A bad line raises `BadLineError`; with `on_error` it is handed to that function instead, and
    reading goes on. Where the file itself is torn, reading ends after that.
    """
    number, offset = 0, 0

    def complain(reason: str) -> None:
        error = BadLineError(str(path), number, offset, reason)
        if on_error is None:
            raise error
        on_error(error)

    with _open(path) as file:
        while True:
            number += 1
            try:
                line = file.readline()
            except (EOFError, OSError, zlib.error) as error:
                complain(f"the file is torn: {error}")
                return
            if not line:
                return
            if line.strip():
                exchange = None
                try:
                    exchange = read(line)
                except (ValueError, TypeError, RecursionError) as error:
                    torn = "" if line.endswith(b"\n") else "the last line is torn: "
                    complain(f"{torn}{error}")
                if exchange is not None:
                    yield exchange
            offset += len(line)


def write_file(path: str | Path, exchanges: Iterable[Exchange]) -> None:
    """Write exchanges to a file, gzipped when its name ends with .gz."""
    path = Path(path)
    opener: Callable[..., IO[bytes]] = gzip.open if path.suffix == ".gz" else open  # type: ignore[assignment]
    with opener(path, "wb") as file:
        file.writelines(dump(exchange).encode("ascii") + b"\n" for exchange in exchanges)


def canonical(value: Any) -> bytes:
    """The bytes that stand for a JSON body: no spaces, UTF-8, keys in their order."""
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _open(path: str | Path) -> IO[bytes]:
    with Path(path).open("rb") as file:
        zipped = file.read(2) == _GZIP
    return gzip.open(path, "rb") if zipped else Path(path).open("rb")  # type: ignore[return-value]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # another tool's lone surrogates
        return text.encode("utf-8", "surrogatepass")


def _headers_out(headers: Headers) -> dict[str, str] | list[tuple[str, str]]:
    """An object as in the recordings, or pairs where a name comes twice."""
    names = {name for name, _ in headers}
    return dict(headers) if len(names) == len(headers) else list(headers)


def _headers_in(headers: Any) -> Headers:
    pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
    return tuple(
        (str(name).lower(), str(value))
        for name, values in pairs
        for value in (values if isinstance(values, list) else [values])
    )


def _body_out(body: bytes) -> dict[str, Any]:
    """`body` where the JSON gives the same bytes back, else `body_text`."""
    if not body:
        return {"body": None}
    value = parse_json(body)
    if value is not None and not isinstance(value, Invalid | str):
        with suppress(RecursionError):
            if canonical(value) == body:
                return {"body": value}
    return {"body_text": _text(body)}


def _body_in(request: Mapping[str, Any]) -> bytes:
    if isinstance(request.get("body_text"), str):
        return _bytes(request["body_text"])
    body = request.get("body")
    if body is None:
        return b""
    return _bytes(body) if isinstance(body, str) else canonical(body)


def _reply_in(response: Mapping[str, Any], frames: Any) -> Reply:
    status, headers_at_ms = response.get("status"), response.get("headers_at_ms")
    if type(status) is not int:
        raise ValueError("response.status is not a whole number")
    chunks: tuple[Chunk, ...]
    if frames is None:
        chunks = _untimed(_bytes(str(response.get("body_text") or "")))
    else:
        chunks = tuple(Chunk(float(at_ms), _bytes(str(text))) for at_ms, text in frames)
    return Reply(
        status=status,
        headers=_headers_in(response.get("headers")),
        chunks=chunks,
        headers_at_ms=None if headers_at_ms is None else float(headers_at_ms),
        timed=frames is not None and response.get("timed", True) is True,
    )


def _untimed(body: bytes) -> tuple[Chunk, ...]:
    return (Chunk(0.0, body),) if body else ()


def _connection_in(connection: Mapping[str, Any]) -> Connection:
    ended, reused = connection.get("ended"), connection.get("reused")
    return Connection(
        ended=Ended(ended) if ended in list(Ended) else Ended.UNKNOWN,
        reused=reused if isinstance(reused, bool) else None,
        error=str(connection.get("error") or ""),
        total_ms=_number_or_none(connection.get("total_ms")),
        origin=str(connection.get("origin") or ""),
        late_ms=_number_or_none(connection.get("late_ms")),
    )


def started_at(line: Mapping[str, Any], reply: Reply) -> float | None:
    """Seconds since 1970: as we wrote it, as recorded, or as the answer itself says."""
    if "started_at" in line:
        exact = _number_or_none(line["started_at"])
        return exact if exact is not None and exact >= 0 else None
    if isinstance(line.get("recorded_at"), str):
        with suppress(ValueError):
            at = datetime.fromisoformat(line["recorded_at"])
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    first = next(iter(reply.payloads), None) if reply.is_stream else reply.json
    for holder in (first, first.get("response") if isinstance(first, dict) else None):
        if isinstance(holder, dict):
            for name in ("created", "created_at"):
                if (stated := _in_time(holder.get(name))) is not None:
                    return stated
    return None


def _in_time(value: Any) -> float | None:
    """Seconds since 1970 that a calendar knows, or None."""
    at = _number_or_none(value)
    return at if at is not None and 0 < at < LATEST else None


def _number_or_none(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if known and abs(value) < LATEST else None


def _text_or_none(line: Mapping[str, Any], name: str) -> str | None:
    value = line.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is no text but {str(value)[:40]}")
    return value


def _foreign_headers(line: Mapping[str, Any]) -> bool:
    """Whether the recording says that its headers, and so its date, are another answer's."""
    flags = line.get("flags")
    return isinstance(flags, list) and "headers_not_from_this_response" in flags


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = value.get(name)
    if not isinstance(part, Mapping):
        raise ValueError(f"no {name}")  # noqa: TRY004
    return part


def _string(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise ValueError(f"no {name}")  # noqa: TRY004
    return found
