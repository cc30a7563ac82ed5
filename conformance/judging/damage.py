"""Damage to a text on its way, told apart from another text: a model that was asked to repeat may do otherwise."""

from difflib import SequenceMatcher
from typing import Final

NEAR: Final = 0.6  # of the characters, in their order


def near(found: str, wanted: str) -> bool:
    """Whether a text can only be the wanted one, with damage."""
    matcher = SequenceMatcher(None, found, wanted, autojunk=False)
    return len(found) < 3 * len(wanted) and matcher.ratio() >= NEAR
