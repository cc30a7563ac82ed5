"""Requests and tokens a minute for each key, and the headers that tell how much is left."""

from dataclasses import dataclass, field
from typing import Final

from gateway.errors import ApiError

WINDOW_S: Final = 60.0
TOKENS: Final = 30_000_000


@dataclass
class Window:
    """A fixed window that opens with the first request after the last one closed."""

    limit: int
    opened_at: float = float("-inf")
    requests: int = 0
    tokens: int = 0

    def roll(self, now: float) -> None:
        if now - self.opened_at >= WINDOW_S:
            self.opened_at, self.requests, self.tokens = now, 0, 0

    def left_s(self, now: float) -> float:
        return max(0.0, self.opened_at + WINDOW_S - now) if self.requests else 0.0


@dataclass
class Limits:
    per_minute: int
    _windows: dict[str, Window] = field(default_factory=dict)

    def window(self, key: str, limit: int | None) -> Window:
        """The window of a key. `limit` overrides the default when the key is first seen."""
        if key not in self._windows:
            self._windows[key] = Window(self.per_minute if limit is None else limit)
        return self._windows[key]


def admit(window: Window, now: float) -> None:
    """Counts a request in, or refuses it with the time to wait."""
    window.roll(now)
    if window.requests >= window.limit:
        wait = window.left_s(now)
        raise ApiError(
            429,
            f"Rate limit reached on requests per min (RPM): Limit {window.limit}, "
            f"Used {window.requests}, Requested 1. Please try again in {duration(wait)}.",
            type="requests",
            code="rate_limit_exceeded",
            headers=(("retry-after", str(max(1, int(wait + 0.999)))), *headers(window, now)),
        )
    window.requests += 1


def headers(window: Window, now: float) -> tuple[tuple[str, str], ...]:
    left = duration(window.left_s(now))
    return (
        ("x-ratelimit-limit-requests", str(window.limit)),
        ("x-ratelimit-limit-tokens", str(TOKENS)),
        ("x-ratelimit-remaining-requests", str(max(0, window.limit - window.requests))),
        ("x-ratelimit-remaining-tokens", str(max(0, TOKENS - window.tokens))),
        ("x-ratelimit-reset-requests", left),
        ("x-ratelimit-reset-tokens", left),
    )


def duration(seconds: float) -> str:
    """A duration as Go writes it: 12ms, 1.5s, 1m0s."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{int(minutes)}m{rest:g}s" if minutes else f"{rest:g}s"
