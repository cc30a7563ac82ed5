"""What happens to texts on their way, and what a prompt would cost if it had happened.

A gateway that changes a text sells another prompt than it was given. The count of the altered text tells
which change it was, without the model having to say so.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html import escape, unescape
from itertools import combinations
from typing import Final

from wire.tokens.asked import Asked, Message
from wire.tokens.prompt import text_tokens
from wire.tokens.vocabulary import Vocabulary

Change = Callable[[str], str]


def _without(signs: str, by: str = "") -> Change:
    pattern = re.compile(signs)
    return lambda text: pattern.sub(by, text)


_QUOTES: Final = str.maketrans({
    "\u201c": '"', "\u201d": '"', "\u2018": "'", "\u2019": "'", "\u2014": "-", "\u2013": "-", "\u2026": "...",
})  # fmt: skip
ENDS: Final[dict[str, Change]] = {
    "spaces and line ends at both ends are lost": str.strip,
    "spaces and line ends at the start are lost": str.lstrip,
    "spaces and line ends at the end are lost": str.rstrip,
    "line ends at both ends are lost": lambda text: text.strip("\r\n"),
    "line ends at the start are lost": lambda text: text.lstrip("\r\n"),
    "line ends at the end are lost": lambda text: text.rstrip("\r\n"),
    "the last line end is lost": lambda text: text.removesuffix("\n").removesuffix("\r"),
    "spaces at the start are lost": lambda text: text.lstrip(" "),
    "spaces at the end are lost": lambda text: text.rstrip(" "),
}
"""What a server does to the ends of a text."""
INSIDE: Final[dict[str, Change]] = {
    "CR LF became LF": lambda text: text.replace("\r\n", "\n"),
    "LF became CR LF": lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n"),
    "carriage returns are lost": lambda text: text.replace("\r", ""),
    "tabs became four spaces": lambda text: text.replace("\t", "    "),
    "tabs became eight spaces": lambda text: text.replace("\t", " " * 8),
    "tabs became two spaces": lambda text: text.replace("\t", "  "),
    "tabs became one space": lambda text: text.replace("\t", " "),
    "tabs are lost": lambda text: text.replace("\t", ""),
    "runs of spaces became one": _without(r" {2,}", " "),
    "runs of spaces and tabs became one space": _without(r"[ \t]+", " "),
    "runs of white space became one space": _without(r"\s+", " "),
    "words are joined by one space": lambda text: " ".join(text.split()),
    "blank lines are lost": _without(r"\n{2,}", "\n"),
    "more than one blank line became one": _without(r"\n{3,}", "\n\n"),
    "blank lines with spaces are lost": _without(r"\n\s*\n", "\n"),
    "spaces at the ends of lines are lost": _without(r"[ \t]+(?=\r?\n|\Z)"),
    "spaces at the starts of lines are lost": _without(r"(?m)^[ \t]+"),
    "lines are stripped": lambda text: "\n".join(line.strip() for line in text.split("\n")),
    "lines are read and joined anew": lambda text: "\n".join(text.splitlines()),
    "letters are composed (NFC)": lambda text: unicodedata.normalize("NFC", text),
    "letters are taken apart (NFD)": lambda text: unicodedata.normalize("NFD", text),
    "signs became their compatible forms (NFKC)": lambda text: unicodedata.normalize("NFKC", text),
    "signs became their compatible forms (NFKD)": lambda text: unicodedata.normalize("NFKD", text),
    "marks of letters are lost": lambda text: "".join(
        sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign)
    ),
    "zero width signs are lost": _without("[\u200b-\u200f\u2060\ufeff]"),
    "zero width signs and soft hyphens are lost": _without("[\u00ad\u200b-\u200f\u2060\ufeff]"),
    "zero width spaces are lost": _without("\u200b"),
    "byte order marks are lost": _without("\ufeff"),
    "soft hyphens are lost": _without("\u00ad"),
    "control characters are lost": _without("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"),
    "control characters and carriage returns are lost": _without("[\x00-\x08\x0b-\x1f\x7f]"),
    "all control characters are lost": _without("[\x00-\x1f\x7f]"),
    "control characters became spaces": _without("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", " "),
    "control characters became U+FFFD": _without("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "\ufffd"),
    "colours of terminals are lost": _without("\x1b\\[[0-9;]*m"),
    "signs that do not print are lost": lambda text: "".join(
        sign for sign in text if sign.isprintable() or sign in "\r\n\t"
    ),
    "rare spaces became plain ones": _without("[\u00a0\u2000-\u200a\u202f\u3000]", " "),
    "rare spaces are lost": _without("[\u00a0\u2000-\u200a\u202f\u3000]"),
    "no-break spaces became plain ones": _without("\u00a0", " "),
    "curved quotes and dashes became plain ones": lambda text: text.translate(_QUOTES),
    "HTML entities became signs": unescape,
    "signs became HTML entities": lambda text: escape(text, quote=False),
    "signs and quotes became HTML entities": escape,
    "tags are lost": _without(r"</?[A-Za-z][^<>]*>"),
    "backslashes are doubled": lambda text: text.replace("\\", "\\\\"),
    "escapes became signs": lambda text: text.replace("\\n", "\n").replace("\\t", "\t"),
    "signs beyond U+FFFF are lost": _without("[\U00010000-\U0010ffff]"),
    "signs beyond U+FFFF became question marks": _without("[\U00010000-\U0010ffff]", "?"),
    "all but ASCII is lost": lambda text: text.encode("ascii", "ignore").decode(),
    "all but ASCII became question marks": lambda text: text.encode("ascii", "replace").decode(),
    "UTF-8 was read as Latin-1": lambda text: text.encode(errors="replace").decode("latin-1"),
    "small letters": str.lower,
}  # fmt: skip
"""What a server does to the signs of a text; applied to whole prompts, ends included."""
CHANGES: Final = {**ENDS, **INSIDE}
EVERYWHERE: Final = "in every message"
_WHO: Final = {"system": "the system's", "user": "the user's", "assistant": "the assistant's"}


def role_of(message: Message) -> str:
    """Developer and system are one role."""
    return "system" if message.role == "developer" else message.role


def altered(asked: Asked, words: Vocabulary) -> Iterator[tuple[str, str, int]]:
    """(what happened, where, how many tokens more or fewer) for every change that a count shows."""
    cost = text_tokens(asked, words)
    roles = tuple(dict.fromkeys(map(role_of, asked.messages)))
    for name, change in CHANGES.items():
        for chosen in _scopes(roles):
            changed = tuple(
                m._replace(text=change(m.text)) if role_of(m) in chosen else m
                for m in asked.messages
            )
            if changed != asked.messages:
                more = text_tokens(replace(asked, messages=changed), words) - cost
                if more:
                    yield name, _where(chosen, roles), more


def _scopes(roles: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Whose messages may have been changed: everybody's first."""
    for number in range(len(roles), 0, -1):
        yield from combinations(roles, number)


def _where(chosen: Sequence[str], roles: Sequence[str]) -> str:
    if len(chosen) == len(roles):
        return EVERYWHERE
    return f"in {' and '.join(_WHO.get(role, role) for role in chosen)} messages"


TURNED: Final = ("the assistant's messages became another's", "")
"""A change of roles, not of texts."""


def explanations(
    asked: Asked, words: Vocabulary, off: int, history: int = 0
) -> tuple[tuple[str, str], ...]:
    """What may have happened to a prompt that is counted so many tokens off, and where.

    `history`: tokens that each message of the assistant costs beside its role and its text.
    """
    turned = (TURNED,) if asked.answers and off == -history * asked.answers else ()
    return turned + tuple(
        (name, place) for name, place, more in altered(asked, words) if more == off
    )
