"""A connection under TLS: its bytes pass `load.transport.tls` on the way in and out."""

import ssl
from collections.abc import Callable
from time import perf_counter_ns
from typing import TYPE_CHECKING

from load.measure.outcome import Outcome
from load.transport.batched_events import EVENT_END, TOGETHER
from load.transport.connection import RECEIVE, Connection, reason
from load.transport.tls import Secured

if TYPE_CHECKING:
    from load.transport.target import Address


class SecuredConnection(Connection):
    """What the kernel stamps are records, not events: stamps are ours here."""

    __slots__ = ("_secured",)

    def __init__(
        self,
        address: "Address",
        on_end: Callable[[Connection], None],
        *,
        kernel: bool,  # noqa: ARG002
    ) -> None:
        super().__init__(address, on_end, kernel=False)
        self._secured: Secured | None = None

    def _open(self) -> None:
        assert self.address.tls is not None
        self._secured = Secured(self.address.tls, self.address.name)
        self._watcher.start(self._readable)
        self._handshake(self._secured)

    def _handshake(self, secured: Secured) -> None:
        try:
            self._flush(secured.handshake())
        except ssl.SSLError as error:
            self._fail(Outcome.TLS_ERROR, reason(error))
            return
        if secured.ready and not self.closed:
            self._ready()

    def _write(self, data: bytes) -> None:
        assert self._secured is not None
        self._flush(self._secured.write(data))

    def _readable(self) -> None:
        try:
            data = self._sock.recv(RECEIVE)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error)
            return
        at_ns = perf_counter_ns()
        secured = self._secured
        assert secured is not None
        if not data:
            self._take(b"", at_ns)
            return
        secured.take(data)
        if not self.connected:
            self._handshake(secured)
        if self.closed or not self.connected:
            return
        try:
            plain = secured.read()
        except ssl.SSLError as error:
            self._broken(error)
            return
        if self._holding and plain[-4:] == EVENT_END:
            self._held.append(plain)
            self._stamps.append(at_ns)
            if len(self._held) >= TOGETHER:
                self.read_held()
        elif plain:
            self._take(plain, at_ns)

    def _broken(self, error: ssl.SSLError) -> None:
        self.read_held()
        if self.flight is None:
            self.close()
        else:
            self._fail(Outcome.TLS_ERROR, reason(error))
