"""Exchanges that are not over yet: requests that passed, and what has come back for them so far."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from conformance.offline.codings import CodingError, undone, undone_bytes
from conformance.tap.message import Head, Kind, Part
from wire.exchange import Chunk, Connection, Ended, Exchange, Headers, Reply, Request, header

MAX_BYTES = 64 * 2**20  # of one message; what is longer is forwarded and not recorded further


@dataclass
class OpenExchange:
    """A request and what has come back for it so far."""

    method: str
    path: str
    headers: Headers
    reused: bool
    started_at: float = field(default_factory=time.time)
    start: float = field(default_factory=time.perf_counter)
    request_pieces: list[bytes] = field(default_factory=list)
    status: int = 0
    reply_headers: Headers = ()
    headers_at_ms: float | None = None
    chunks: list[Chunk] = field(default_factory=list)
    size: int = 0
    ended: Ended = Ended.UNKNOWN
    error: str = ""
    total_ms: float = 0.0
    upgraded: bool = False

    def at_ms(self) -> float:
        return round((time.perf_counter() - self.start) * 1000, 3)

    def exchange(self, name: str, origin: str) -> Exchange:
        """The exchange, bodies decoded, stamps as the bytes arrived."""
        body = b"".join(self.request_pieces)
        chunks, error, whole = tuple(self.chunks), self.error, self.size <= MAX_BYTES
        try:
            body = undone_bytes(body, header(self.headers, "content-encoding"))
            chunks = undone(chunks, header(self.reply_headers, "content-encoding"))
        except CodingError as reason:
            error, whole = error or str(reason), False
        return Exchange(
            id=name,
            # Of a message that was longer, or that cannot be decoded, not all is known.
            request=Request(self.method, self.path, self.headers, body, whole),
            reply=Reply(self.status, self.reply_headers, chunks, self.headers_at_ms),
            connection=Connection(self.ended, self.reused, error, self.total_ms, origin),
            started_at=self.started_at,
        )


@dataclass
class ConnectionLog:
    """The open exchanges of one connection, in the order of their requests (HTTP/1.1 answers in it)."""

    on_finished: Callable[[OpenExchange], object]
    target: Callable[[str], str] = str
    """The request target as the upstream gets it."""
    pending: deque[OpenExchange] = field(default_factory=deque)
    count: int = 0

    def request_method(self) -> str:
        """The method of the request that the next reply answers."""
        return self.pending[0].method if self.pending else ""

    def request_part(self, part: Part) -> None:
        """A part of a request went by."""
        if part.kind is Kind.HEAD and part.head:
            method, path, *_ = [*part.head.words, "", ""]
            exchange = OpenExchange(
                method, self.target(path), part.head.headers, reused=self.count > 0
            )
            self.pending.append(exchange)
            self.count += 1
        elif part.kind is Kind.BODY and self.pending:
            exchange = self.pending[-1]
            exchange.size += len(part.data)
            if exchange.size <= MAX_BYTES:
                exchange.request_pieces.append(part.data)

    def response_part(self, part: Part) -> None:
        """A part of a reply went by."""
        if not self.pending:
            return
        exchange = self.pending[0]
        if part.kind is Kind.HEAD and part.head:
            self._head(exchange, part.head)
        elif part.kind is Kind.BODY and part.data:
            exchange.size += len(part.data)
            if exchange.size > MAX_BYTES:
                exchange.ended = Ended.LIMIT
            else:
                exchange.chunks.append(Chunk(exchange.at_ms(), part.data))
        elif part.kind is Kind.END and exchange.status:
            self._finish(Ended.COMPLETE)

    def closed(self, ended: Ended, error: str = "") -> None:
        """The connection is gone: what is pending ended so."""
        while self.pending:
            self._finish(ended, error)

    def _head(self, exchange: OpenExchange, head: Head) -> None:
        if head.status < 200 and head.status != 101:  # 100 Continue and its like are no answer
            return
        exchange.status, exchange.reply_headers = head.status, head.headers
        exchange.headers_at_ms = exchange.at_ms()
        exchange.upgraded = head.status == 101

    def _finish(self, ended: Ended, error: str = "") -> None:
        exchange = self.pending.popleft()
        exchange.total_ms = exchange.at_ms()
        if exchange.ended is not Ended.LIMIT:
            exchange.ended, exchange.error = ended, error
        self.on_finished(exchange)
