"""The shape of each streaming event: one rule a row that names an event type."""

from typing import Any, Final

import schemas.loader as schema
from conformance.judging.finding import Finding, Findings
from conformance.judging.requirement import Requirement
from conformance.judging.rule import Rule, rule
from conformance.judging.selector import Selector
from conformance.responses.framing import KNOWN
from conformance.responses.object import ROWS
from conformance.responses.selectors import STREAM, stream_with, typed, types
from schemas.problem import Problem
from wire.exchange import Exchange

# Judged elsewhere: responses, items and parts by their own rows, numbers by those of the sequence.
_INNER: Final = ("response.", "item.")
_NUMBER: Final = "sequence_number"


def _required(kind: str) -> set[str]:
    return set(schema.load(f"responses/events/{kind}").get("required", ())) - {"type"}


# Events without any other field answer for their number themselves.
_NUMBER_ONLY: Final = frozenset(kind for kind in KNOWN - {"error"} if not _required(kind))


Found = tuple[tuple[int, str, Problem], ...]


def problems(x: Exchange) -> Found:
    """(event, type, problem) of all known events where no other row owns it; made once."""
    kept: dict[str, Any] = vars(x)  # as cached_property does
    if "_event_problems" not in kept:
        kept["_event_problems"] = tuple(
            (index, kind, problem)
            for index, kind, payload in typed(x)
            if kind in KNOWN
            for problem in schema.check(f"responses/events/{kind}", payload, at=x.day)
            if not problem.path.startswith(_INNER)
            and (problem.path != _NUMBER or kind in _NUMBER_ONLY)
        )
    found: Found = kept["_event_problems"]
    return found


def _with(kind: str) -> Selector:
    """Streams with events of exactly this type."""
    exactly = stream_with(kind)
    return STREAM.only(f"with {kind}", lambda x: kind in types(x), *exactly.probes)


def _shape(row: Requirement) -> Rule:
    def check(x: Exchange) -> Findings:
        for index, kind, problem in problems(x):
            if kind == row.event and problem.level == "MUST":
                where = f"event {index}, {problem.path}"
                yield Finding(where, problem.expected, problem.found, index)

    return Rule((row.id,), _with(row.event), check)


SHAPES = tuple(_shape(row) for row in ROWS if row.event)


@rule("responses.event.values", on=STREAM)
def values(x: Exchange) -> Findings:
    for index, _, problem in problems(x):
        if problem.level == "SHOULD":
            where = f"event {index}, {problem.path}"
            yield Finding(where, problem.expected, problem.found, index)
