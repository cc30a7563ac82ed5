"""The code word: a word that only one part of a request tells, asked for in another.

A model that knows it was given that part; one that does not was not.
"""

import re
from typing import Final

from conformance.judging.finding import Finding, Findings, Unsure, show

ASK: Final = (
    "What is the code word? Answer with that word and nothing else. "
    "If nobody has told you, answer: unknown."
)
# Also an answer that ends where the word should stand.
_IGNORANT: Final = re.compile(
    r"\bunknown\b|do(?:n't| not) (?:know|have)|(?:not|n't) been told|nobody|no code word"
    r"|no output|empty|(?:said|output|result|word)(?: is)?\W*$",
    re.IGNORECASE,
)


def told(word: str) -> str:
    return f"The code word is {word}."


def knows(where: str, text: str, word: str) -> Findings:
    """The answer to `ASK` names the word; another answer than "unknown" says nothing."""
    if word in text:
        return
    if _IGNORANT.search(text):
        yield Finding(where, f"{word}, as it was told", show(text))
    else:
        yield Unsure(f"the model did not answer the question: {show(text, 40)}")


def knows_not(where: str, text: str, word: str) -> Findings:
    """The answer to `ASK` does not name the word."""
    if word in text:
        yield Finding(where, f"unknown: {word} was told to another", show(text))
    elif not _IGNORANT.search(text):
        yield Unsure(f"the model did not answer the question: {show(text, 40)}")
