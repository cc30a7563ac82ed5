"""Sends arrivals over pooled connections and hears of their ends; sweeps for time-outs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Final

import gevent
from gevent.monkey import get_original

from load.measure.outcome import Outcome
from load.transport.body_reader import BodyReader, EmbeddingsReader
from load.transport.chat_reader import ChatReader
from load.transport.clock import CLOCK
from load.transport.completion_reader import CompletionReader
from load.transport.connection import Connection
from load.transport.hanging_up import hanging_up
from load.transport.reader import Reader
from load.transport.request import COMPLETIONS, EMBEDDINGS, Arrival, Request
from load.transport.responses_reader import ResponsesReader
from load.transport.target import Target
from load.transport.tls_connection import TlsConnection
from wire.endpoint import Endpoint

SWEEP_S: Final = (0.05, 0.5)  # at least and at most, between two looks for what is overdue
SWEEPS: Final = 20  # in the shortest time that is allowed for anything
STALE_NS: Final = 1_000_000_000  # a batch that waited so long is read
GATHER_FROM: Final = 100  # in flight
GATHER_S: Final = 0.001
_sleep: Final = get_original("time", "sleep")
SECOND_NS: Final = 1_000_000_000
Judge = Callable[[Arrival], str]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what may last, in seconds, and how much may be open at once."""

    connect_s: float = 10.0
    first_token_s: float = 120.0
    idle_s: float = 60.0
    total_s: float = 600.0
    in_flight: int = 20_000


def reader_of(request: Request) -> Reader:
    if request.path == EMBEDDINGS:
        return EmbeddingsReader(request.endpoint)
    if request.path == COMPLETIONS:
        return CompletionReader()
    if not request.stream:
        return BodyReader(request.endpoint)
    if request.endpoint is Endpoint.CHAT:
        return ChatReader(keep_text=True, usage=request.usage and request.usage_owed)
    return ResponsesReader(keep_text=True)


class Engine:
    """`on_done` is called with each arrival exactly once, with its outcome set."""

    def __init__(
        self,
        target: Target,
        limits: Limits,
        on_done: Callable[[Arrival], None],
        *,
        kernel: bool = True,
        stop_after: Mapping[str, int] | None = None,
    ) -> None:
        self.target = target
        self.limits = limits
        self.on_done = on_done
        self.kernel = kernel
        self.address = target.address()
        self._kind = Connection if self.address.tls is None else TlsConnection
        if stop_after:
            self._kind = hanging_up(self._kind, stop_after)
        self.in_flight: dict[Connection, Arrival] = {}
        self.connections = 0
        self._idle: list[Connection] = []
        self._heads: dict[tuple[str, bool], bytes] = {}
        self._sweeper: gevent.Greenlet | None = None
        self.next_due_ns = 0  # of the next arrival, which must not be slept over
        self._gather = gevent.get_hub().loop.prepare()
        if kernel and self.address.tls is None:
            self._gather.start(self._collect)

    def _collect(self) -> None:
        """Let some bytes come together before the next look, where the kernel has stamped them.

        Waking for each event of a thousand streams costs as much as reading it.
        """
        if len(self.in_flight) >= GATHER_FROM:
            left_s = (self.next_due_ns - perf_counter_ns()) / 1e9
            if left_s > 0:
                _sleep(min(left_s, GATHER_S))

    def send(self, arrival: Arrival) -> None:
        """Send now, or say that the client is full: never wait."""
        if not arrival.started_ns:
            arrival.started_ns = perf_counter_ns()
        if len(self.in_flight) >= self.limits.in_flight:
            arrival.end(
                Outcome.CLIENT_SATURATED, "as many in flight as allowed", arrival.started_ns
            )
            self.on_done(arrival)
            return
        if self._sweeper is None:
            self._sweeper = gevent.spawn(self._sweep)
        request = arrival.request
        kind = (request.path, request.stream)
        head = self._heads.get(kind)
        if head is None:
            method = "POST" if request.body else "GET"
            head = self._heads[kind] = self.target.head(method, request.path, stream=request.stream)
        self._put(
            arrival, b"%bContent-Length: %d\r\n\r\n%b" % (head, len(request.body), request.body)
        )

    def cut(self, judge: Judge | None = None) -> None:
        """The run is over: what is still in flight is cut, and all connections are closed.

        `judge` says of an arrival why it counts against the server; empty where it does not.
        """
        for connection, arrival in list(self.in_flight.items()):
            connection.read_batch()
            if connection not in self.in_flight:
                continue
            why = judge(arrival) if judge is not None else ""
            if why:
                connection.abandon(Outcome.UNANSWERED, why)
            else:
                connection.abandon(Outcome.CUT_BY_END, "in flight when the run ended")
        self.stop()

    def stop(self) -> None:
        if self._sweeper is not None:
            self._sweeper.kill(block=False)
            self._sweeper = None
        self._gather.stop()
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def _put(self, arrival: Arrival, data: bytes) -> None:
        # Where one kept connection was closed already, the others may be, too.
        connection = None if arrival.retried else self._idle_connection()
        if connection is None:
            connection = self._kind(self.address, self._ended, kernel=self.kernel)
            self.connections += 1
        self.in_flight[connection] = arrival
        connection.start(arrival, data)

    def _idle_connection(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        return None

    def _ended(self, connection: Connection) -> None:
        arrival = self.in_flight.pop(connection)
        connection.arrival = None
        if arrival.outcome is None:
            # The server had closed a connection that was kept alive; once more, on a new one.
            self.send(arrival)
            return
        if connection.reusable and not connection.closed:
            self._idle.append(connection)
        else:
            connection.close()
        self.on_done(arrival)

    def _sweep(self) -> None:
        limits = self.limits
        shortest_s = min(limits.connect_s, limits.first_token_s, limits.idle_s, limits.total_s)
        every_s = min(SWEEP_S[1], max(SWEEP_S[0], shortest_s / SWEEPS))
        before = read_at = perf_counter_ns()
        while True:
            gevent.sleep(every_s)
            now = perf_counter_ns()
            if now - read_at > SECOND_NS:
                CLOCK.read()
                read_at = now
            stood_still = now - before > (every_s + 0.4) * SECOND_NS
            before = now
            if stood_still:  # this process did: let it read first what came meanwhile
                continue
            for connection in [one for one in self.in_flight if one.batch_waits(STALE_NS, now)]:
                connection.read_batch()
            late = [
                (connection, outcome)
                for connection, arrival in self.in_flight.items()
                if (outcome := self._overdue(connection, arrival, now)) is not None
            ]
            for connection, outcome in late:
                if connection in self.in_flight:
                    connection.abandon(outcome, "nothing came in time")

    def _overdue(self, connection: Connection, arrival: Arrival, now: int) -> Outcome | None:
        limits = self.limits
        if not connection.connected:
            over = now - arrival.started_ns > limits.connect_s * SECOND_NS
            return Outcome.TIMEOUT_CONNECT if over else None
        if now - arrival.sent_ns > limits.total_s * SECOND_NS:
            return Outcome.TIMEOUT_TOTAL
        stamps = arrival.reader.stamps
        if not stamps:
            over = now - arrival.sent_ns > limits.first_token_s * SECOND_NS
            return Outcome.TIMEOUT_FIRST_TOKEN if over else None
        # What is read late is no gap of the server's: the last bytes count, whenever we looked.
        over = now - connection.heard_ns > limits.idle_s * SECOND_NS
        return Outcome.TIMEOUT_IDLE if over else None
