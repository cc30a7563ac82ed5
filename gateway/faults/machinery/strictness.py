"""Whether a JSON Schema is one, and whether it is strict: every object closed, all required."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Where = tuple[str, ...]

_TYPES: Final = {"string", "number", "integer", "boolean", "object", "array", "null"}
_NUMBER: Final = (int, float)
# Keyword -> what its value is in Python, where it is not a schema or a group of schemas.
_KEYWORDS: Final[dict[str, tuple[type, ...]]] = {
    "required": (list,), "enum": (list,), "pattern": (str,), "format": (str,), "$ref": (str,),
    "minimum": _NUMBER, "maximum": _NUMBER, "exclusiveMinimum": _NUMBER,
    "exclusiveMaximum": _NUMBER, "multipleOf": _NUMBER, "minLength": (int,), "maxLength": (int,),
    "minItems": (int,), "maxItems": (int,), "minProperties": (int,), "maxProperties": (int,),
    "uniqueItems": (bool,), "properties": (dict,), "$defs": (dict,), "definitions": (dict,),
    "anyOf": (list,), "oneOf": (list,), "allOf": (list,), "prefixItems": (list,),
}  # fmt: skip


def malformed(schema: Any, where: Where = ()) -> str | None:
    """Why something is not a JSON Schema, in the API's words; None when it is."""
    if isinstance(schema, bool):
        return None
    context = _context(where)
    if not isinstance(schema, Mapping):
        return f"{context}{schema!r} is not of type 'object', 'boolean'."
    kinds = schema.get("type", [])
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if not isinstance(kind, str) or kind not in _TYPES:
            return f"{context}{kind!r} is not a valid type."
    for word, kinds_of_value in _KEYWORDS.items():
        if word in schema and not isinstance(schema[word], kinds_of_value):
            return f"{context}the value of '{word}' has the wrong type."
    if not all(isinstance(name, str) for name in schema.get("required", ())):
        return f"{context}'required' must hold strings."
    return next(filter(None, (malformed(part, at) for part, at in _parts(schema, where))), None)


def looseness(schema: Any) -> str | None:
    """Why a schema is not strict (or no schema), in the API's words; None when it is."""
    return malformed(schema) or _open_object(schema, ())


def _open_object(schema: Any, where: Where) -> str | None:
    if not isinstance(schema, Mapping):
        return None
    context = _context(where)
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("additionalProperties") is not False:
            return context + "'additionalProperties' is required to be supplied and to be false."
        required = schema.get("required") or ()
        lacking = [name for name in schema.get("properties") or () if name not in required]
        if lacking:
            return (
                f"{context}'required' is required to be supplied and to be an array including "
                f"every key in properties. Missing '{lacking[0]}'."
            )
    return next(filter(None, (_open_object(part, at) for part, at in _parts(schema, where))), None)


def unfit(schema: Any, *, strict: bool) -> str | None:
    """Why a schema cannot be taken."""
    return looseness(schema) if strict else malformed(schema)


def _context(where: Where) -> str:
    return f"In context=({', '.join(repr(word) for word in where)}), "


def _parts(schema: Mapping[str, Any], where: Where) -> Iterator[tuple[Any, Where]]:
    """The schemas inside a schema, with their places."""
    for word in ("properties", "$defs", "definitions"):
        for name, part in schema.get(word, {}).items():
            yield part, (*where, word, name)
    for word in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for number, part in enumerate(schema.get(word, ())):
            yield part, (*where, word, str(number))
    for word in ("items", "additionalProperties", "not"):
        if word in schema:
            yield schema[word], (*where, word)
