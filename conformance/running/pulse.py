"""Whether the server still answers: one cheap request after a silence, and one wait for its return."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from conformance.running.probe import Handling, Probe, get
from wire.exchange import Ended, Exchange, Request

CHECK_S: Final = 10.0
"""So long the cheap request may take."""
RETURN_S: Final = 40.0
"""So long a server may be away before it counts as lost."""
POLL_S: Final = 2.0
OUTAGES: Final = 3
"""A server that was away so often is lost at the next silence."""
MARK: Final = ("x-conformance-alive", "1")
ALIVE: Final = Probe(
    "http.alive",
    lambda _: get("/models", MARK),
    per_model=False,
    output_tokens=0,
    alone=True,
    retry=False,
    handling=Handling(timeout_s=CHECK_S, whole_s=CHECK_S, fresh=True),
)
LOST: Final = "http.lost"
"""The name under which the request stands after which the server was silent."""
SILENT: Final = frozenset({Ended.TIMEOUT, Ended.FAILED, Ended.CUT, Ended.RESET})


def silent(exchange: Exchange) -> bool:
    """Nothing came back, not even a status."""
    return not exchange.reply.status and exchange.connection.ended in SILENT


class Pulse:
    """Watches what is in flight. Many requests may find silence at once; one of them looks."""

    def __init__(
        self,
        send: Callable[[Probe, Request], Coroutine[Any, Any, Exchange]],
        wait: Callable[[float], Coroutine[Any, Any, None]],
    ) -> None:
        self._send = send
        self._wait = wait
        self._looking = asyncio.Lock()
        self._numbers = 0
        self._answered = 0
        self._open: dict[int, tuple[Probe, Request, str]] = {}
        self._checked_at = -1
        self._outages = 0
        self.lost: tuple[Probe, Request, str] | None = None
        """Probe, request and model after which nothing came any more."""
        self.beside: tuple[str, ...] = ()
        """Probes that were in flight with it."""

    @property
    def in_flight(self) -> int:
        return len(self._open)

    def sent(self, probe: Probe, request: Request, model: str) -> int:
        """A number for a request that goes out now."""
        self._numbers += 1
        self._open[self._numbers] = (probe, request, model)
        return self._numbers

    async def came(self, number: int, exchange: Exchange) -> bool:
        """What became of a request. After a silence this returns when the server is back, or lost.

        True: the server was away meanwhile, so the silence says nothing of this request.
        """
        if not silent(exchange):
            self._open.pop(number, None)
            self._answered += 1
            return False
        seen, outages = self._answered, self._outages
        async with self._looking:
            # Meanwhile somebody else was answered, or has looked: the server is there.
            if self.lost is None and self._answered == seen and self._checked_at != seen:
                await self._look()
        if self.lost is None:
            self._open.pop(number, None)
        return self._outages > outages

    async def _look(self) -> None:
        waited = 0.0
        while self._outages < OUTAGES:
            exchange = await self._send(ALIVE, get("/models", MARK))
            if not silent(exchange):
                self._checked_at = self._answered
                self._outages += waited > 0
                return
            if exchange.connection.ended is Ended.TIMEOUT:
                waited += CHECK_S
            if waited >= RETURN_S:
                break
            await self._wait(POLL_S)
            waited += POLL_S
        first, *others = self._open.values()
        self.lost = first
        self.beside = tuple(dict.fromkeys(probe.name for probe, _, _ in others))
