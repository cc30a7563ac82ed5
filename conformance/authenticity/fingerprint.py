"""The tokenizer as a fingerprint: whose counts the claims are."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Final

from conformance.authenticity.ledger import Entry
from wire.tokens.vocabulary import NAMES

LEAST: Final = 4  # different texts that must agree, or disagree
SIZE: Final = 30  # shorter texts cost about the same with any tokenizer
AGREE: Final = 0.8


def fits(ledger: Sequence[Entry], name: str) -> bool:
    """Whether a vocabulary explains the claims, whatever else is wrong with them.

    Either four texts are off by one and the same number, or one factor and one constant explain
    nearly all. With the wrong vocabulary each text is off by a number of its own.
    """
    for endpoint in dict.fromkeys(e.endpoint for e in ledger):
        group = {(e.counted_by(name), e.prompt_claimed) for e in ledger if e.endpoint is endpoint}
        offsets = Counter(claimed - counted for counted, claimed in group)
        if max(offsets.values()) >= max(LEAST, 0.4 * len(group)) or _affine(group):
            return True
    return False


def telling(ledger: Sequence[Entry]) -> list[Entry]:
    """Prompts that cost clearly different numbers of tokens with different vocabularies."""
    found = []
    for e in ledger:
        counts = [count for _, count in e.texts]
        if (
            counts
            and max(counts) >= SIZE
            and max(counts) - min(counts) >= max(3, 0.03 * max(counts))
        ):
            found.append(e)
    return found


def foreign(ledger: Sequence[Entry]) -> str:
    """Whose counts these are, when they are not those of the tokenizer that is sold; else empty."""
    mine = telling(ledger)
    if len({e.counted_by(e.tokenizer) for e in mine}) < LEAST:
        return ""
    exact = {e.prompt for e in mine if e.prompt and not e.prompt.off(e.prompt_claimed)}
    if len(exact) >= 2 or fits(mine, mine[0].tokenizer):  # no accident hits two to the token
        return ""
    own = mine[0].tokenizer
    for name in NAMES:
        if name != own and fits(mine, name):
            return f"the counts are those of {name}, not of {own}"
    # Claims that are right for another answer are of the right tokenizer.
    counted = {e.prompt.low for e in ledger if e.prompt}
    if sum(e.prompt_claimed in counted for e in mine) >= 0.5 * len(mine):
        return ""
    if _follows([e for e in ledger if e.texts], own):
        return (
            f"the counts are not those of {own}, nor of {', '.join(n for n in NAMES if n != own)}"
        )
    return ""


def _affine(group: set[tuple[int, int]]) -> bool:
    """Whether one factor and one constant explain nearly all (counted, claimed), to the rounding."""
    points = sorted(group)
    slopes = [
        (claimed - before) / (counted - first)
        for i, (first, before) in enumerate(points)
        for counted, claimed in points[i + 1 :]
        if counted - first >= SIZE
    ]
    if len(points) < LEAST or not slopes:
        return False
    slope = median(slopes)
    base = median(claimed - slope * counted for counted, claimed in points)
    near = [abs(claimed - base - slope * counted) <= 1.5 for counted, claimed in points]
    return sum(near) >= max(LEAST, AGREE * len(near))


def _follows(ledger: Sequence[Entry], name: str) -> bool:
    """Whether claims grow with the texts at all, and are no round numbers: else they are made up."""
    claims = [e.prompt_claimed for e in ledger]
    if all(claim % 10 == 0 for claim in claims):
        return False
    counts = [e.counted_by(name) for e in ledger]
    pairs = [(i, j) for i in range(len(counts)) for j in range(i) if counts[i] != counts[j]]
    agree = sum((counts[i] - counts[j]) * (claims[i] - claims[j]) > 0 for i, j in pairs)
    return bool(pairs) and agree >= 0.6 * len(pairs)
