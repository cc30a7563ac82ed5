"""How finely a balance is told, and whether charges are rounded or only what is shown of them.

A balance that is shown with four decimals over exact books is off by up to one step in any single call, and
says nothing about a call of a few steps. Books that round each charge fall by a whole step every time.
"""

from collections.abc import Iterable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Final

from conformance.judging.run import Run
from conformance.running.balance import balance_of
from wire.exchange import Exchange

READINGS: Final = ("billing.before-*", "billing.after-*", "billing.lag-before", "billing.lag-after")
ENOUGH: Final = 8
"""So many readings, no two of them alike in a row, tell how finely a balance is shown."""
COARSE: Final = 20
"""A call of so many steps is known to a twentieth: enough to judge it."""
MOST: Final = Decimal(10**9)
"""Dollars: what costs more is no call of ours, and beyond what is reckoned exactly."""
CHANCE: Final = Decimal("0.0001")
_ROUNDINGS: Final = {
    "up": ROUND_CEILING,
    "to the nearest": ROUND_HALF_UP,
    "down": ROUND_FLOOR,
}


def step(run: Run) -> Decimal:
    """The smallest difference that the balance shows, in dollars: as the profile says, or as it is seen.

    A balance that never moves shows nothing: it is held to what the profile says.
    """
    told = [
        number
        for glob in READINGS
        for x in run.named(glob)
        if (number := balance_of(run.profile, x.reply.json)) is not None
    ]
    if len(set(told)) < ENOUGH:
        return run.profile.balance_step
    decimals = max(-int(number.normalize().as_tuple().exponent) for number in told)
    return max(run.profile.balance_step, Decimal(1).scaleb(-decimals))


def restless(run: Run) -> bool:
    """Whether the balance moves now and then while nothing is asked: others use it, or its books are late by chance.

    What a call took is not known then. Each time the same is no other's doing: reading is charged for, which is told.
    """
    told = [
        (number_of(x), number) for glob in (*READINGS, "billing.end") for x in run.named(glob)
        if (number := balance_of(run.profile, x.reply.json)) is not None
    ]  # fmt: skip
    told.sort()
    falls = [was - now for (i, was), (j, now) in pairwise(told) if j == i + 1]
    size = step(run)
    return any(abs(fell) > size for fell in falls) and len(set(falls)) > 1


def number_of(x: Exchange) -> int:
    """The place of an exchange in the order of sending."""
    tail = x.id.rpartition("-")[2]
    return int(tail) if tail.isdecimal() else 0


def rounded(cases: Iterable[tuple[Decimal, Decimal]], size: Decimal) -> str:
    """How each charge is rounded to whole steps; empty where it may be only what is shown.

    `cases`: what each call should have taken, and what it took. What is only shown falls by the step
    above now and by the step below then, as often as the remainder says.
    """
    known = [(due / size, fell / size) for due, fell in cases if abs(due) + abs(fell) < MOST]
    # A call that is off by more than a step is billed wrongly in another way.
    odd = [(due, fell) for due, fell in known if due % 1 and abs(due - fell) <= 1]
    if _chance(odd) >= CHANCE:
        return ""
    for word, how in _ROUNDINGS.items():
        if all(fell == due.to_integral_value(how) for due, fell in odd):
            return word
    return ""


def _chance(odd: list[tuple[Decimal, Decimal]]) -> Decimal:
    """How likely exact books would have been shown so, each time by chance."""
    chance = Decimal(1)
    for due, fell in odd:
        above = due % 1
        chance *= above if fell > due else 1 - above
    return chance


def coarse(due: Decimal, size: Decimal) -> bool:
    """Whether a call costs too few steps to be judged by one difference."""
    return due < COARSE * size


def pairs(
    found: Iterator[tuple[Decimal | None, tuple[Decimal, ...]]],
) -> list[tuple[Decimal, Decimal]]:
    """What was due and what was taken, where both are known."""
    return [(right[0], fell) for fell, right in found if fell is not None and right]
