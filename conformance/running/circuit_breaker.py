"""A circuit breaker: when answers are given up again and again, no more is sent; to a path, or at all."""

from collections import Counter
from typing import Final

from wire.exchange import Ended, Exchange, Request

UNANSWERED: Final = 16
"""So many requests in a row without a whole answer, and no more are sent to that path."""
UNANSWERED_ANYWHERE: Final = 24
"""So many in a row whatever the path, and no more are sent at all."""
VAIN_S: Final = 60.0
"""So long may a run wait for answers that it gives up, when that is most of its time."""
SLOW_S: Final = 3.0
"""What is given up sooner costs no time worth the name."""
GIVEN_UP: Final = frozenset({Ended.TIMEOUT, Ended.LIMIT, Ended.ABORTED})


class CircuitBreaker:
    """Counts the requests since the last answer that was not given up, and the time that went to them."""

    def __init__(self) -> None:
        self._silent: Counter[str] = Counter()
        self._anywhere = 0
        self._vain_s = 0.0

    def open_because(self, request: Request, elapsed_s: float = 0.0) -> str:
        """Why this request is not worth sending, or nothing. `elapsed_s`: since the run began to send."""
        path = request.path.partition("?")[0]
        if self._anywhere >= UNANSWERED_ANYWHERE:
            return f"the server no longer gives whole answers: {UNANSWERED_ANYWHERE} requests in a row got none"
        if self._vain_s > VAIN_S and self._vain_s > elapsed_s / 2:
            return (
                f"{self._vain_s:.0f} of {elapsed_s:.0f} s went to answers that did not come to an end: "
                "no more is sent (--timeout says how long to wait)"
            )
        if self._silent[path] < UNANSWERED:
            return ""
        return f"{path} no longer answers: {UNANSWERED} requests in a row got no whole answer"

    def record(self, exchange: Exchange, beside: int = 1) -> None:
        """What became of a request; `beside`: so many were in flight with it, itself among them."""
        path = exchange.request.path.partition("?")[0]
        ended, total_s = exchange.connection.ended, (exchange.connection.total_ms or 0.0) / 1000
        if ended in GIVEN_UP and total_s > SLOW_S:
            self._vain_s += total_s / max(1, beside)
        if ended in {Ended.TIMEOUT, Ended.LIMIT} or (
            ended is Ended.FAILED and not exchange.reply.status
        ):
            self._silent[path] += 1
            self._anywhere += 1
        else:
            self._silent[path] = self._anywhere = 0
