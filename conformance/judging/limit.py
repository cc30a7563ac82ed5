"""Which values a parameter takes, as data: one `Limit` says whether a value is allowed, and why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

LONGEST_TOKEN: Final = 16
"""Characters: so many the tokens of a plain text have at most, taken together."""


def least_tokens(texts: Sequence[str], cut: int, limit: int) -> int:
    """What several texts cost at least, of which the limit of tokens cut so many; some servers count no end."""
    whole = sorted(texts, key=len)[: len(texts) - cut]
    return cut * (limit - 1) + sum(max(1, len(text) // LONGEST_TOKEN) for text in whole if text)


_KINDS: Final = {
    bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
}  # fmt: skip


@dataclass(frozen=True)
class Limit:
    """One parameter: JSON types, range, words, sizes. `wrong` is what the probes send."""

    name: str
    types: tuple[str, ...]
    wrong: tuple[Any, ...]
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()
    items: int | None = None
    """Most members of an array or object."""
    length: int | None = None
    """Most characters of a string."""
    members: "Limit | None" = None
    """What the members of an array or the values of an object may be."""
    beside: tuple[tuple[str, Any], ...] = ()
    """What a request needs beside it, so that nothing else is wrong."""

    @property
    def slug(self) -> str:
        return self.name.replace("_", "-")

    def fault(self, value: Any) -> str:
        """`type`, `bounds`, or empty when the value is allowed. null is always allowed."""
        if value is None:
            return ""
        kind = _KINDS.get(type(value), "")
        fits = kind in self.types or (kind == "integer" and "number" in self.types)
        # 3.0 is an integer to senders that know only one kind of number.
        if not fits and not (kind == "number" and "integer" in self.types and value == value // 1):
            return "type"
        return "bounds" if self._outside(value) else self._inside(value)

    def _outside(self, value: Any) -> bool:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return not (
                (self.low is None or value >= self.low)
                and (self.high is None or value <= self.high)
            )
        if isinstance(value, str):
            long = self.length is not None and len(value) > self.length
            return long or bool(self.words and value not in self.words)
        return (
            isinstance(value, (list, dict)) and self.items is not None and len(value) > self.items
        )

    def _inside(self, value: Any) -> str:
        if self.members is None or not isinstance(value, (list, dict)):
            return ""
        if isinstance(value, dict) and self.name == "metadata" and any(len(k) > 64 for k in value):
            return "bounds"
        inner = value.values() if isinstance(value, dict) else value
        return next((f for member in inner if (f := self.members.fault(member))), "")
