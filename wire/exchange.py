"""One request and what came back for it: the single thing that rules read.

An `Exchange` is made in three places (the sender, the readers of recordings, the tap) and never
changes afterwards. Bytes stay bytes: a reply keeps every received chunk with its arrival time, and
text, JSON and events are views that are computed once, when somebody looks.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, NamedTuple

from wire.endpoint import Endpoint, endpoint_of
from wire.sse import Decoder, Event, Fact


class Ended(StrEnum):
    """How the connection's part in an exchange ended."""

    COMPLETE = "complete"  # the HTTP message was whole
    CUT = "cut"  # the peer closed before the message was whole
    RESET = "reset"  # the peer reset the connection
    TIMEOUT = "timeout"  # nothing came for longer than allowed
    LIMIT = "limit"  # more came than we were willing to hold
    ABORTED = "aborted"  # we closed on purpose
    FAILED = "failed"  # no connection, no TLS, or no HTTP
    UNKNOWN = "unknown"  # a recording does not tell


class Invalid:
    """Stands for a JSON text that does not parse; `Invalid.reason` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __repr__(self) -> str:
        return f"no JSON: {self.reason}"

    def __bool__(self) -> bool:
        return False


def parse_json(text: str | bytes) -> Any:
    """The JSON value of `text`, or `Invalid`. NaN and Infinity are not JSON (RFC 8259)."""
    try:
        return _DECODER.decode(text) if isinstance(text, str) else _loads(text)
    except (ValueError, RecursionError) as error:
        return Invalid(str(error))


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def _loads(data: bytes) -> Any:
    """Bytes may be UTF-16 or UTF-32, which `loads` detects."""
    return json.loads(data, parse_constant=_refuse)


# Kept, because `loads` with an option makes a decoder anew for each event of a stream.
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


class Chunk(NamedTuple):
    """Bytes of a body as one receive call gave them. `at_ms` counts from the send of the request."""

    at_ms: float
    data: bytes


Headers = tuple[tuple[str, str], ...]


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header, by lower-case name."""
    return next((value for key, value in headers if key == name), None)


class NotRecordedError(LookupError):
    """Somebody asks for a part of an exchange that its recorder left out: nothing depends on it."""


@dataclass(frozen=True)
class Request:
    """What was asked. Header names are lower case; `path` starts with / and keeps the query.

    `body_recorded` is False where a recorder kept no body, or not all of it: what was asked is then
    not known, and `json` and `params` raise `NotRecordedError`.
    """

    method: str
    path: str
    headers: Headers = ()
    body: bytes = b""
    body_recorded: bool = True

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None when empty, `Invalid` when it does not parse."""
        if not self.body_recorded:
            raise NotRecordedError("the body of the request")
        return parse_json(self.body) if self.body else None

    @property
    def text(self) -> str:
        """The body as text."""
        if not self.body_recorded:
            raise NotRecordedError("the body of the request")
        return self.body.decode("utf-8", "replace")

    @cached_property
    def params(self) -> dict[str, Any]:
        """The body when it is a JSON object, else an empty dict: for asking what was requested."""
        return self.json if isinstance(self.json, dict) else {}

    def header(self, name: str) -> str | None:
        return header(self.headers, name)


@dataclass(frozen=True)
class Reply:
    """What came back. `headers_at_ms` is None when times were not recorded."""

    status: int
    headers: Headers = ()
    chunks: tuple[Chunk, ...] = ()
    headers_at_ms: float | None = None
    timed: bool = True

    @cached_property
    def body(self) -> bytes:
        return b"".join(chunk.data for chunk in self.chunks)

    @cached_property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None when empty, `Invalid` when it does not parse."""
        return parse_json(self.body) if self.body.strip() else None

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    @cached_property
    def media_type(self) -> str:
        """The content type without parameters, lower case; empty when there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @cached_property
    def is_stream(self) -> bool:
        """Whether the body is an event stream: by its type, or by its looks where a type is missing."""
        if self.media_type == "text/event-stream":
            return True
        start = self.body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
        return start.startswith((b"data:", b"event:", b":", b"id:", b"retry:"))

    @cached_property
    def _decoded(self) -> tuple[tuple[Event, ...], tuple[Fact, ...]]:
        decoder = Decoder()
        events: list[Event] = []
        if self.is_stream:
            for at_ms, data in self.chunks:
                events += decoder.feed(data, at_ms)
            events += decoder.close()
        return tuple(events), tuple(decoder.facts)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of a stream, empty for any other body."""
        return self._decoded[0]

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What was unusual about the stream's framing."""
        return self._decoded[1]

    @cached_property
    def payloads(self) -> tuple[Any, ...]:
        """The JSON of each event, in step with `events`; `Invalid` where it does not parse ([DONE])."""
        return tuple(parse_json(event.data) for event in self.events)


@dataclass(frozen=True)
class Connection:
    """What the connection itself did."""

    ended: Ended = Ended.UNKNOWN
    reused: bool | None = None
    error: str = ""
    total_ms: float | None = None
    origin: str = ""
    """`https://host:port` that was spoken to; empty when a recording does not tell."""
    late_ms: float | None = None
    """How late the client itself was at most meanwhile; None when it was not measured."""


class Attempt(NamedTuple):
    """An earlier try of the same request that was answered with a retryable status."""

    status: int
    waited_s: float


ANSWERS: Final = frozenset({"id", "object", "choices", "output", "data", "usage"})
"""Members of which an answer has one at least, also one that failed: a response has its id beside its error."""
BARE: Final = 4096
"""Bytes in which an error that stands alone begins; so far a body is looked at before it is parsed."""
NO_REPLY: Final = Reply(status=0, timed=False)


@dataclass(frozen=True)
class Exchange:
    """A request, its reply, and the circumstances. `reply.status` is 0 when nothing came back."""

    id: str
    request: Request
    reply: Reply = NO_REPLY
    connection: Connection = field(default_factory=Connection)
    started_at: float | None = None
    probe: str | None = None
    model: str | None = None
    source: str | None = None
    attempts: tuple[Attempt, ...] = ()

    @cached_property
    def endpoint(self) -> Endpoint:
        return endpoint_of(self.request.method, self.request.path)

    @cached_property
    def ok(self) -> bool:
        """Answered with success: 2xx, and not with an error alone whatever the status says."""
        return 200 <= self.reply.status < 300 and not self.bare_error

    @cached_property
    def bare_error(self) -> bool:
        """A body that has an error and nothing of an answer, such as {"error": {"message": "…"}}."""
        if b'"error"' not in self.reply.body[:BARE] or self.reply.is_stream:
            return False
        body = self.reply.json
        return isinstance(body, dict) and bool(body.get("error")) and not ANSWERS & body.keys()

    @cached_property
    def wants_stream(self) -> bool:
        """Whether a stream was asked for; where that was not recorded, whether one came."""
        if not self.request.body_recorded:
            return self.reply.is_stream
        return self.request.params.get("stream") is True

    @cached_property
    def day(self) -> date | None:
        """The day of the exchange in UTC, for rules that hold from a date on."""
        if self.started_at is None:
            return None
        return datetime.fromtimestamp(self.started_at, UTC).date()

    def objects(self) -> Iterator[tuple[int | None, Any]]:
        """Each JSON payload with its event index: the whole body as (None, body), or the events."""
        if self.reply.is_stream:
            yield from enumerate(self.reply.payloads)
        else:
            yield None, self.reply.json
