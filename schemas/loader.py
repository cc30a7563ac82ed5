"""Loads the schemas and says where an answer differs from one of them."""

from datetime import date
from functools import cache
from typing import Any

from jsonschema import ValidationError

from schemas.edition import Edition, edition_of
from schemas.keywords import Validator
from schemas.problem import Problem, described, expected_by, field_of, found_in, path_of
from schemas.registry import document
from schemas.registry import names as _names

__all__ = ["Problem", "check", "load", "names"]


def load(name: str) -> dict[str, Any]:
    """Give a schema as it stands in its file; it is shared and must not be changed."""
    return document(name)


def names() -> list[str]:
    """Give every schema's name, such as `chat/completion`."""
    return list(_names())


@cache
def _validator(name: str, edition: Edition) -> Any:
    return Validator(edition.schema(name))


def check(name: str, instance: object, *, at: date | None = None) -> list[Problem]:
    """Judge an answer by the rules of its day; the deepest causes come first."""
    try:
        errors = list(_validator(name, edition_of(at)).iter_errors(instance))
    except RecursionError:
        # Only a tool namespace may hold its like; a hostile answer could go on and on.
        return [Problem("", "", "depth", "MUST", "a document of sane depth", "endless nesting")]
    worst: dict[tuple[str, str], tuple[int, Problem]] = {}
    for error in errors:
        problem = _problem(error)
        key = (problem.path, problem.keyword)
        # Two branches may ask for the same thing; the stricter one is told.
        if key not in worst or (worst[key][1].level, problem.level) == ("SHOULD", "MUST"):
            worst[key] = (len(error.relative_path), problem)
    return [problem for _, problem in sorted(worst.values(), key=lambda pair: -pair[0])]


def _problem(error: ValidationError) -> Problem:
    keyword = str(error.validator)
    value: Any = error.validator_value
    assert isinstance(error.schema, dict)
    return Problem(
        path=path_of(error.relative_path),
        field=field_of(error.relative_path),
        keyword=keyword,
        level=error.schema.get("x-level", "MUST"),
        expected=described(value) if keyword == "required" else expected_by(keyword, value),
        found=found_in(error.instance),
    )
