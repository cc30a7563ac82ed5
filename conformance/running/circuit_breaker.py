"""A circuit breaker a path: after so many requests without any answer, no more are sent to it."""

from collections import Counter
from typing import Final

from wire.exchange import Ended, Exchange, Request

UNANSWERED: Final = 16
"""So many requests in a row without an answer, and no more are sent to that path."""


class CircuitBreaker:
    """Counts, a path, the requests since the last answer of any kind."""

    def __init__(self) -> None:
        self._silent: Counter[str] = Counter()

    def open_because(self, request: Request) -> str:
        """Why this request is not worth sending, or nothing."""
        path = request.path.partition("?")[0]
        if self._silent[path] < UNANSWERED:
            return ""
        return f"{path} no longer answers: {UNANSWERED} requests in a row got nothing"

    def record(self, exchange: Exchange) -> None:
        path = exchange.request.path.partition("?")[0]
        nothing = not exchange.reply.status
        if nothing and exchange.connection.ended in {Ended.TIMEOUT, Ended.FAILED}:
            self._silent[path] += 1
        else:
            self._silent[path] = 0
