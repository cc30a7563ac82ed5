"""One connection to the target, driven by the event loop without a greenlet.

Theory of operation. One persistent io watcher a connection calls `_readable` in the hub: one recv, one
monotonic stamp before anything is parsed, then llhttp, the SSE decoder and the arrival's reader, all
in that call. Between arrivals the watcher stays, so a connection that the server closes is known
at once. Where the kernel stamps received bytes (Linux, no TLS), its stamp is taken instead of ours and
the difference is kept as the client's own lag. Once a stream has begun, its usual pieces are only
stamped and gathered, see `load.transport.batched_events`, and read a few at a time. Nothing here switches greenlets.
"""

import errno
import struct
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final

import httptools

from load.measure.outcome import Outcome, of_status
from load.transport.batched_events import BATCH, EVENT_END
from load.transport.classification import classify
from load.transport.clock import CLOCK
from load.transport.http_response import HttpResponse
from load.transport.nonblocking_socket import NonblockingSocket
from load.transport.reader import DETAIL
from load.transport.request import Arrival

if TYPE_CHECKING:
    from load.transport.target import Address

RECEIVE: Final = 8192  # thirty events; a larger buffer would be made and cut down for each of them
_ANCILLARY: Final = 64
RESPONSE_LIMIT: Final = 64 * 2**20  # bytes of one response
# What this machine has run out of says nothing about the server.
OWN_LIMITS: Final = frozenset({
    errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN, errno.EPERM,
})  # fmt: skip
_stamp: Final = struct.Struct("qq").unpack


class Connection(NonblockingSocket):
    """Carries one arrival at a time. `on_end` is called when it is over, with self."""

    __slots__ = (
        "_batch",
        "_batching",
        "_outgoing",
        "_recvmsg",
        "_response",
        "_stamps",
        "arrival",
        "arrivals",
        "connected",
        "connecting_ns",
        "fed",
        "on_end",
        "reusable",
    )  # fmt: skip

    def __init__(
        self, address: "Address", on_end: Callable[["Connection"], None], *, kernel: bool
    ) -> None:
        super().__init__(address, kernel=kernel)
        self.on_end = on_end
        self.arrival: Arrival | None = None
        self.arrivals = 0
        self.connected = False
        self.reusable = True
        self.fed = False  # whether anything came for this arrival
        self.connecting_ns = 0
        self._batching = False  # whether pieces of the usual form may wait
        self._batch: list[bytes] = []
        self._stamps: list[int] = []  # of the batch
        self._outgoing = b""  # waits for the connection
        self._response = HttpResponse()

    @property
    def heard_ns(self) -> int:
        """When the last bytes for the arrival came."""
        if self._stamps:
            return self._stamps[-1]
        return 0 if self.arrival is None else self.arrival.last_ns

    def batch_waits(self, age_ns: int, now_ns: int) -> bool:
        """Whether something waits, and nothing came for so long."""
        return bool(self._stamps) and now_ns - self._stamps[-1] > age_ns

    def start(self, arrival: Arrival, data: bytes) -> None:
        """Send a request; connects first when there is no connection yet."""
        self.arrival = arrival
        self.arrivals += 1
        self.fed = self._batching = False
        self._response.begin(arrival)
        self._outgoing = data
        if self.connected:
            self._send()
            return
        self.connecting_ns = perf_counter_ns()
        try:
            self._connect()
        except OSError as error:
            ours = error.errno in OWN_LIMITS
            self._fail(Outcome.CLIENT_ERROR if ours else Outcome.CONNECT_ERROR, reason(error))

    def close(self) -> None:
        """Let go of the connection; an arrival on it is not told."""
        if not self.closed:
            super().close()
            self._response.close()

    def abandon(self, outcome: Outcome, detail: str) -> None:
        """End the arrival from outside: a time-out, or the end of the run."""
        self.read_batch()
        if self.arrival is not None:
            self._fail(outcome, detail)

    def read_batch(self) -> None:
        """Read the batch: all together, or one by one where a piece is not of the usual form."""
        if not self._batch:
            return
        pieces, stamps = self._batch, self._stamps
        self._batch, self._stamps = [], []
        arrival = self.arrival
        try:
            if self._response.take_batch(pieces, stamps):
                if arrival is not None and arrival.received_bytes > RESPONSE_LIMIT:
                    self._too_large()
                return
        except Exception as error:  # noqa: BLE001 - whatever came, the arrival has one outcome
            self._broken_here(error)
            return
        for data, at_ns in zip(pieces, stamps, strict=True):
            if self.arrival is arrival:
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
        if self.arrival is not None:
            self.arrival.connect_ns = perf_counter_ns() - self.connecting_ns
            self._send()

    def _send(self) -> None:
        data, self._outgoing = self._outgoing, b""
        if self.arrival is not None:
            self.arrival.sent_ns = perf_counter_ns()
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
        if self._batching and data[-4:] == EVENT_END:
            self._batch.append(data)
            self._stamps.append(at_ns)
            if len(self._batch) >= BATCH:
                self.read_batch()
            return
        arrival = self.arrival
        if ancillary and arrival is not None and arrival.lag_ns < 0:
            arrival.lag_ns = max(0, perf_counter_ns() - at_ns)
        self._take(data, at_ns)

    def _take(self, data: bytes, at_ns: int) -> None:
        """What was received, behind the batch."""
        self.read_batch()
        self._feed(data, at_ns)

    def _feed(self, data: bytes, at_ns: int) -> None:
        arrival = self.arrival
        if arrival is None:
            # Closed or spoken to while idle: no connection to use again.
            self.close()
            return
        if not data:
            self._ended()
            return
        arrival.last_ns = at_ns
        arrival.received_bytes += len(data)
        self.fed = True
        response = self._response
        try:
            response.feed(data, at_ns)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            response.keep_alive = False  # bytes after a whole message, or no message at all
            if not response.whole:
                self._unreadable(error)
                return
        except Exception as error:  # noqa: BLE001 - whatever came, the arrival has one outcome
            self._broken_here(error)
            return
        if response.whole:
            self._over()
        elif arrival.received_bytes > RESPONSE_LIMIT:
            self._too_large()
        else:
            self._batching = data[-4:] == EVENT_END and response.batchable

    # Ends.

    def _ended(self) -> None:
        """The server closed. Without a length that is how a message ends."""
        arrival = self.arrival
        assert arrival is not None
        if arrival.headers_ns and not self._response.sized:
            self._response.whole = True
            self._over()
        elif not self.fed and self.arrivals > 1:
            self._again()
        elif not self.connected:
            self._fail(Outcome.TLS_ERROR, "closed during the handshake")
        else:
            where = "inside of the message" if arrival.headers_ns else "before the status"
            self._over(Outcome.TRUNCATED, f"closed {where}")

    def _lost(self, error: OSError) -> None:
        self.read_batch()
        if self.arrival is None:
            self.close()
        elif not self.fed and self.arrivals > 1:
            self._again()
        elif not self.connected:
            self._fail(Outcome.CONNECT_ERROR, reason(error))
        else:
            self._over(Outcome.RESET_MID_STREAM, reason(error))

    def _again(self) -> None:
        """A connection kept alive that the server had closed already: not the request's fault."""
        assert self.arrival is not None
        self.arrival.retried = True
        self.reusable = False
        self.close()
        self.on_end(self)

    def _over(self, outcome: Outcome | None = None, detail: str = "") -> None:
        """The message ended, whole or by `outcome`: class the arrival."""
        arrival, response = self.arrival, self._response
        assert arrival is not None
        at_ns = response.at_ns if outcome is None and self.fed else perf_counter_ns()
        self.reusable = outcome is None and response.keep_alive
        self._batching = False
        try:
            response.finish(at_ns)
            classify(arrival, at_ns, outcome, detail)
        except (ValueError, RecursionError) as error:
            arrival.violations.clear()
            arrival.fail_here(error, at_ns)
            arrival.outcome = Outcome.PARSE_ERROR  # numbers or depths that nobody can read
        except Exception as error:  # noqa: BLE001 - whatever came, the arrival has one outcome
            arrival.fail_here(error, at_ns)
        self.on_end(self)

    def _unreadable(self, error: Exception) -> None:
        """No HTTP, or more of it than is read; a status that refuses has said enough."""
        arrival = self.arrival
        assert arrival is not None
        refused = of_status(arrival.status) if arrival.headers_ns else None
        if isinstance(error, httptools.HttpParserUpgrade):
            self._fail(Outcome.PARSE_ERROR, "HTTP 101: the protocol changes, though nobody asked")
        elif refused is not None:
            self._fail(refused, f"HTTP {arrival.status}, and then: {_said(error)}")
        else:
            self._fail(Outcome.PARSE_ERROR, f"HTTP: {_said(error)}")

    def _too_large(self) -> None:
        self._fail(Outcome.PARSE_ERROR, f"an answer of more than {RESPONSE_LIMIT // 2**20} MB")

    def _broken_here(self, error: Exception) -> None:
        """An error of this client."""
        self.reusable = self._batching = False
        if self.arrival is not None:
            self.arrival.fail_here(error, perf_counter_ns())
            self.on_end(self)

    def _fail(self, outcome: Outcome, detail: str) -> None:
        assert self.arrival is not None
        self.reusable = self._batching = False
        try:
            self.arrival.end(outcome, detail, perf_counter_ns())
        except Exception as error:  # noqa: BLE001 - whatever came, the arrival has one outcome
            self.arrival.fail_here(error, perf_counter_ns())
        self.on_end(self)


def _said(error: BaseException) -> str:
    """What the parser says; of an error in a callback, what that said."""
    inner = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else None
    return str(inner or error)[:DETAIL]


def reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
