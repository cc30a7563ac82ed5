"""The tokenizer as a fingerprint: whose counts the claims are."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from statistics import median
from typing import Final

from conformance.authenticity.ledger import Entry
from conformance.authenticity.probes import conversation
from conformance.authenticity.texts import TEXTS
from wire.endpoint import Endpoint
from wire.tokens.asked import Asked
from wire.tokens.prompt import text_tokens
from wire.tokens.vocabulary import CARRIED, NAMES, OTHERS, vocabulary

LEAST: Final = 4  # different texts that must agree, or disagree
SIZE: Final = 30  # shorter texts cost about the same with any tokenizer
AGREE: Final = 0.8


def fits(ledger: Sequence[Entry], name: str) -> bool:
    """Whether a vocabulary explains the claims, whatever else is wrong with them.

    Either four texts are off by one and the same number, or one factor and one constant explain
    nearly all. With the wrong vocabulary each text is off by a number of its own.
    """
    for group in _groups(ledger, name):
        offsets = Counter(claimed - counted for counted, claimed in group)
        if max(offsets.values()) >= max(LEAST, 0.4 * len(group)) or _affine(group):
            return True
    return False


def _groups(ledger: Sequence[Entry], name: str) -> list[set[tuple[int, int]]]:
    """Counted and claimed, each pair once, of each endpoint."""
    groups: dict[Endpoint, set[tuple[int, int]]] = {}
    for e in ledger:
        if (counted := _counted(e, name)) is not None:
            groups.setdefault(e.endpoint, set()).add((counted, e.prompt_claimed))
    return list(groups.values())


def _by_a_constant(ledger: Sequence[Entry], name: str) -> float:
    """The share of texts that one constant for each endpoint explains; 0 where too few are known."""
    groups = _groups(ledger, name)
    offsets = [Counter(claimed - counted for counted, claimed in group) for group in groups]
    known = sum(map(len, groups))
    return sum(max(each.values()) for each in offsets) / known if known > LEAST else 0.0


def _counted(e: Entry, name: str) -> int | None:
    """Tokens of a prompt by any vocabulary; None where its text is not at hand any more."""
    known = dict(e.texts).get(name)
    text = e.probe.removeprefix("authenticity.text-")
    return _of_text(text, name) if known is None and text in TEXTS else known


@cache
def _of_text(text: str, name: str) -> int:
    return text_tokens(Asked(conversation(text)), vocabulary(name))


def closest(ledger: Sequence[Entry], *but: str) -> str:
    """The vocabulary at hand that fits; empty where none does."""
    names = (name for name in (*NAMES, *OTHERS) if name not in but)
    return next((name for name in names if fits(ledger, name)), "")


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
    # A few texts fit nearly any vocabulary by a factor of its own; what fits all by a constant is it.
    if _by_a_constant(mine, own := mine[0].tokenizer) <= 0.5:
        for name in (name for name in (*NAMES, *OTHERS) if name != own):
            if _by_a_constant(mine, name) >= 0.9:
                return f"the counts are those of {name}, not of {own}"
    exact = {e.prompt for e in mine if e.prompt and not e.prompt.off(e.prompt_claimed)}
    if len(exact) >= 2 or fits(mine, mine[0].tokenizer):  # no accident hits two to the token
        return ""
    if name := closest(mine, own):
        return f"the counts are those of {name}, not of {own}"
    # Claims that are right for another answer are of the right tokenizer.
    counted = {e.prompt.low for e in ledger if e.prompt}
    if sum(e.prompt_claimed in counted for e in mine) >= 0.5 * len(mine):
        return ""
    if _follows([e for e in ledger if e.texts], own):
        return f"the counts are not those of {own}, nor of {' or '.join(n for n in CARRIED if n != own)}"
    return ""


def factor(ledger: Sequence[Entry]) -> float | None:
    """By what the claims multiply the counts of the vocabulary that is sold; None where no one factor does."""
    for group in _groups(ledger, ledger[0].tokenizer) if ledger else ():
        if (line := _line(group)) and _near(group, *line):
            return round(line[0], 3)
    return None


def _affine(group: set[tuple[int, int]]) -> bool:
    """Whether one factor and one constant explain nearly all (counted, claimed), to the rounding."""
    line = _line(group)
    return line is not None and _near(group, *line)


def _line(group: set[tuple[int, int]]) -> tuple[float, float] | None:
    """The factor and the constant that explain most; None where too little is known."""
    points = sorted(group)
    slopes = [
        (claimed - before) / (counted - first)
        for i, (first, before) in enumerate(points)
        for counted, claimed in points[i + 1 :]
        if counted - first >= SIZE
    ]
    if len(points) < LEAST or not slopes:
        return None
    slope = median(slopes)
    return slope, median(claimed - slope * counted for counted, claimed in points)


def _near(group: set[tuple[int, int]], slope: float, base: float) -> bool:
    near = [abs(claimed - base - slope * counted) <= 1.5 for counted, claimed in group]
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
