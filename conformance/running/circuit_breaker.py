"""How long a path that has fallen silent is still asked: a dead worker must not cost an hour."""

from collections import Counter
from typing import Final

from wire.exchange import Ended, Exchange, Request

SILENT: Final = 16
"""So many requests in a row without an answer, and no more are sent to that path."""


class Patience:
    """Counts, a path, the requests since the last answer of any kind."""

    def __init__(self) -> None:
        self._silent: Counter[str] = Counter()

    def spent(self, request: Request) -> str:
        """Why this request is not worth sending, or nothing."""
        path = request.path.partition("?")[0]
        if self._silent[path] < SILENT:
            return ""
        return f"{path} no longer answers: {SILENT} requests in a row got nothing"

    def heard(self, exchange: Exchange) -> None:
        path = exchange.request.path.partition("?")[0]
        nothing = not exchange.reply.status
        if nothing and exchange.connection.ended in {Ended.TIMEOUT, Ended.FAILED}:
            self._silent[path] += 1
        else:
            self._silent[path] = 0
