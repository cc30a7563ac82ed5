"""How fast a server is, as far as it has shown, and so how long a request may take."""

from dataclasses import dataclass
from typing import Final

from wire.exchange import Exchange

LEAST_S: Final = 20.0
MOST_S: Final = 180.0
PATIENCE: Final = 1.5
"""So many times longer than expected, with every other request of the run before it."""
SLACK_S: Final = 10.0


@dataclass
class Pace:
    """Deadlines that follow from what was seen. Without anything seen, or when told so, they are flat."""

    flat_s: float = 60.0
    concurrency: int = 8
    told: bool = False
    """The user gave the time himself; nothing is derived."""
    first_s: float | None = None
    """Seconds for the first answer of the run, with nothing beside it."""
    token_s: float = 0.0
    """Seconds for each token of it."""
    slowest_s: float = 0.0
    """The slowest whole answer since."""

    def deadline_s(self, tokens: int) -> float:
        """Seconds without a byte after which a request with so much output is given up."""
        if self.told or self.first_s is None:
            return self.flat_s
        expected = self.first_s + tokens * self.token_s
        queued = SLACK_S + PATIENCE * (self.concurrency + 1) * expected
        return min(max(LEAST_S, queued, 3 * self.slowest_s), max(MOST_S, self.flat_s))

    def begin(self, first_s: float, tokens: int) -> None:
        """Learn from the first answer, which had the server to itself."""
        self.first_s = first_s
        self.token_s = first_s / max(1, tokens)

    def record(self, exchange: Exchange) -> None:
        """Learn from an answer: a server under load is slower than a server alone."""
        if exchange.reply.status and exchange.connection.total_ms is not None:
            self.slowest_s = max(self.slowest_s, exchange.connection.total_ms / 1000)
