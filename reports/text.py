"""Untrusted text made fit for a page: nothing invisible, nothing endless, never a lone surrogate."""

import re
import unicodedata
from typing import Final

CONTROLS: Final = re.compile(
    # C0 without tab and newline, DEL and C1, zero-width and bidirectional marks, lone surrogates,
    # noncharacters: what can hide or reorder evidence, or cannot be written as UTF-8 or XML.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)


def visible(text: str) -> str:
    """The text with what cannot be seen written out, as ⟨U+202E⟩. A CR before LF goes."""
    return CONTROLS.sub(_named, text.replace("\r\n", "\n"))


def _named(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"


def shortened(text: str, limit: int) -> str:
    """The start of a text, and how much was left out."""
    if len(text) <= limit:
        return text
    start = text[:limit]
    while start and unicodedata.combining(text[len(start)]):
        start = start[:-1]
    return f"{start} … ({len(text) - len(start):,} more characters)"


def one_line(text: str, limit: int = 300) -> str:
    """The text on one line, for tables and terminals."""
    return shortened(" ".join(visible(text).split()), limit)


def number_of(number: int, noun: str, plural: str = "") -> str:
    """`1 client`, `2 clients`, `1,204 requests`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: list[str] | tuple[str, ...], limit: int = 5) -> str:
    """`a`, `a and b`, `a, b and 3 more`."""
    shown = list(words[:limit])
    if len(words) > limit:
        shown.append(f"{len(words) - limit} more")
    return (
        shown[0]
        if len(shown) == 1
        else ", ".join(shown[:-1]) + " and " + shown[-1]
        if shown
        else ""
    )
