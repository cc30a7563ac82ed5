"""Bounds for what comes before the body of a live answer, and a look at what comes behind it.

Before it: interim answers, and headers that never end. Behind it: bytes that nobody asked for.
The HTTP library waits for the head of an answer without counting what it reads meanwhile. It reads
through the streams that its network backend opens, so the counting is done there.
"""

import select
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, Final

import httpcore
import httpx

HEAD_LIMIT_BYTES: Final = 256 * 2**10
INTERIM_LIMIT: Final = 100
CARRIER: ContextVar["list[CountedStream] | None"] = ContextVar("carrier", default=None)
"""Where a stream puts itself that carries the request of this task."""
_INTERIM: Final = b"HTTP/1.1 1"


class HeadTooLongError(httpcore.RemoteProtocolError):
    """More came before the answer itself than any server needs to say."""


class CountedStream(httpcore.AsyncNetworkStream):
    """A stream that counts what comes after a request until it is told that the answer has begun."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._bytes = self._interim = 0
        self._begun = False
        self.carried = 0
        """Answers that began on this connection."""
        self._parser: Any = None
        self._socket: Any = None

    def begun(self, parser: Any = None) -> None:
        """The head is whole. `parser`: what holds the bytes that were read and not asked for yet."""
        self._begun = True
        self._parser = parser
        self.carried += 1

    def left(self) -> bytes:
        """What came behind a whole answer, so far as it was read with it."""
        data, _ = getattr(self._parser, "trailing_data", (b"", False))
        return bytes(data)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        data = await self._inner.read(max_bytes, timeout)
        if not self._begun:
            self._bytes += len(data)
            self._interim += data.count(_INTERIM)
            if self._interim > INTERIM_LIMIT:
                raise HeadTooLongError(f"more than {INTERIM_LIMIT} interim answers (HTTP 1xx)")
            if self._bytes > HEAD_LIMIT_BYTES:
                raise HeadTooLongError(f"more than {HEAD_LIMIT_BYTES // 2**10} KB of headers")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if (carrier := CARRIER.get()) is not None and self not in carrier:
            carrier.append(self)
        if self._begun:
            self._begun, self._bytes, self._interim = False, 0, 0
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(self, *args: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        return CountedStream(await self._inner.start_tls(*args, **named))

    def get_extra_info(self, info: str) -> Any:
        # What nobody asked for must not be taken for the next answer (RFC 9112, 6.3): the pool closes
        # an idle connection on which something waits to be read, and here it was read already.
        if info == "is_readable":
            return bool(self.left()) or self._something_waits()
        return self._inner.get_extra_info(info)

    def _something_waits(self) -> bool:
        """Whether there is something to read, or the connection is over. Asked of every idle one at each request."""
        if self._socket is None:
            self._socket = self._inner.get_extra_info("socket")
        if self._socket is None or (number := self._socket.fileno()) < 0:
            return True
        look = select.poll()
        look.register(number, select.POLLIN)
        return bool(look.poll(0))


class CountedBackend(httpcore.AsyncNetworkBackend):
    """A network backend whose streams count."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend) -> None:
        self._inner = inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return CountedStream(
            await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        )

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def count_heads(client: httpx.AsyncClient) -> None:
    """Let the connections of a client count what comes before each answer."""
    # No public argument of httpx leads to the backend; where these names change, the deadlines
    # and the library's own bound of one header line (100 KB) still hold, and a test fails.
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001
        pool = getattr(transport, "_pool", None)
        backend = getattr(pool, "_network_backend", None)
        if backend is not None:
            pool._network_backend = CountedBackend(backend)  # type: ignore[union-attr]  # noqa: SLF001


def head_is_whole(response: httpx.Response) -> None:
    """What comes now is the body."""
    stream = response.extensions.get("network_stream")
    if isinstance(stream, CountedStream):
        stream.begun(_parser(response))


def _parser(response: httpx.Response) -> Any:
    """The parser of the connection that brings an answer, behind the library's wrappers; None: they changed."""
    inner: Any = response.stream
    for name in ("_stream", "_httpcore_stream", "_stream", "_connection", "_h11_state"):
        inner = getattr(inner, name, None)
    return inner


def left_over(response: httpx.Response) -> bytes:
    """What came behind an answer whose end the server itself had given."""
    stream = response.extensions.get("network_stream")
    return stream.left() if isinstance(stream, CountedStream) else b""


def is_too_long(failure: BaseException) -> bool:
    """Whether a failure of the library is one of these bounds, or its own bound of a head."""
    return isinstance(failure.__cause__, HeadTooLongError) or "Receive buffer too long" in str(
        failure
    )


def was_reused(carrier: list[CountedStream]) -> bool | None:
    """Whether a request went out on a connection that had brought answers before; None: it never went out."""
    return any(stream.carried for stream in carrier) if carrier else None
