"""Levels by profile: what is strict for one kind of target is a recommendation for another.

A MUST is what a client of the documented kind, money or a door depends on. Of a server of others that
does less hang on a few rows, or on some of what they find. Each is one entry of the profile's file, with
its reason; the rows of the catalogue stay as they are.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from conformance.judging.finding import Finding
from conformance.judging.requirement import Level, Requirement


@dataclass(frozen=True)
class Relevel:
    """Another level for requirements (globs), wholly or for findings of one kind."""

    requirements: tuple[str, ...]
    level: Level
    reason: str
    but: tuple[str, ...] = ()
    """Globs of requirements that keep their level."""
    where: str = ""
    """Only findings at such a place (a regular expression that is searched)."""
    expected: str = ""
    """Only findings that expected such a thing (searched)."""
    found: str = ""
    """Only findings of such a thing (a regular expression for the whole of it)."""

    @property
    def whole(self) -> bool:
        return not (self.where or self.expected or self.found)

    def concerns(self, requirement: str) -> bool:
        return _any(requirement, self.requirements) and not _any(requirement, self.but)

    def matches(self, finding: Finding) -> bool:
        return (
            re.search(self.where, finding.where) is not None
            and re.search(self.expected, finding.expected) is not None
            and (not self.found or re.fullmatch(self.found, finding.found, re.DOTALL) is not None)
        )


def levelled(
    requirement: Requirement, findings: Iterable[Finding], entries: Iterable[Relevel]
) -> tuple[Requirement, tuple[Finding, ...], str]:
    """The requirement with its level for these findings, the gravest of them first, and why."""
    mine = [entry for entry in entries if entry.concerns(requirement.id)]
    findings = tuple(findings)
    for entry in mine:
        if entry.whole:
            return replace(requirement, level=entry.level), findings, entry.reason
    lesser = [f for f in findings if any(entry.matches(f) for entry in mine)]
    if not lesser or len(lesser) < len(findings):
        return requirement, (*(f for f in findings if f not in lesser), *lesser), ""
    entry = next(entry for entry in mine if entry.matches(findings[0]))
    return replace(requirement, level=entry.level), findings, entry.reason


def entry_for(
    requirement: Requirement, finding: Finding, entries: Iterable[Relevel]
) -> Relevel | None:
    """What lowers a requirement for this finding, or None."""
    mine = (entry for entry in entries if entry.concerns(requirement.id))
    return next((entry for entry in mine if entry.whole or entry.matches(finding)), None)


def _any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
