"""Connections of a client that hangs up in the middle of a stream, as users do who have read enough."""

from load.measure.outcome import Outcome
from load.transport.connection import Connection


def hanging_up(kind: type[Connection], after: int) -> type[Connection]:
    """The same connection, closed after so many events with content, each of which is read at once."""

    class HangingUp(kind):  # type: ignore[valid-type, misc]
        __slots__ = ()

        def _feed(self, data: bytes, at_ns: int) -> None:
            arrival = self.arrival
            super()._feed(data, at_ns)
            self._batching = False  # type: ignore[misc] # what waits to be read cannot be counted
            if arrival is None or self.arrival is not arrival or arrival.outcome is not None:
                return
            stamps = arrival.reader.stamps
            if arrival.request.stream and len(stamps) >= after:
                self.reusable = False  # type: ignore[misc]
                arrival.violations |= arrival.reader.seen
                arrival.end(Outcome.STOPPED, f"hung up after {len(stamps)} chunks", at_ns)
                self.on_end(self)

    return HangingUp
