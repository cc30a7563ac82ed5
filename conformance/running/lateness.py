"""How late our own event loop was: a machine that is busy sees things arrive later than they came."""

import asyncio
import time
from collections import deque
from typing import Final

TICK_S: Final = 0.01
KEPT: Final = 60_000
"""So many late ticks are remembered, the newest."""


class Lateness:
    """A clockwork beside the traffic. `since` tells the latest tick from a moment on."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque(maxlen=KEPT)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.ensure_future(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            due = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            if now - due > TICK_S / 5:
                self._late.append((now, (now - due) * 1000))

    def since(self, start: float) -> float | None:
        """Milliseconds that the loop was late at most since `start` (perf_counter); None unmeasured."""
        if self._task is None:
            return None
        worst = 0.0
        for at, late_ms in reversed(self._late):
            if at < start:
                break
            worst = max(worst, late_ms)
        return round(worst, 1)
