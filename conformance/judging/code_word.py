"""The code word: a word that only one part of a request tells, asked for in another.

A model that knows it was given that part; one that does not was not.
"""

import re
from typing import Final

from conformance.judging.ability import CODE_WORD
from conformance.judging.finding import Finding, Findings, Unsure, show

ASK: Final = (
    "What is the code word? Answer with that word and nothing else. "
    "If nobody has told you, answer: unknown."
)
# The whole of an answer, also one that ends where the word should stand. What a model says beside it,
# such as "an empty word", tells nothing of what it was given.
_IGNORANT: Final = re.compile(
    r"\W*(?:(?:the )?(?:code ?word|answer)(?: is)?:?\W*)?"
    r"(?:unknown"
    r"|(?:i(?:'m| am) sorry\W+)?(?:but )?i (?:do(?:n't| not) know|do(?:n't| not) have (?:a|any|the) (?:code ?word|such)|have(?:n't| not) been (?:told|given))\b.{0,60}"
    r"|nobody (?:has )?told\b.{0,40}"
    r"|(?:there (?:is|was) )?no (?:code ?word|output)\b.{0,40}"
    r"|empty|(?:(?:you|the tool) said|the (?:output|result)(?: is| was)?):?)?\W*",
    re.IGNORECASE | re.DOTALL,
)


def _ignorant(text: str) -> bool:
    """Whether an answer says that there is no code word; an empty one says nothing at all."""
    plain = text.replace("\u2019", "'")
    return any(c.isalnum() for c in plain) and _IGNORANT.fullmatch(plain) is not None


def told(word: str) -> str:
    return f"The code word is {word}."


def knows(where: str, text: str, word: str) -> Findings:
    """The answer to `ASK` names the word; another answer than "unknown" says nothing."""
    if word in text:
        return
    if _ignorant(text):
        yield Finding(where, f"{word}, as it was told", show(text), ability=CODE_WORD)
    else:
        yield Unsure(f"the model did not answer the question: {show(text, 40)}")


def knows_not(where: str, text: str, word: str) -> Findings:
    """The answer to `ASK` does not name the word."""
    if word in text:
        yield Finding(where, f"unknown: {word} was told to another", show(text))
    elif not _ignorant(text):
        yield Unsure(f"the model did not answer the question: {show(text, 40)}")
