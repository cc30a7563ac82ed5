"""What passed through the tap for one request, while it passes: the making of an exchange."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from conformance.offline.codings import CodingError, undone, undone_bytes
from conformance.tap.message import Head, Kind, Part
from wire.exchange import Chunk, Connection, Ended, Exchange, Headers, Reply, Request, header

MAX_BYTES = 64 * 2**20  # of one message; what is longer is forwarded and not recorded further


@dataclass
class Take:
    """One request and what has come back for it so far."""

    method: str
    path: str
    headers: Headers
    reused: bool
    started_at: float = field(default_factory=time.time)
    start: float = field(default_factory=time.perf_counter)
    asked: list[bytes] = field(default_factory=list)
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
        body = b"".join(self.asked)
        chunks, error = tuple(self.chunks), self.error
        try:
            body = undone_bytes(body, header(self.headers, "content-encoding"))
            chunks = undone(chunks, header(self.reply_headers, "content-encoding"))
        except CodingError as reason:
            error = error or str(reason)
        return Exchange(
            id=name,
            request=Request(self.method, self.path, self.headers, body),
            reply=Reply(self.status, self.reply_headers, chunks, self.headers_at_ms),
            connection=Connection(self.ended, self.reused, error, self.total_ms, origin),
            started_at=self.started_at,
        )


@dataclass
class Tape:
    """The takes of one connection, in the order in which they were asked and will be answered."""

    done: Callable[[Take], object]
    target: Callable[[str], str] = str
    """The request target as the upstream gets it."""
    pending: deque[Take] = field(default_factory=deque)
    count: int = 0

    def method(self) -> str:
        """The method of the request that the next reply answers."""
        return self.pending[0].method if self.pending else ""

    def asked(self, part: Part) -> None:
        """A part of a request went by."""
        if part.kind is Kind.HEAD and part.head:
            method, path, *_ = [*part.head.words, "", ""]
            take = Take(method, self.target(path), part.head.headers, reused=self.count > 0)
            self.pending.append(take)
            self.count += 1
        elif part.kind is Kind.BODY and self.pending:
            take = self.pending[-1]
            take.size += len(part.data)
            if take.size <= MAX_BYTES:
                take.asked.append(part.data)

    def answered(self, part: Part) -> None:
        """A part of a reply went by."""
        if not self.pending:
            return
        take = self.pending[0]
        if part.kind is Kind.HEAD and part.head:
            self._head(take, part.head)
        elif part.kind is Kind.BODY and part.data:
            take.size += len(part.data)
            if take.size > MAX_BYTES:
                take.ended = Ended.LIMIT
            else:
                take.chunks.append(Chunk(take.at_ms(), part.data))
        elif part.kind is Kind.END and take.status:
            self._finish(Ended.COMPLETE)

    def stopped(self, ended: Ended, error: str = "") -> None:
        """The connection is gone: what is pending ended so."""
        while self.pending:
            self._finish(ended, error)

    def _head(self, take: Take, head: Head) -> None:
        if head.status < 200 and head.status != 101:  # 100 Continue and its like are no answer
            return
        take.status, take.reply_headers = head.status, head.headers
        take.headers_at_ms = take.at_ms()
        take.upgraded = head.status == 101

    def _finish(self, ended: Ended, error: str = "") -> None:
        take = self.pending.popleft()
        take.total_ms = take.at_ms()
        if take.ended is not Ended.LIMIT:
            take.ended, take.error = ended, error
        self.done(take)
