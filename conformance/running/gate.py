"""How many requests are under way at once: fewer where the server says that it is too many."""

import asyncio
from types import TracebackType
from typing import Final, Self

from conformance.running.probe import Probe
from wire.exchange import Exchange

TOO_MANY: Final = frozenset({429, 503, 529})
CALM: Final = 20
"""So many answers without such a word, and one more may be under way again."""


class Gate:
    """Lets so many in at once; halves the number when a server says "too many", and mends it slowly."""

    def __init__(self, most: int) -> None:
        self.most = self.width = most
        self._inside = 0
        self._calm = 0
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        async with self._changed:
            await self._changed.wait_for(lambda: self._inside < self.width)
            self._inside += 1
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        async with self._changed:
            self._inside -= 1
            # As many as there is room for: to wake all that wait would cost more than they send.
            self._changed.notify(max(self.width - self._inside, 0))

    def came(self, probe: Probe, exchange: Exchange) -> None:
        """An answer, after all its tries. A refusal that a probe is there to bring says nothing of load."""
        statuses = {attempt.status for attempt in exchange.attempts} | {exchange.reply.status}
        if statuses & (TOO_MANY - probe.asks_for) and probe.key == "main":
            self.width, self._calm = max(1, self.width // 2), 0
        elif self.width < self.most:
            self._calm += 1
            if self._calm >= CALM:
                self.width, self._calm = self.width + 1, 0
