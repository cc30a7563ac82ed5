"""Where two texts differ: what stands before and after it in both, and what each has in between."""

from typing import Final, NamedTuple

LEAST: Final = 6


class Difference(NamedTuple):
    before: str
    expected: str
    found: str
    after: str


def difference(expected: str, found: str) -> Difference | None:
    """The parts of two texts; None where they share too little for a difference to tell anything."""
    size = min(len(expected), len(found))
    start = next((n for n in range(size) if expected[n] != found[n]), size)
    rest = size - start
    end = next((n for n in range(rest) if expected[-1 - n] != found[-1 - n]), rest)
    longer = max(len(expected), len(found)) - start - end
    if expected == found or start + end < max(LEAST, longer):
        return None
    cut = len(expected) - end, len(found) - end
    return Difference(expected[:start], expected[start : cut[0]], found[start : cut[1]], expected[cut[0] :])  # fmt: skip
