"""One connection to the target, driven by the event loop without a greenlet.

Theory of operation. One persistent io watcher a connection calls `_readable` in the hub: one recv, one
monotonic stamp before anything is parsed, then llhttp, the SSE decoder and the flight's reader, all
in that call. Between flights the watcher stays, so a connection that the server closes is known
at once. Where the kernel stamps received bytes (Linux, no TLS), its stamp is taken instead of ours and
the difference is kept as the client's own lag. Nothing here switches greenlets.
"""

import errno
import os
import ssl
import struct
from collections.abc import Callable
from time import perf_counter_ns, time_ns
from typing import TYPE_CHECKING, Any, Final

import httptools
from gevent import get_hub
from gevent.monkey import get_original

from load.ending import classify, framing, readable
from load.flight import KEPT_BYTES, Flight
from load.outcome import Outcome
from wire.sse import Decoder

if TYPE_CHECKING:
    from load.target import Address

_socket: Final = get_original("socket", "socket")
READ, WRITE = 1, 2
RECEIVE: Final = 65536
BODY_LIMIT: Final = 64 * 2**20
_AF_INET, _STREAM, _TCP, _NODELAY = 2, 1, 6, 1
_SOL_SOCKET, _SO_ERROR, _SO_TIMESTAMPNS = 1, 4, 35
_ANCILLARY: Final = 64
_stamp: Final = struct.Struct("qq").unpack
_EVENT_STREAM: Final = "text/event-stream"


class _Clock:
    """Maps the kernel's wall clock to the monotonic one. Read again each second: clocks are set."""

    def __init__(self) -> None:
        self.offset_ns = 0
        self.read()

    def read(self) -> None:
        # The narrowest of a few readings: one that was interrupted would shift a second of stamps.
        readings = [(perf_counter_ns(), time_ns(), perf_counter_ns()) for _ in range(8)]
        before, wall, after = min(readings, key=lambda one: one[2] - one[0])
        self.offset_ns = wall - (before + after) // 2


CLOCK: Final = _Clock()


class Connection:
    """Carries one flight at a time. `on_end` is called when it is over, with self."""

    __slots__ = (
        "_body", "_decoder", "_fed", "_incoming", "_loop", "_outgoing", "_parser", "_pending",
        "_recv", "_request", "_sized", "_tls", "_watcher", "_writer", "address", "at_ns",
        "body_size", "closed", "connected", "connecting_ns", "flight", "flights", "kernel",
        "on_end", "reusable", "sock",
    )  # fmt: skip

    def __init__(self, address: "Address", on_end: Callable[["Connection"], None], *, kernel: bool) -> None:  # fmt: skip
        self.address = address
        self.on_end = on_end
        self.flight: Flight | None = None
        self.flights = 0
        self.closed = self.connected = False
        self.reusable = True
        self.kernel = kernel and address.tls is None
        self.at_ns = self.connecting_ns = self.body_size = 0
        self._body: list[bytes] = []
        self._decoder: Decoder | None = None
        self._fed = False
        self._sized = False
        self._pending = b""  # for the socket, once it takes more
        self._request = b""  # waits for the connection
        self._tls: ssl.SSLObject | None = None
        self._loop = get_hub().loop
        self._watcher: Any = None
        self._writer: Any = None
        self._parser: Any = httptools.HttpResponseParser(self)
        self.sock: Any = None

    def start(self, flight: Flight, data: bytes) -> None:
        """Send a request; connects first when there is no connection yet."""
        self.flight = flight
        self.flights += 1
        self._request = data
        self._fed = False
        if self.connected:
            self._send()
            return
        self.connecting_ns = perf_counter_ns()
        try:
            self._connect()
        except OSError as error:
            self._fail(Outcome.CONNECT_ERROR, _reason(error))

    def close(self) -> None:
        """Let go of the connection; a flight on it is not told."""
        if self.closed:
            return
        self.closed = True
        for watcher in (self._watcher, self._writer):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        self._watcher = self._writer = None
        if self.sock is not None:
            self.sock.close()
        # llhttp's parser holds our bound methods: without this the two would live until a collection.
        self._parser = None

    def abandon(self, outcome: Outcome, detail: str) -> None:
        """End the flight from outside: a time-out, or the end of the run."""
        if self.flight is not None:
            self._fail(outcome, detail)

    # Connecting and writing.

    def _connect(self) -> None:
        self.sock = _socket(self.address.family, _STREAM, _TCP)
        self.sock.setblocking(False)
        self.sock.setsockopt(_TCP, _NODELAY, 1)
        if self.kernel:
            try:
                self.sock.setsockopt(_SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            except OSError:
                self.kernel = False
        code = self.sock.connect_ex(self.address.place)
        if code not in {0, errno.EINPROGRESS}:
            raise OSError(code, os.strerror(code))
        self._writer = self._loop.io(self.sock.fileno(), WRITE)
        self._writer.start(self._connectable)

    def _connectable(self) -> None:
        self._writer.stop()
        code = self.sock.getsockopt(_SOL_SOCKET, _SO_ERROR)
        if code:
            self._fail(Outcome.CONNECT_ERROR, os.strerror(code))
            return
        self._recv = self.sock.recv
        self._watcher = self._loop.io(self.sock.fileno(), READ)
        if self.address.tls is None:
            self._ready()
            self._watcher.start(self._readable_stamped if self.kernel else self._readable)
            return
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = self.address.tls.wrap_bio(
            self._incoming, self._outgoing, server_hostname=self.address.name
        )
        self._watcher.start(self._readable_tls)
        self._handshake()

    def _ready(self) -> None:
        self.connected = True
        if self.flight is not None:
            self.flight.connect_ns = perf_counter_ns() - self.connecting_ns
            self._send()

    def _handshake(self) -> None:
        assert self._tls is not None
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush(self._outgoing.read())
            return
        except ssl.SSLError as error:
            self._fail(Outcome.TLS_ERROR, _reason(error))
            return
        self._flush(self._outgoing.read())
        self._ready()

    def _send(self) -> None:
        data, self._request = self._request, b""
        if self.flight is not None:
            self.flight.sent_ns = perf_counter_ns()
        if self._tls is not None:
            self._tls.write(data)
            data = self._outgoing.read()
        self._flush(data)

    def _flush(self, data: bytes) -> None:
        """Write now what the socket takes, the rest when it takes more."""
        if not data and not self._pending:
            return
        self._pending += data
        try:
            sent = self.sock.send(self._pending)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lost(error)
            return
        self._pending = self._pending[sent:]
        if self._pending:
            self._writer.start(self._writable)

    def _writable(self) -> None:
        self._writer.stop()
        self._flush(b"")

    # Reading.

    def _readable(self) -> None:
        try:
            data = self._recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        self.at_ns = perf_counter_ns()
        self._feed(data)

    def _readable_stamped(self) -> None:
        try:
            data, ancillary, _, _ = self.sock.recvmsg(RECEIVE, _ANCILLARY)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        if ancillary:
            seconds, rest = _stamp(ancillary[0][2])
            self.at_ns = seconds * 1_000_000_000 + rest - CLOCK.offset_ns
            flight = self.flight
            if flight is not None and flight.lag_ns < 0 and flight.headers_ns:
                flight.lag_ns = max(0, perf_counter_ns() - self.at_ns)
        else:
            self.at_ns = perf_counter_ns()
        self._feed(data)

    def _readable_tls(self) -> None:
        assert self._tls is not None
        try:
            data = self._recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        self.at_ns = perf_counter_ns()
        if not data:
            self._feed(b"")
            return
        self._incoming.write(data)
        if not self.connected:
            self._handshake()
            if not self.connected:
                return
        plain = []
        try:
            while self._incoming.pending or self._tls.pending():
                piece = self._tls.read(RECEIVE)
                if not piece:
                    break
                plain.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._fail(Outcome.TLS_ERROR, _reason(error))
            return
        if plain:
            self._feed(b"".join(plain))

    def _feed(self, data: bytes) -> None:
        flight = self.flight
        if flight is None:
            # Closed or spoken to while idle: no connection to use again.
            self.close()
            return
        if not data:
            self._ended()
            return
        flight.last_ns = self.at_ns
        flight.received_bytes += len(data)
        self._fed = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if self.flight is flight:
                self._fail(Outcome.PARSE_ERROR, f"HTTP: {error}")
            else:
                self.close()  # bytes after the end of the message

    # Callbacks of the HTTP parser.

    def on_message_begin(self) -> None:
        self._decoder = None
        self._body = []
        self.body_size = 0
        self._sized = False

    def on_header(self, name: bytes, value: bytes) -> None:
        flight = self.flight
        if flight is None:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        if key in {"content-length", "transfer-encoding"}:
            self._sized = True
        elif key == "content-type":
            flight.media_type = text.partition(";")[0].strip().lower()
        elif key == "retry-after":
            flight.retry_after = text[:40]
        if flight.kept is not None:
            flight.headers.append((key, text))

    def on_headers_complete(self) -> None:
        flight = self.flight
        if flight is None:
            return
        flight.status = self._parser.get_status_code()
        flight.headers_ns = self.at_ns
        if flight.status in {204, 304}:
            self._sized = True
        if flight.shot.stream and 200 <= flight.status < 300 and flight.media_type == _EVENT_STREAM:
            self._decoder = Decoder()

    def on_body(self, body: bytes) -> None:
        flight = self.flight
        if flight is None:
            return
        if flight.kept is not None:
            self._keep(flight, body)
        decoder = self._decoder
        if decoder is None:
            self.body_size += len(body)
            if self.body_size > BODY_LIMIT:
                raise ValueError("a body beyond the limit")
            self._body.append(body)
            return
        at_ns = self.at_ns
        take = flight.reader.take
        for event in decoder.feed(body):
            if not flight.first_event_ns:
                flight.first_event_ns = at_ns
            take(event.data, event.name, at_ns)

    def on_message_complete(self) -> None:
        flight = self.flight
        if flight is None or 100 <= flight.status < 200:
            return
        self.reusable = self._sized and self._parser.should_keep_alive()
        self._over(whole=True)

    # Ends.

    def _keep(self, flight: Flight, body: bytes) -> None:
        assert flight.kept is not None
        if flight.received_bytes < KEPT_BYTES:
            flight.kept.append((self.at_ns, body))

    def _ended(self) -> None:
        """The server closed. Without a length that is how a message ends."""
        flight = self.flight
        assert flight is not None
        self.reusable = False
        if flight.headers_ns and not self._sized:
            self._over(whole=True)
        elif not self._fed and self.flights > 1:
            self._again()
        else:
            where = "inside of the message" if flight.headers_ns else "before the status"
            self._over(whole=False, outcome=Outcome.TRUNCATED, detail=f"closed {where}")

    def _lost(self, error: OSError) -> None:
        flight = self.flight
        if flight is None:
            self.close()
            return
        self.reusable = False
        if not self._fed and self.flights > 1:
            self._again()
        elif not self.connected:
            self._fail(Outcome.CONNECT_ERROR, _reason(error))
        else:
            self._over(whole=False, outcome=Outcome.RESET_MID_STREAM, detail=_reason(error))

    def _again(self) -> None:
        """A connection kept alive that the server had closed already: not the request's fault."""
        flight = self.flight
        assert flight is not None
        flight.retried = True
        self.reusable = False
        self.close()
        self.on_end(self)

    def _over(self, *, whole: bool, outcome: Outcome | None = None, detail: str = "") -> None:
        """The message ended: what is left in decoder and body goes to the reader, then class it."""
        flight = self.flight
        assert flight is not None
        at_ns = perf_counter_ns() if not whole else self.at_ns
        if self._decoder is not None:
            for event in self._decoder.close():
                if readable(event):
                    flight.reader.take(event.data, event.name, at_ns)
            flight.violations |= framing(self._decoder, flight)
        elif self._body and 200 <= flight.status < 300 and not flight.shot.stream and whole:
            text = b"".join(self._body).decode("utf-8", "replace")
            flight.first_event_ns = self.at_ns
            flight.reader.take(text, "", at_ns)
        if not self._fed:
            at_ns = perf_counter_ns()
        classify(flight, at_ns, outcome, detail)
        self.on_end(self)

    def _fail(self, outcome: Outcome, detail: str) -> None:
        assert self.flight is not None
        self.reusable = False
        self.flight.end(outcome, detail, perf_counter_ns())
        self.on_end(self)


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
