"""How fast a server is, as far as it has shown, and so how long a request may take."""

from dataclasses import dataclass
from typing import Final

from wire.exchange import Ended, Exchange

LEAST_S: Final = 20.0
MOST_S: Final = 180.0
PATIENCE: Final = 1.5
"""So many times longer than expected, with every other request of the run before it."""
SLACK_S: Final = 10.0
WHOLE_S: Final = 60.0
VAIN: Final = 4
"""After so many answers that were given up, the others get only a multiple of what whole ones take."""
KNOWN: Final = 8
"""After so many whole answers the server's pace is theirs, no longer that of the first."""
FIRST_TOKENS: Final = 16
"""What the first look allows, and an answer of this run at least."""
HURRIED_S: Final = 5.0
MULTIPLE: Final = 10.0


def whole_s(silence_s: float) -> float:
    """Seconds for an answer as a whole, of which bytes may come one by one."""
    return min(MOST_S, max(WHOLE_S, 3 * silence_s))


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
    whole: int = 0
    """Whole answers since."""
    vain: int = 0
    """Answers that were given up."""

    def deadline_s(self, tokens: int) -> float:
        """Seconds without a byte after which a request with so much output is given up."""
        if self.told:
            return self.flat_s
        if self.vain >= VAIN:
            return min(self._patient_s(tokens), self._hurried_s(tokens))
        return self._patient_s(tokens)

    def whole_s(self, tokens: int) -> float:
        """Seconds after which a request with so much output is given up, whatever still comes."""
        silence_s = self.deadline_s(tokens)
        if self.told or self.first_s is None:
            return whole_s(silence_s)
        if self.vain >= VAIN:
            return silence_s
        # Many times what the answer takes is in the silence that is allowed already.
        if self.whole >= KNOWN:
            return min(MOST_S, silence_s + LEAST_S)
        return min(MOST_S, max(WHOLE_S, silence_s + MOST_S / 6))

    def alone_s(self, tokens: int, prompt_tokens: int) -> float:
        """Seconds for a request that has the server to itself, as the first answer had.

        How slow answers beside others were tells nothing of it: what comes later than this is worked on
        without end. Reading a token of a prompt takes no longer than writing one.
        """
        patient_s = self.deadline_s(tokens)
        if self.told or self.first_s is None:
            return patient_s
        expected = self.first_s + (tokens + prompt_tokens) * self.token_s
        return min(patient_s, max(LEAST_S, SLACK_S + 2 * PATIENCE * expected))

    def _patient_s(self, tokens: int) -> float:
        if self.first_s is None:
            return self.flat_s
        if self.whole >= KNOWN:
            # The first answer may have been slow for reasons of its own: a model was loaded.
            queued = SLACK_S + PATIENCE * self.slowest_s + self._written_s(tokens)
        else:
            expected = self.first_s + tokens * self.token_s
            queued = SLACK_S + PATIENCE * (self.concurrency + 1) * expected
        return min(max(LEAST_S, queued, 3 * self.slowest_s), max(MOST_S, self.flat_s))

    def _hurried_s(self, tokens: int) -> float:
        """What is left to a server that lets some answers hang: still far more than its others take."""
        if self.vain >= 4 * VAIN:
            return max(HURRIED_S / 2, MULTIPLE / 3 * self.slowest_s, self._written_s(tokens) / 2)
        return max(HURRIED_S, MULTIPLE * self.slowest_s, self._written_s(tokens))

    def _written_s(self, tokens: int) -> float:
        """What so much output takes beside other requests, by the slowest answer and the first."""
        token_s = min(self.token_s, self.slowest_s / FIRST_TOKENS) if self.whole else self.token_s
        return PATIENCE * (self.concurrency + 1) * tokens * token_s

    def begin(self, first_s: float, tokens: int) -> None:
        """Learn from the first answer, which had the server to itself."""
        self.first_s = first_s
        self.token_s = first_s / max(1, tokens)

    def record(self, exchange: Exchange) -> None:
        """Learn from an answer: a server under load is slower than a server alone."""
        ended, total_s = exchange.connection.ended, (exchange.connection.total_ms or 0.0) / 1000
        if ended is Ended.COMPLETE and exchange.reply.status:
            self.whole += 1
            self.slowest_s = max(self.slowest_s, total_s)
        elif ended is Ended.TIMEOUT or total_s > max(LEAST_S, self._hurried_s(0)):
            self.vain += 1
