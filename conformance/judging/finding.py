"""What a rule says of an exchange: a finding where a requirement does not hold, or that it cannot tell."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a requirement does not hold."""

    where: str
    """`status`, `header x-request-id`, `chunk 7, choices[0].delta`, …"""
    expected: str
    found: str
    event: int | None = None
    """Index of the stream event, when there is one."""
    requirement: str = ""
    """Filled in by rules that judge several requirements; else by the judge."""
    exchange: str = ""
    ability: str = ""
    """What a model must have shown it can do, see `conformance.judging.ability`; else nothing is found."""

    @property
    def message(self) -> str:
        return f"expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nothing can be said from this exchange, and why."""

    reason: str
    requirement: str = ""
    lacking: bool = False
    """The server says that it does not have what is asked about."""
    refused: bool = False
    """What is needed to see it was refused, for a reason of its own."""


def alike(findings: Iterable[Finding]) -> list[tuple[Finding, int]]:
    """Each finding that differs from the others in more than its place, with how many are as it is."""
    found: dict[tuple[str, str, str], tuple[Finding, int]] = {}
    for finding in findings:
        key = (_NUMBER.sub("#", finding.where), finding.expected, finding.found)
        first, number = found.get(key, (finding, 0))
        found[key] = (first, number + 1)
    return list(found.values())


Findings = Iterator[Finding | Unsure]
_EVENT = re.compile(r"(event|chunk) \d+")


def once_a_stream(words: Iterable[Finding | Unsure]) -> list[Finding | Unsure]:
    """What is wrong in the same way in many events of one stream is one finding, of the first."""
    kept: dict[object, Finding | Unsure] = {}
    more: Counter[object] = Counter()
    for word in words:
        key: object = len(kept)
        if isinstance(word, Finding) and word.event is not None:
            where = _EVENT.sub("event", word.where, count=1)
            key = word.requirement, word.exchange, where, word.expected
        if key in kept:
            more[key] += 1
        else:
            kept[key] = word
    for key, number in more.items():
        first = kept[key]
        assert isinstance(first, Finding)
        events = "events" if number > 1 else "event"
        kept[key] = replace(first, found=f"{first.found} (and in {number} more {events})")
    return list(kept.values())


class Absent:
    """Stands for a member that is not there, which null is not."""

    def __repr__(self) -> str:
        return "missing"

    def __bool__(self) -> bool:
        return False


ABSENT = Absent()


def varied(findings: Iterable[Finding]) -> list[Finding]:
    """One of each kind first, then the rest: the second cause does not hide behind twenty of the first."""
    first: dict[tuple[str, ...], Finding] = {}
    rest: list[Finding] = []
    for finding in findings:
        kind = tuple(
            _NUMBER.sub("", text)[:80] for text in (finding.where, finding.expected, finding.found)
        )
        if first.setdefault((finding.requirement, *kind), finding) is not finding:
            rest.append(finding)
    return [*first.values(), *rest]


def apart(expected: str, found: str, after: int = 60) -> tuple[str, str]:
    """Two long texts that begin alike, both from shortly before the place where they part."""
    pairs = zip(expected, found, strict=False)
    same = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(expected), len(found)))
    if same < _ALIKE:
        return expected, found
    start = same - _BEFORE
    one, two = (
        f"…{text[start : same + after]}{'…' if len(text) > same + after else ''}"
        for text in (expected, found)
    )
    return one, two


_ALIKE: Final = 30
_BEFORE: Final = 12


def show(value: Any, limit: int = 100) -> str:
    """A value as short JSON-like text for the `found` part of a finding."""
    import json

    if value is ABSENT:
        return repr(value)
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
