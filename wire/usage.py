"""What an answer says it used, in one shape for both endpoints."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them. None: not said, or not a whole number."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None  # of the prompt, read from the cache
    cache_write_tokens: int | None = None  # of the prompt, written to the cache
    reasoning_tokens: int | None = None  # of the completion

    @classmethod
    def of(cls, usage: object) -> Self | None:
        """Read the `usage` object of chat or Responses; None when there is no such object."""
        if not isinstance(usage, dict):
            return None
        prompt_details = _details(usage, "prompt_tokens_details", "input_tokens_details")
        completion_details = _details(usage, "completion_tokens_details", "output_tokens_details")
        return cls(
            prompt_tokens=_count(usage, "prompt_tokens", "input_tokens"),
            completion_tokens=_count(usage, "completion_tokens", "output_tokens"),
            total_tokens=_count(usage, "total_tokens"),
            cached_tokens=_count(prompt_details, "cached_tokens"),
            cache_write_tokens=_count(prompt_details, "cache_write_tokens"),
            reasoning_tokens=_count(completion_details, "reasoning_tokens"),
        )


def _details(usage: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        found = usage.get(name)
        if isinstance(found, dict):
            return found
    return {}


def _count(usage: dict[str, Any], *names: str) -> int | None:
    for name in names:
        found = usage.get(name)
        if type(found) is int:
            return found
    return None
