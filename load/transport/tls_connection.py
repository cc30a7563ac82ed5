"""A connection under TLS: its bytes pass `load.transport.tls` on the way in and out."""

import ssl
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING

from load.measure.outcome import Outcome
from load.transport.batched_events import BATCH, EVENT_END
from load.transport.connection import RECEIVE, Connection, reason
from load.transport.tls import TlsSession

if TYPE_CHECKING:
    from load.transport.target import Address


class TlsConnection(Connection):
    """What the kernel stamps are records, not events: stamps are ours here."""

    __slots__ = ("_tls",)

    def __init__(
        self,
        address: "Address",
        on_end: Callable[[Connection], None],
        *,
        kernel: bool,  # noqa: ARG002
    ) -> None:
        super().__init__(address, on_end, kernel=False)
        self._tls: TlsSession | None = None

    def _open(self) -> None:
        assert self.address.tls is not None
        self._tls = TlsSession(self.address.tls, self.address.name)
        self._watcher.start(self._readable)
        self._handshake(self._tls)

    def _handshake(self, tls: TlsSession) -> None:
        try:
            self._flush(tls.handshake())
        except ssl.SSLError as error:
            self._fail(Outcome.TLS_ERROR, reason(error))
            return
        if tls.ready and not self.closed:
            self._ready()

    def _write(self, data: bytes) -> None:
        assert self._tls is not None
        self._flush(self._tls.write(data))

    def _readable(self) -> None:
        try:
            data = self._sock.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        at_ns = perf_counter_ns()
        tls = self._tls
        assert tls is not None
        if not data:
            self._take(b"", at_ns)
            return
        tls.take(data)
        if not self.connected:
            self._handshake(tls)
        if self.closed or not self.connected:
            return
        try:
            plain = tls.read()
        except ssl.SSLError as error:
            self._broken(error)
            return
        if self._batching and plain[-4:] == EVENT_END:
            self._batch.append(plain)
            self._stamps.append(at_ns)
            if len(self._batch) >= BATCH:
                self.read_batch()
        elif plain:
            self._take(plain, at_ns)

    def _broken(self, error: ssl.SSLError) -> None:
        self.read_batch()
        if self.arrival is None:
            self.close()
        else:
            self._fail(Outcome.TLS_ERROR, reason(error))
