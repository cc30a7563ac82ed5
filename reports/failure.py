"""Failures as a reader wants them: one a requirement, whatever number of models and places."""

import re
from dataclasses import dataclass
from typing import Final

from reports.document import Document, Finding, Result
from reports.outcome import LEVELS
from reports.tally import Requirement

NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True)
class Place:
    """Where a kind of deviation was seen."""

    where: str
    model: str
    exchange: str
    event: int | None


@dataclass(frozen=True)
class Sighting:
    """A kind of deviation: findings that differ at most in their numbers, with all their places."""

    message: str
    expected: str
    found: str
    places: tuple[Place, ...]

    @property
    def first(self) -> Place:
        return self.places[0]

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place.model for place in self.places if place.model))

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The evidence, one exchange a model."""
        by_model = {
            place.model: place.exchange for place in reversed(self.places) if place.exchange
        }
        return tuple(dict.fromkeys(reversed(by_model.values())))


@dataclass(frozen=True)
class Failure:
    requirement: str
    level: str
    outcome: str
    area: str
    text: str
    source: str
    reason: str
    models: tuple[str, ...]
    spared: tuple[str, ...]  # models on which it holds
    clients: tuple[str, ...]  # that are not ready because of it
    concerned: tuple[str, ...]  # others that use what is wrong here, and get by
    sightings: tuple[Sighting, ...]
    known: str = ""


def failures(document: Document, rows: list[Requirement], outcome: str) -> list[Failure]:
    """The requirements that came to `outcome`, those that hurt most first."""
    known = {note.requirement: note.reason for note in document.known}
    hurt: dict[str, list[str]] = {}
    for client in document.clients:
        for requirement in client.because:
            hurt.setdefault(requirement, []).append(client.name)
    found = []
    for row in rows:
        results = [result for result in row.results if result.outcome == outcome]
        if results:
            passed = [result.model for result in row.results if result.outcome == "pass"]
            broken = tuple(dict.fromkeys(hurt.get(row.id, [])))
            found.append(_failure(results, broken, passed, known.get(row.id, "")))
    return sorted(
        found,
        key=lambda one: (LEVELS.index(one.level), -len(one.clients), -len(one.concerned)),
    )


def _failure(
    results: list[Result], clients: tuple[str, ...], passed: list[str], known: str
) -> Failure:
    first = results[0]
    return Failure(
        requirement=first.requirement,
        level=first.level,
        outcome=first.outcome,
        area=first.area,
        text=first.text,
        source=first.source,
        reason=first.reason,
        models=tuple(dict.fromkeys(result.model for result in results if result.model)),
        spared=tuple(model for model in dict.fromkeys(passed) if model),
        clients=clients,
        concerned=tuple(
            dict.fromkeys(n for result in results for n in result.clients if n not in clients)
        ),
        sightings=sightings(results),
        known=known,
    )


def sightings(results: list[Result]) -> tuple[Sighting, ...]:
    """The findings of some results, what differs at most in numbers put together."""
    kinds: dict[tuple[str, str], list[tuple[Finding, Place]]] = {}
    for result in results:
        for finding in result.findings:
            fallback = result.exchanges[0] if result.exchanges else ""
            place = Place(finding.where, result.model, finding.exchange or fallback, finding.event)
            kind = (NUMBER.sub("#", finding.where), NUMBER.sub("#", finding.message))
            kinds.setdefault(kind, []).append((finding, place))
    return tuple(
        Sighting(
            seen[0][0].message, seen[0][0].expected, seen[0][0].found, tuple(p for _, p in seen)
        )
        for seen in kinds.values()
    )
