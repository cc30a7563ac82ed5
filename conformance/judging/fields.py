"""Field rules: rows that name a schema field become rules without a line of code each.

A row with `field = "chat/completion:choices[].message.refusal"` owns every schema problem at that
path or below it, unless a row with a longer path owns it. Problems that no row owns, and problems
that are only recommendations inside a MUST field, go to the schema's two catch-all rows.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import schemas.loader as schema
from conformance.judging.finding import Finding, Findings
from conformance.judging.requirement import Requirement
from conformance.judging.rule import Rule
from conformance.judging.selector import Selector
from conformance.judging.substance import says_something
from schemas.problem import Problem
from wire.exchange import Exchange

Part = tuple[int | None, str, Any]
"""One object to check: the event index (None for a plain body), a path prefix, the value."""


@dataclass(frozen=True)
class FieldSource:
    """Where objects of a schema come from in an exchange.

    `strict` and `loose` are the requirements that own what no field row owns, at MUST and SHOULD.
    """

    schema: str
    on: Selector
    parts: Callable[[Exchange], Iterable[Part]]
    strict: str
    loose: str


def field_rules(rows: Iterable[Requirement], sources: Iterable[FieldSource]) -> tuple[Rule, ...]:
    """One rule for each source, judging every row that names a field of its schema."""
    rows = tuple(rows)
    return tuple(_rule(source, rows) for source in sources)


def _rule(source: FieldSource, rows: tuple[Requirement, ...]) -> Rule:
    owners = {
        row.field.partition(":")[2]: row
        for row in rows
        if row.field.partition(":")[0] == source.schema
    }

    def check(exchange: Exchange) -> Findings:
        for event, prefix, value in source.parts(exchange):
            for problem in schema.check(source.schema, value, at=exchange.day):
                yield _finding(problem, owners, source, event, prefix)

    parents = {row.id: _parent(path) for path, row in owners.items()}

    def sees(exchange: Exchange, requirement: str) -> bool:
        """Whether there is a place for the field; a field that may be left out is seen there."""
        steps = parents.get(requirement, ())
        return says_something(exchange) and any(
            _reaches(value, steps) for _, _, value in source.parts(exchange)
        )

    names = (*(row.id for row in owners.values()), source.strict, source.loose)
    return Rule(tuple(dict.fromkeys(names)), source.on, check, sees=sees)


def _parent(path: str) -> tuple[str, ...]:
    """The steps to the object that holds a field: `choices[].delta.role` gives choices, [], delta."""
    steps = path.replace("[]", ".[]").split(".")
    while steps and steps[-1] == "[]":
        steps.pop()
    return tuple(steps[:-1])


def _reaches(value: Any, steps: tuple[str, ...]) -> bool:
    if not steps:
        return isinstance(value, dict)
    if steps[0] == "[]":
        return isinstance(value, list) and any(_reaches(item, steps[1:]) for item in value)
    inside = isinstance(value, dict) and steps[0] in value
    return inside and _reaches(value[steps[0]], steps[1:])


def _finding(
    problem: Problem,
    owners: dict[str, Requirement],
    source: FieldSource,
    event: int | None,
    prefix: str,
) -> Finding:
    owner = _owner(problem.field, owners)
    if owner is None:
        name = source.strict if problem.level == "MUST" else source.loose
    elif problem.level == "SHOULD" and owner.level == "MUST":
        name = source.loose
    else:
        name = owner.id
    where = prefix + problem.path or "the body"
    if event is not None:
        where = f"event {event}, {where}"
    return Finding(where, problem.expected, problem.found, event, requirement=name)


def _owner(path: str, owners: dict[str, Requirement]) -> Requirement | None:
    """The row with the longest field that is `path` or contains it."""
    best = ""
    for candidate in owners:
        inside = path == candidate or path.startswith((f"{candidate}.", f"{candidate}["))
        if inside and len(candidate) > len(best):
            best = candidate
    return owners.get(best)


def whole_body(exchange: Exchange) -> Iterator[Part]:
    """The JSON body of a plain answer."""
    yield None, "", exchange.reply.json
