"""The content oracle: a prompt asks for a known text, the answer is compared with it.

A model that says something else altogether tells nothing about lost deltas. One that says nearly the
text does: a delta was lost, doubled, exchanged or changed on the way, or the model slipped.
"""

from collections import Counter
from enum import StrEnum
from typing import Final

NEAR: Final = 0.7  # of the wanted words, found in the answer
_WRAPPING: Final = " \n\t`\"'"


class Likeness(StrEnum):
    SAME = "same"
    NEAR = "near"
    OTHER = "other"


def likeness_of(text: str, expected: str) -> Likeness:
    if text.strip(_WRAPPING) == expected.strip(_WRAPPING):
        return Likeness.SAME
    wanted = Counter(expected.split())
    found = wanted & Counter(text.split())
    near = found.total() >= NEAR * wanted.total()
    return Likeness.NEAR if near and wanted else Likeness.OTHER
