"""The words of a verdict, their order, and how each is shown."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Outcome:
    """One word of DESIGN's verdict table. `sign` is for eyes that do not see colours."""

    word: str
    sign: str
    plural: str
    meaning: str


OUTCOMES: Final = (
    Outcome("fail", "✗", "fail", "a MUST does not hold"),
    Outcome("error", "!", "errors of the suite", "a fault of the suite itself; says nothing yet"),
    Outcome("advisory", "△", "advisory", "a SHOULD or MAY does not hold"),
    Outcome("known", "≈", "known", "deviates as the profile says, and is not counted"),
    Outcome("inconclusive", "?", "inconclusive", "the model did not do what the probe needs"),
    Outcome("blocked", "◌", "blocked", "not run: something that it needs was missing"),
    Outcome("not-claimed", "—", "not claimed", "the profile does not claim the feature"),
    Outcome("not-offered", "∅", "not offered", "the endpoint, or the need of a key, is not there"),
    Outcome("pass", "✓", "pass", "judged, holds"),
)
OUTCOME: Final = {outcome.word: outcome for outcome in OUTCOMES}
RANK: Final = {outcome.word: rank for rank, outcome in enumerate(OUTCOMES)}

LEVELS: Final = ("MUST", "SHOULD", "MAY")

JUDGED: Final = frozenset({"pass", "fail", "advisory"})
DEVIATES: Final = frozenset({"fail", "advisory"})
UNJUDGED: Final = frozenset({"inconclusive", "blocked", "error"})
"""What should have been judged and was not. A feature that is not claimed is not among it."""
