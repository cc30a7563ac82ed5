"""The shape of each streaming event: one rule a row that names an event type."""

from typing import Final

import schemas.loader as schema
from conformance.requirement import Requirement
from conformance.responses.framing import KNOWN
from conformance.responses.kinds import STREAM, stream_with, typed, types
from conformance.responses.object import ROWS
from conformance.rule import Finding, Findings, Rule, Selector, rule
from schemas.problem import Problem
from wire.exchange import Exchange

# Judged elsewhere: responses, items and parts by their own rows, numbers by those of the sequence.
_INNER: Final = ("response.", "item.", "sequence_number")


def problems(x: Exchange, kind: str, level: str) -> list[tuple[int, Problem]]:
    """(event, problem) of all events of a type, at a level, where no other row owns it."""
    return [
        (index, problem)
        for index, found, payload in typed(x)
        if found == kind
        for problem in schema.check(f"responses/events/{kind}", payload, at=x.day)
        if problem.level == level and not problem.path.startswith(_INNER)
    ]


def _with(kind: str) -> Selector:
    """Streams with events of exactly this type."""
    exactly = stream_with(kind)
    return STREAM.only(f"with {kind}", lambda x: kind in types(x), *exactly.probes)


def _shape(row: Requirement) -> Rule:
    def check(x: Exchange) -> Findings:
        for index, problem in problems(x, row.event, "MUST"):
            where = f"event {index}, {problem.path}"
            yield Finding(where, problem.expected, problem.found, index)

    return Rule((row.id,), _with(row.event), check)


SHAPES = tuple(_shape(row) for row in ROWS if row.event)


@rule("responses.event.values", on=STREAM)
def values(x: Exchange) -> Findings:
    for kind in sorted(types(x) & KNOWN):
        for index, problem in problems(x, kind, "SHOULD"):
            where = f"event {index}, {problem.path}"
            yield Finding(where, problem.expected, problem.found, index)
