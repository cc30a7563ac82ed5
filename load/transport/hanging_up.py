"""Connections of a client that hangs up in the middle of a stream, as users do who have read enough."""

from collections.abc import Mapping

from load.measure.outcome import Outcome
from load.transport.connection import Connection


def hanging_up(kind: type[Connection], after: Mapping[str, int]) -> type[Connection]:
    """The same connection, closed after so many events with content, each of which is read at once.

    `after` is by scenario; the empty name is for all others.
    """
    others = after.get("")

    class HangingUp(kind):  # type: ignore[valid-type, misc]
        __slots__ = ()

        def _feed(self, data: bytes, at_ns: int) -> None:
            arrival = self.arrival
            super()._feed(data, at_ns)
            self._batching = False  # type: ignore[misc] # what waits to be read cannot be counted
            if arrival is None or self.arrival is not arrival or arrival.outcome is not None:
                return
            stamps = arrival.reader.stamps
            most = after.get(arrival.request.scenario, others)
            if most is not None and arrival.request.stream and len(stamps) >= most:
                self.reusable = False  # type: ignore[misc]
                arrival.violations |= arrival.reader.seen
                arrival.end(Outcome.STOPPED, f"hung up after {len(stamps)} chunks", at_ns)
                self.on_end(self)

    return HangingUp
