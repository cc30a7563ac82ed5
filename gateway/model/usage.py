"""Token counts of one answer, in the words that both endpoints share."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """Cached and cache-write tokens are inside `prompt`; reasoning tokens are inside `completion`."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        return self.prompt + self.completion
