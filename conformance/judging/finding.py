"""What a rule says of an exchange: a finding where a requirement does not hold, or that it cannot tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a requirement does not hold."""

    where: str
    """`status`, `header x-request-id`, `chunk 7, choices[0].delta`, …"""
    expected: str
    found: str
    event: int | None = None
    """Index of the stream event, when there is one."""
    requirement: str = ""
    """Filled in by rules that judge several requirements; else by the judge."""
    exchange: str = ""

    @property
    def message(self) -> str:
        return f"expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nothing can be said from this exchange, and why."""

    reason: str
    requirement: str = ""


Findings = Iterator[Finding | Unsure]


def show(value: Any, limit: int = 100) -> str:
    """A value as short JSON-like text for the `found` part of a finding."""
    import json

    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
