"""The memory of a run: what its answers may hold together. Past it they are whole on disk alone."""

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from conformance.judging.route import NOT_KEPT
from conformance.running.content_coding import head
from wire.exchange import NO_REPLY, Ended, Exchange, Reply

BUDGET_BYTES: Final = 24 * 2**20
"""For the bodies of large answers. What is read of a body takes some six times of it beside it."""
LARGE_BYTES: Final = 16 * 2**10


@dataclass(frozen=True)
class SameReply(Reply):
    """A reply whose body came before, byte for byte: what is read of it is read once."""

    before: Reply = field(default=NO_REPLY, repr=False, compare=False)

    @cached_property
    def body(self) -> bytes:
        return self.before.body

    @cached_property
    def text(self) -> str:
        return self.before.text

    @cached_property
    def json(self) -> Any:
        return self.before.json


class Memory:
    """Takes each answer of a run as it comes, and gives it back as it can be held."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._held_bytes = 0
        self._seen: dict[bytes, Reply] = {}
        self.passed = False
        """Not everything could be held."""

    def holds(self, exchange: Exchange) -> Exchange:
        """The exchange; with the body of an earlier one where it is the same, or with its head only."""
        reply = exchange.reply
        size = sum(len(chunk.data) for chunk in reply.chunks)
        if size < LARGE_BYTES:
            return exchange
        if not reply.is_stream:
            digest = hashlib.sha256(reply.body).digest()
            if (before := self._seen.get(digest)) is not None:
                same = SameReply(
                    reply.status, reply.headers, before.chunks, reply.headers_at_ms, reply.timed, before
                )  # fmt: skip
                return replace(exchange, reply=same)
            if self._held_bytes + size <= self._budget_bytes:
                self._seen[digest] = reply
        self._held_bytes += size
        if self._held_bytes <= self._budget_bytes:
            return exchange
        self._held_bytes -= size
        self.passed = True
        most = (
            f"{NOT_KEPT}: the answers of this run hold more than {self._budget_bytes // 2**20} MB"
        )
        cut = Reply(
            reply.status, reply.headers, tuple(head(reply.chunks)), reply.headers_at_ms, reply.timed
        )
        # What was wrong with the connection stays what it was.
        connection = exchange.connection
        if connection.ended is Ended.COMPLETE:
            connection = replace(connection, ended=Ended.ABORTED)
        error = f"{most} ({connection.error})" if connection.error else most
        return replace(exchange, reply=cut, connection=replace(connection, error=error))
