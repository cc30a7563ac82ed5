"""A client's connection and its own connection to the upstream: bytes go over at once, both ways.

One connection here is one connection there, so keep-alive, pipelining, disconnects and back
pressure mean to each side what they would mean without the tap. Reading along happens after the
bytes are on their way.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Final

from conformance.tap.message import (
    Framing,
    Head,
    Kind,
    Messages,
    reply_framing,
    request_framing,
)
from conformance.tap.open_exchange import ConnectionLog
from conformance.tap.upstream import Upstream
from wire.exchange import Ended

CONNECT_S: Final = 30.0


class ProxiedConnection:
    """The pair. Either side tells it what came; it tells the other."""

    def __init__(
        self,
        upstream: Upstream,
        log: ConnectionLog,
        forget: Callable[["ProxiedConnection"], object] = lambda _: None,
    ) -> None:
        self._forget = forget
        self.upstream = upstream
        self.log = log
        self.client = _Side(self, from_client=True)
        self.server = _Side(self, from_client=False)
        self._requests = Messages(request_framing)
        self._replies = Messages(self._reply_framing)
        self._unreachable = ""
        self._client_left = False
        self._server_ended = False
        self._tunnel = False
        self._connecting: asyncio.Task[None] | None = None

    def client_connected(self) -> None:
        """The client is there: go and meet the upstream; until then nothing is read."""
        self.client.pause(True)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        there = self.upstream
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.get_running_loop().create_connection(
                    lambda: self.server,
                    there.host,
                    there.port,
                    ssl=there.tls,
                    server_hostname=there.host if there.tls else None,
                )
        except (OSError, TimeoutError, ssl.SSLError) as error:
            self._unreachable = f"{there.origin} is not reachable: {error or type(error).__name__}"
        self.client.pause(False)

    def received(self, data: bytes, *, from_client: bool) -> None:
        """Bytes from one side, for the other."""
        if not from_client:
            self.client.write(data)
            for part in self._replies.feed(data):
                self.log.response_part(part)
            return
        parts = list(self._requests.feed(data))
        raw = b"".join(
            self.upstream.addressed(part.raw, part.head) if part.head else part.raw
            for part in parts
        )
        if raw and not self._unreachable:
            self.server.write(raw)
        for part in parts:
            self.log.request_part(part)
            if self._unreachable and part.kind in {Kind.END, Kind.OPAQUE}:
                self._refuse()
                return

    def half_closed(self, *, from_client: bool) -> bool:
        """A side will send no more. True keeps its own direction of receiving open."""
        if from_client:
            self._client_left = True
            if self._server_ended or not (self.log.pending or self._tunnel):
                self.server.close()
                return False
            return self.server.write_end()
        self._server_ended = True
        self._close_replies()
        self._close_exchanges(Ended.CUT, "the upstream closed the connection")
        if self._client_left:
            self.client.close()
            return False
        # With TLS a connection cannot be half closed.
        return self.client.write_end() and self.upstream.tls is None

    def lost(self, error: Exception | None, *, from_client: bool) -> None:
        """A side is gone; a reset is passed on as a reset."""
        if from_client:
            self._client_left = True
            self._forget(self)
            if self._connecting:
                self._connecting.cancel()
        else:
            self._close_replies()
        ended = Ended.RESET if error else Ended.CUT
        self._close_exchanges(ended, str(error or "the upstream closed the connection"))
        other = self.server if from_client else self.client
        if error:
            other.reset()
        else:
            other.close()

    def _close_exchanges(self, ended: Ended, error: str) -> None:
        """What is still without an answer ended so, unless it was the client who left first."""
        if self._client_left:
            ended, error = Ended.ABORTED, "the client went away"
        self.log.closed(ended, error)

    def _reply_framing(self, head: Head) -> tuple[Framing, int]:
        framing = reply_framing(head, self.log.request_method())
        if framing[0] is Framing.TUNNEL:
            self._tunnel = True
            self._requests.give_up()
        return framing

    def _close_replies(self) -> None:
        """A body that ends with the connection is whole, unless nobody was there to want the rest."""
        for part in self._replies.close():
            if not (self._client_left and part.kind is Kind.END):
                self.log.response_part(part)

    def _refuse(self) -> None:
        """What a client would see as a refused connection, in words."""
        body = json.dumps(
            {"error": {"message": f"tap: {self._unreachable}", "type": "tap_error", "param": None, "code": "upstream_unreachable"}}
        ).encode()  # fmt: skip
        self.client.write(
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
        )
        self.log.closed(Ended.FAILED, self._unreachable)
        self.client.close()


class _Side(asyncio.Protocol):
    """The socket of one side."""

    def __init__(self, connection: ProxiedConnection, *, from_client: bool) -> None:
        self._connection = connection
        self._from_client = from_client
        self._transport: asyncio.Transport | None = None

    @property
    def _other(self) -> "_Side":
        return self._connection.server if self._from_client else self._connection.client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        if self._from_client:
            self._connection.client_connected()
        elif self._other.gone:
            self.abort()

    def data_received(self, data: bytes) -> None:
        self._connection.received(data, from_client=self._from_client)

    def eof_received(self) -> bool:
        return self._connection.half_closed(from_client=self._from_client)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._connection.lost(error, from_client=self._from_client)

    def pause_writing(self) -> None:
        self._other.pause(True)

    def resume_writing(self) -> None:
        self._other.pause(False)

    @property
    def gone(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def write_end(self) -> bool:
        """Pass on that no more will come; where the transport cannot say that, close."""
        if self._transport is None or self._transport.is_closing():
            return False
        if self._transport.can_write_eof():
            self._transport.write_eof()
            return True
        self._transport.close()
        return False

    def pause(self, stop: bool) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if stop:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        """Close in the way that the other side sees as a reset."""
        if self._transport is not None:
            if (connection := self._transport.get_extra_info("socket")) is not None:
                linger = struct.pack("ii", 1, 0)
                with contextlib.suppress(OSError):
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()
