"""What kept requirements from being judged, and the way to unblock each."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reports.document import Document, Result
from reports.outcome import RANK, UNJUDGED
from reports.text import one_line

VARIABLE: Final = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")


@dataclass(frozen=True)
class Obstacle:
    outcome: str
    reason: str
    remedy: str
    requirements: tuple[str, ...]
    is_of_the_run: bool = False
    """Whoever runs the suite can take it out of the way, without mending the server."""


def _variable(reason: str, _: Document) -> str:
    names = dict.fromkeys(VARIABLE.findall(reason))
    return f"Set {' or '.join(names)} in the environment."


def _budget(_: str, document: Document) -> str:
    limit = document.cost.get("limit_usd")
    estimate = document.cost.get("estimate_usd")
    now = f" (now {limit:.2f})" if limit is not None else ""
    full = f"; the full run is estimated at {estimate:.2f} USD" if estimate is not None else ""
    return f"Raise --max-cost{now}{full}."


# What a run of this depth does not ask, which is no trouble of the target.
SHALLOW: Final = "not asked at this depth"
_DEEPER: Final = re.compile(r"\bit is asked with --depth (\w+)$")


def deeper(result: Result) -> bool:
    """Whether a requirement was left out by the run's own depth."""
    return told(result.outcome, result.reason) == SHALLOW


def told(outcome: str, reason: str) -> str:
    """What kept a requirement, in the words that put rows together: which probe the depth left out is no difference."""
    if outcome == "blocked" and _DEEPER.search(reason):
        return SHALLOW
    return one_line(reason) or "no reason given"


# What would be judged, were it not for a failure that stands among the causes.
_BEHIND: Final = re.compile(r"told elsewhere|\bbuilds on\b")
_OF_THE_MODEL: Final = re.compile(r"\bmodels?\b")
# The first pattern that the reason holds gives the remedy.
REMEDIES: Final[tuple[tuple[re.Pattern[str], Callable[[str, Document], str]], ...]] = (
    (_DEEPER, lambda reason, _: f"Run with --depth {reason.rpartition(' ')[2]} to ask it."),
    (VARIABLE, _variable),
    (re.compile(r"max-cost|budget", re.IGNORECASE), _budget),
    (
        re.compile(r"rate limit|429|quota", re.IGNORECASE),
        lambda _r, _d: "Run later, or with a key that has a higher rate limit.",
    ),
    (re.compile(r"interrupt", re.IGNORECASE), lambda _r, _d: "Run again to the end."),
    (
        re.compile(r"reach|connect|resolve|timed? ?out|TLS", re.IGNORECASE),
        lambda _r, _d: "See that the server answers, and run again.",
    ),
)
FALLBACK: Final = {
    "inconclusive": "Run again; where it stays so, its transcripts show what is lacking.",
    "blocked": "Run again when the cause is gone.",
    "error": "This is a fault of the suite: please report it together with report.json.",
}


def obstacles(document: Document) -> list[Obstacle]:
    """One entry for each different reason, the gravest and most frequent first."""
    found: dict[tuple[str, str], list[Result]] = {}
    for result in document.results:
        if result.outcome in UNJUDGED:
            found.setdefault((result.outcome, told(result.outcome, result.reason)), []).append(
                result
            )
    rows = [
        _obstacle(outcome, reason, results, document)
        for (outcome, reason), results in found.items()
    ]
    return sorted(
        rows,
        key=lambda row: (
            row.reason == SHALLOW,
            RANK[row.outcome],
            -len(row.requirements),
        ),
    )


def _obstacle(outcome: str, reason: str, results: list[Result], document: Document) -> Obstacle:
    remedy, is_of_the_run = _remedy(outcome, one_line(results[0].reason), document)
    names = tuple(dict.fromkeys(result.requirement for result in results))
    return Obstacle(outcome, reason, remedy, names, is_of_the_run)


def _remedy(outcome: str, reason: str, document: Document) -> tuple[str, bool]:
    """What to do, and whether it is for whoever runs the suite to do."""
    for pattern, remedy in REMEDIES if outcome == "blocked" else ():
        if pattern.search(reason):
            return remedy(reason, document), True
    if _BEHIND.search(reason):
        return "Mend what fails first; it is judged then.", False
    if outcome == "inconclusive" and _OF_THE_MODEL.search(reason):
        return (
            "Run again, or name a model that follows instructions more closely (--model).",
            False,
        )
    return FALLBACK[outcome], False
