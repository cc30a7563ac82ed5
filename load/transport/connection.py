"""One connection to the target, driven by the event loop without a greenlet.

Theory of operation. One persistent io watcher a connection calls `_readable` in the hub: one recv, one
monotonic stamp before anything is parsed, then llhttp, the SSE decoder and the flight's reader, all
in that call. Between flights the watcher stays, so a connection that the server closes is known
at once. Where the kernel stamps received bytes (Linux, no TLS), its stamp is taken instead of ours and
the difference is kept as the client's own lag. Once a stream has begun, its usual pieces are only
stamped and held, see `load.transport.batched_events`, and read a few at a time. Nothing here switches greenlets.
"""

import struct
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

import httptools

from load.measure.outcome import Outcome
from load.transport.batched_events import EVENT_END, TOGETHER
from load.transport.classification import classify
from load.transport.clock import CLOCK
from load.transport.http_response import Reply
from load.transport.nonblocking_socket import Link
from load.transport.request import Flight

if TYPE_CHECKING:
    from load.transport.target import Address

RECEIVE: Final = 8192  # thirty events; a larger buffer would be made and cut down for each of them
_ANCILLARY: Final = 64
_stamp: Final = struct.Struct("qq").unpack


class Connection(Link):
    """Carries one flight at a time. `on_end` is called when it is over, with self."""

    __slots__ = (
        "_held", "_holding", "_recvmsg", "_reply", "_request", "_stamps", "connected",
        "connecting_ns", "fed", "flight", "flights", "on_end", "reusable",
    )  # fmt: skip

    def __init__(
        self, address: "Address", on_end: Callable[["Connection"], None], *, kernel: bool
    ) -> None:
        super().__init__(address, kernel=kernel)
        self.on_end = on_end
        self.flight: Flight | None = None
        self.flights = 0
        self.connected = False
        self.reusable = True
        self.fed = False  # whether anything came for this flight
        self.connecting_ns = 0
        self._holding = False  # whether pieces of the usual form may wait
        self._held: list[bytes] = []
        self._stamps: list[int] = []  # of what is held
        self._request = b""  # waits for the connection
        self._reply = Reply()

    @property
    def heard_ns(self) -> int:
        """When the last bytes for the flight came."""
        if self._stamps:
            return self._stamps[-1]
        return 0 if self.flight is None else self.flight.last_ns

    def held_since(self, age_ns: int, now_ns: int) -> bool:
        """Whether something is held, and nothing came for so long."""
        return bool(self._stamps) and now_ns - self._stamps[-1] > age_ns

    def start(self, flight: Flight, data: bytes) -> None:
        """Send a request; connects first when there is no connection yet."""
        self.flight = flight
        self.flights += 1
        self.fed = self._holding = False
        self._reply.begin(flight)
        self._request = data
        if self.connected:
            self._send()
            return
        self.connecting_ns = perf_counter_ns()
        try:
            self._connect()
        except OSError as error:
            self._fail(Outcome.CONNECT_ERROR, reason(error))

    def close(self) -> None:
        """Let go of the connection; a flight on it is not told."""
        if not self.closed:
            super().close()
            self._reply.close()

    def abandon(self, outcome: Outcome, detail: str) -> None:
        """End the flight from outside: a time-out, or the end of the run."""
        self.read_held()
        if self.flight is not None:
            self._fail(outcome, detail)

    def read_held(self) -> None:
        """Read what is held: all together, or one by one where a piece is not of the usual form."""
        if not self._held:
            return
        pieces, stamps = self._held, self._stamps
        self._held, self._stamps = [], []
        flight = self.flight
        if self._reply.take_held(pieces, stamps):
            return
        for data, at_ns in zip(pieces, stamps, strict=True):
            if self.flight is flight:
                self._feed(data, at_ns)

    # Connected, and sending.

    def _refused(self, why: str) -> None:
        self._fail(Outcome.CONNECT_ERROR, why)

    def _open(self) -> None:
        self._recvmsg = self._sock.recvmsg
        self._ready()
        if not self.closed:
            self._watcher.start(self._readable)

    def _ready(self) -> None:
        self.connected = True
        if self.flight is not None:
            self.flight.connect_ns = perf_counter_ns() - self.connecting_ns
            self._send()

    def _send(self) -> None:
        data, self._request = self._request, b""
        if self.flight is not None:
            self.flight.sent_ns = perf_counter_ns()
        self._write(data)

    def _write(self, data: bytes) -> None:
        self._flush(data)

    # Reading.

    def _readable(self) -> None:
        try:
            data, ancillary, _, _ = self._recvmsg(RECEIVE, _ANCILLARY)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        if ancillary:
            seconds, rest = _stamp(ancillary[0][2])
            at_ns = seconds * 1_000_000_000 + rest - CLOCK.offset_ns
        else:
            at_ns = perf_counter_ns()
        if self._holding and data[-4:] == EVENT_END:
            self._held.append(data)
            self._stamps.append(at_ns)
            if len(self._held) >= TOGETHER:
                self.read_held()
            return
        flight = self.flight
        if ancillary and flight is not None and flight.lag_ns < 0:
            flight.lag_ns = max(0, perf_counter_ns() - at_ns)
        self._take(data, at_ns)

    def _take(self, data: bytes, at_ns: int) -> None:
        """What was received, behind what is held."""
        self.read_held()
        self._feed(data, at_ns)

    def _feed(self, data: bytes, at_ns: int) -> None:
        flight = self.flight
        if flight is None:
            # Closed or spoken to while idle: no connection to use again.
            self.close()
            return
        if not data:
            self._ended()
            return
        flight.last_ns = at_ns
        flight.received_bytes += len(data)
        self.fed = True
        reply = self._reply
        try:
            reply.feed(data, at_ns)
        except httptools.HttpParserError as error:
            reply.keep_alive = False  # bytes after a whole message, or no message at all
            if not reply.whole:
                self._fail(Outcome.PARSE_ERROR, f"HTTP: {error}")
                return
        if reply.whole:
            self._over()
        else:
            self._holding = data[-4:] == EVENT_END and reply.holdable

    # Ends.

    def _ended(self) -> None:
        """The server closed. Without a length that is how a message ends."""
        flight = self.flight
        assert flight is not None
        if flight.headers_ns and not self._reply.sized:
            self._reply.whole = True
            self._over()
        elif not self.fed and self.flights > 1:
            self._again()
        elif not self.connected:
            self._fail(Outcome.TLS_ERROR, "closed during the handshake")
        else:
            where = "inside of the message" if flight.headers_ns else "before the status"
            self._over(Outcome.TRUNCATED, f"closed {where}")

    def _lost(self, error: OSError) -> None:
        self.read_held()
        if self.flight is None:
            self.close()
        elif not self.fed and self.flights > 1:
            self._again()
        elif not self.connected:
            self._fail(Outcome.CONNECT_ERROR, reason(error))
        else:
            self._over(Outcome.RESET_MID_STREAM, reason(error))

    def _again(self) -> None:
        """A connection kept alive that the server had closed already: not the request's fault."""
        assert self.flight is not None
        self.flight.retried = True
        self.reusable = False
        self.close()
        self.on_end(self)

    def _over(self, outcome: Outcome | None = None, detail: str = "") -> None:
        """The message ended, whole or by `outcome`: class the flight."""
        flight, reply = self.flight, self._reply
        assert flight is not None
        at_ns = reply.at_ns if outcome is None and self.fed else perf_counter_ns()
        self.reusable = outcome is None and reply.keep_alive
        self._holding = False
        reply.finish(at_ns)
        classify(flight, at_ns, outcome, detail)
        self.on_end(self)

    def _fail(self, outcome: Outcome, detail: str) -> None:
        assert self.flight is not None
        self.reusable = self._holding = False
        self.flight.end(outcome, detail, perf_counter_ns())
        self.on_end(self)


def reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
