"""The keywords our validator adds to JSON Schema 2020-12, or takes over to be quicker.

Schemas reach these functions in the form that `edition` gives them: references resolved,
what came later than the answer's date left out, and every level written beside its keywords.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any, Final, Protocol

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from schemas.problem import MISSING

Schema = Mapping[str, Any] | bool
Errors = list[ValidationError] | tuple[()]
NONE: Final = ()


class Branches(Protocol):
    """The schemas of a union, found by the type that an instance names."""

    def find(self, name: str) -> Schema | None: ...


def is_integer(value: object) -> bool:
    # JSON Schema takes 3.0 for an integer. Clients that decode into an int do not.
    return isinstance(value, int) and not isinstance(value, bool)


IS_TYPE: Final[Mapping[str, Callable[[object], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": is_integer,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def descend(
    validator: Any, instance: object, schema: Schema, step: str | int | None = None
) -> Errors:
    """Judge an inner value. jsonschema's own way down works too and costs several times as much."""
    if isinstance(schema, bool):
        return NONE
    found: list[ValidationError] = []
    for keyword, value in schema.items():
        function = KEYWORDS.get(keyword)
        if function is None:
            continue
        for error in function(validator, value, instance, schema) or NONE:
            if not isinstance(error.validator, str):
                error.validator = keyword
                error.validator_value = value
                error.instance = instance
                error.schema = schema
            if step is not None:
                error.relative_path.appendleft(step)
            found.append(error)
    return found


def type_(_: Any, names: Iterable[str], instance: object, __: Schema) -> Errors:
    for name in names:
        if IS_TYPE[name](instance):
            return NONE
    return [ValidationError("type")]


def const(_: Any, value: object, instance: object, __: Schema) -> Errors:
    return (
        NONE if instance == value and type(instance) is type(value) else [ValidationError("const")]
    )


def enum(_: Any, words: Container[object], instance: object, __: Schema) -> Errors:
    return NONE if instance in words else [ValidationError("enum")]


def known(_: Any, words: Container[str], instance: object, __: Schema) -> Errors:
    """Report a word the API is not known to use; it adds words over time, so never as a MUST."""
    if not isinstance(instance, str) or instance in words:
        return NONE
    return [
        ValidationError(
            "x-known",
            instance=instance,
            validator="x-known",
            validator_value=words,
            schema={"x-level": "SHOULD"},
        )
    ]


def required(
    _: Any, levels: Mapping[str, str], instance: object, schema: Mapping[str, Any]
) -> Errors:
    """Report each missing property at its own place and its own level."""
    if not isinstance(instance, dict):
        return NONE
    return [
        ValidationError(
            "required",
            path=[name],
            instance=MISSING,
            validator="required",
            validator_value=schema.get("properties", {}).get(name, True),
            schema={"x-level": level},
        )
        for name, level in levels.items()
        if name not in instance
    ]


def properties(
    validator: Any, schemas: Mapping[str, Schema], instance: object, _: Schema
) -> Errors:
    if not isinstance(instance, dict):
        return NONE
    found: list[ValidationError] = []
    for name, schema in schemas.items():
        if name in instance:
            found += descend(validator, instance[name], schema, name)
    return found


def additional_properties(
    validator: Any, inner: Schema, instance: object, schema: Mapping[str, Any]
) -> Errors:
    if not isinstance(instance, dict):
        return NONE
    named = schema.get("properties", {})
    found: list[ValidationError] = []
    for name, value in instance.items():
        if name not in named:
            found += descend(validator, value, inner, name)
    return found


def items(validator: Any, schema: Schema, instance: object, _: Schema) -> Errors:
    if not isinstance(instance, list):
        return NONE
    found: list[ValidationError] = []
    for index, value in enumerate(instance):
        found += descend(validator, value, schema, index)
    return found


def all_of(validator: Any, schemas: Iterable[Schema], instance: object, _: Schema) -> Errors:
    found: list[ValidationError] = []
    for schema in schemas:
        found += descend(validator, instance, schema)
    return found


def if_(validator: Any, test: Schema, instance: object, schema: Mapping[str, Any]) -> Errors:
    branch = "else" if descend(validator, instance, test) else "then"
    return descend(validator, instance, schema.get(branch, True))


def by_type(validator: Any, branches: Branches, instance: object, _: Schema) -> Errors:
    """Judge a member of a union by the schema of its own type, and by no other."""
    name = instance.get("type") if isinstance(instance, dict) else None
    if not isinstance(name, str):
        return NONE
    schema = branches.find(name)
    if schema is not None:
        return descend(validator, instance, schema)
    # `acme:thing` is how vendors mark types of their own.
    if ":" in name:
        return NONE
    return [
        ValidationError(
            "x-by-type",
            path=["type"],
            instance=name,
            validator="x-by-type",
            validator_value=branches,
            schema={"x-level": "SHOULD"},
        )
    ]


OURS: Final[Mapping[str, Any]] = {
    "type": type_,
    "const": const,
    "enum": enum,
    "required": required,
    "properties": properties,
    "additionalProperties": additional_properties,
    "items": items,
    "allOf": all_of,
    "if": if_,
    "x-known": known,
    "x-by-type": by_type,
}
Validator: Final = extend(Draft202012Validator, OURS)  # type: ignore[no-untyped-call]
KEYWORDS: Final[Mapping[str, Any]] = Validator.VALIDATORS
