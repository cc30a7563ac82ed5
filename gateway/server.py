"""The gateway on sockets: a thin ASGI application on uvicorn.

It reads a request, asks the handler, and plays the reply with its delays. The connection is watched
through its transport: when the client is gone the play stops, and only what was sent is charged.
"""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import replace
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.faults.machinery.fault import Handler
from gateway.frames import Ending, GatewayReply, Piece, encode
from gateway.scripted_errors import FAILURE
from gateway.validation.body import LIMIT
from wire.exchange import Request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_LOG: Final = logging.getLogger("gateway")
_FAILED_HEADERS: Final = (("content-type", "application/json"),)
_WATCH_S: Final = 0.1  # how long a gone client can go unnoticed during a pause
_BACKLOG: Final = 2048
_HEADER_LIMIT: Final = 128 * 1024


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol that lets the application see its transport."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["transport"] = self.transport  # type: ignore[typeddict-unknown-key]

    def _unsupported_upgrade_warning(self) -> None:
        """Codex asks for a WebSocket first. The answer is 426; no library of ours is missing."""


class Application:
    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.stopped_early = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = await _request(scope, receive)
        if request is None:
            return
        try:
            reply = self.handler.handle(request)
        except Exception:  # noqa: BLE001 - a fault of ours must not look like a broken connection
            _LOG.exception("failed to answer %s %s", request.method, request.path)
            reply = GatewayReply(500, _FAILED_HEADERS, FAILURE.body)
        await self._play(reply, scope["transport"], send)

    async def _play(self, reply: GatewayReply, transport: asyncio.Transport, send: Send) -> None:
        pieces = encode(reply)
        streamed = reply.frames is not None
        headers = _headers(reply, pieces)
        # A thousand open streams must not hold all their frames twice.
        reply = replace(reply, body=None, frames=None, pieces=pieces)
        clock = asyncio.get_running_loop().time
        due = clock() + reply.delay_ms / 1000
        if reply.delay_ms and not await _pause(due, clock, transport):
            self.stopped_early += 1
            self.handler.settle(reply, 0)
            return
        if not streamed:
            # Plain answers are settled first, so that the next request sees the new balance.
            self.handler.settle(reply)
        await send({
            "type": "http.response.start",
            "status": reply.status,
            "headers": headers,
        })  # fmt: skip
        due = clock()
        sent = 0
        while sent < len(pieces):
            due += pieces[sent].delay_ms / 1000
            here = pieces[sent].delay_ms == 0 or await _pause(due, clock, transport)
            if not here or transport.is_closing():
                self.stopped_early += 1
                if streamed:
                    self.handler.settle(reply, sent)
                return
            end = sent + 1
            # What has no pause between it leaves in one write.
            while end < len(pieces) and pieces[end].delay_ms == 0:
                end += 1
            if end == len(pieces) and streamed:
                self.handler.settle(reply)
            data = b"".join(piece.data for piece in pieces[sent:end])
            await send({"type": "http.response.body", "body": data, "more_body": True})
            sent = end
        await _end(reply.ending, transport, send)


async def _end(ending: Ending, transport: asyncio.Transport, send: Send) -> None:
    if ending is Ending.COMPLETE:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return
    if ending is Ending.RESET:
        # A linger of zero makes the close a reset.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
        return
    transport.close()


async def _pause(due: float, clock: Callable[[], float], transport: asyncio.Transport) -> bool:
    """Sleeps until `due`; False when the client left meanwhile."""
    while (left := due - clock()) > 0:
        await asyncio.sleep(min(left, _WATCH_S))
        if transport.is_closing():
            return False
    return not transport.is_closing()


async def _request(scope: Scope, receive: Receive) -> Request | None:
    """The whole request; None when the client left before its end. Reads little beyond the limit."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body", False) or size > LIMIT:
            break
    path = scope["raw_path"].decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return Request(
        method=scope["method"],
        path=f"{path}?{query}" if query else path,
        headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]),
        body=b"".join(parts),
    )


def _headers(reply: GatewayReply, pieces: tuple[Piece, ...]) -> list[tuple[bytes, bytes]]:
    headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in reply.headers]
    sized = reply.frames is None and reply.header("content-length") is None
    if sized and reply.status >= 200 and reply.status not in {204, 304}:
        size = sum(len(piece.data) for piece in pieces)
        # A cut body promises one byte that never comes.
        size += reply.ending is not Ending.COMPLETE
        headers.append((b"content-length", str(size).encode()))
    return headers


class Server(uvicorn.Server):
    """uvicorn's server that says when it is ready and leaves signals to its owner."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    def stop(self) -> None:
        self.should_exit = True


def make_server(handler: Handler) -> Server:
    """A server for sockets that its owner binds and runs."""
    config = uvicorn.Config(
        Application(handler),
        http=Protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        date_header=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=_HEADER_LIMIT,
    )
    return Server(config)


def bind(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    # asyncio turns Nagle's algorithm off only where the protocol is named.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    sock.listen(_BACKLOG)
    return sock
