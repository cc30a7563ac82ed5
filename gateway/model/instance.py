"""Makes an instance that is valid against a JSON Schema, always the same one."""

import operator
from collections.abc import Mapping
from typing import Any, Final

from gateway.model.pattern import matching

_DEPTH: Final = 12
_FORMATS: Final = {
    "date": "2026-01-02",
    "date-time": "2026-01-02T03:04:05Z",
    "time": "03:04:05Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "uri": "https://example.com/",
}


def instance(schema: Mapping[str, Any] | bool) -> Any:
    """A valid instance of `schema`; of a schema that nothing satisfies, something near it."""
    try:
        return _make(schema, schema, 0)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError):
        return {}  # what was given is not a schema at all


def _make(schema: Any, root: Any, depth: int) -> Any:
    if not isinstance(schema, Mapping):
        return "text"
    schema = _merged(schema, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for word in ("anyOf", "oneOf"):
        if schema.get(word):
            rest = {key: value for key, value in schema.items() if key != word}
            branch = _simplest(schema[word], root) if depth > _DEPTH else schema[word][0]
            return _make(_both(rest, branch), root, depth + 1)
    kind = _type(schema, deep=depth > _DEPTH)
    return _MAKERS[kind](schema, root, depth)


def _merged(schema: Mapping[str, Any], root: Any) -> Mapping[str, Any]:
    """Follows $ref and folds allOf into one schema."""
    for _ in range(32):
        if "$ref" in schema:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = _both(_lookup(schema["$ref"], root), rest)
        elif schema.get("allOf"):
            rest = {key: value for key, value in schema.items() if key != "allOf"}
            for branch in schema["allOf"]:
                rest = dict(_both(rest, branch))
            schema = rest
        else:
            break
    return schema


def _both(left: Any, right: Any) -> Mapping[str, Any]:
    left = left if isinstance(left, Mapping) else {}
    right = right if isinstance(right, Mapping) else {}
    both = {**left, **right}
    for word in ("properties", "$defs"):
        if word in left and word in right:
            both[word] = {**left[word], **right[word]}
    if "required" in left and "required" in right:
        both["required"] = [*left["required"], *right["required"]]
    for word, pick in (("minimum", max), ("maximum", min), ("minLength", max), ("maxLength", min)):
        if word in left and word in right:
            both[word] = pick(left[word], right[word])
    if "enum" in left and "enum" in right:
        both["enum"] = [value for value in left["enum"] if value in right["enum"]]
    return both


def _lookup(reference: str, root: Any) -> Any:
    found = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        if step and isinstance(found, Mapping):
            found = found.get(step.replace("~1", "/").replace("~0", "~"), {})
    return found


def _simplest(branches: Any, root: Any) -> Any:
    """The branch that ends a recursion: null if there is one, else what has no reference."""
    for wanted in ("null", "boolean", "string", "integer", "number"):
        for branch in branches:
            if isinstance(branch, Mapping) and _merged(branch, root).get("type") == wanted:
                return branch
    return branches[-1]


def _type(schema: Mapping[str, Any], deep: bool) -> str:
    given = schema.get("type")
    if isinstance(given, list):
        if deep and "null" in given:
            return "null"
        return str(given[0]) if given else "null"
    if given in _MAKERS:
        return str(given)
    for kind, words in _HINTS:
        if any(word in schema for word in words):
            return kind
    return "string"


_HINTS: Final = (
    ("object", ("properties", "required", "additionalProperties")),
    ("array", ("items", "prefixItems", "minItems")),
    ("number", ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")),
)


def _object(schema: Mapping[str, Any], root: Any, depth: int) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    required = schema.get("required") or ()
    # Optional properties are left out when deep, so that recursive schemas end.
    names = [name for name in properties if name in required or depth <= _DEPTH // 3]
    names += [name for name in required if name not in properties]
    extra = schema.get("additionalProperties")
    made = {
        name: _make(
            properties.get(name, extra if isinstance(extra, Mapping) else {}), root, depth + 1
        )
        for name in names
    }
    for number in range(len(made), schema.get("minProperties", 0)):
        made[f"key_{number}"] = _make(extra if isinstance(extra, Mapping) else {}, root, depth + 1)
    return made


def _array(schema: Mapping[str, Any], root: Any, depth: int) -> list[Any]:
    least = schema.get("minItems", 0)
    size = least if depth > _DEPTH // 3 else max(least, min(1, schema.get("maxItems", 1)))
    first = schema.get("prefixItems") or []
    made = [_make(item, root, depth + 1) for item in first[:size] or first[:least]]
    items = schema.get("items", {})
    if items is False:
        return made
    unique = schema.get("uniqueItems", False)
    more = range(len(made), size)
    return made + [_distinct(items, root, depth + 1, number, unique) for number in more]


def _distinct(schema: Any, root: Any, depth: int, number: int, unique: bool) -> Any:
    made = _make(schema, root, depth)
    if not unique or number == 0:
        return made
    plain = _merged(schema, root) if isinstance(schema, Mapping) else {}
    if plain.get("enum"):
        return plain["enum"][number % len(plain["enum"])]
    if isinstance(made, str):
        return (
            f"{made}{number}"
            if "maxLength" not in plain
            else made[: -len(str(number))] + str(number)
        )
    if isinstance(made, (int, float)) and not isinstance(made, bool):
        return made + number * plain.get("multipleOf", 1)
    return made


def _string(schema: Mapping[str, Any], _root: Any, _depth: int) -> str:
    if schema.get("format") in _FORMATS:
        return str(_FORMATS[schema["format"]])
    if "pattern" in schema:
        return matching(schema["pattern"])
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    text = "text".ljust(least, "x")
    return text if most is None else text[:most]


def _number(schema: Mapping[str, Any], _root: Any, _depth: int) -> Any:
    return _between(schema, whole=False)


def _integer(schema: Mapping[str, Any], _root: Any, _depth: int) -> int:
    return int(_between(schema, whole=True))


def _between(schema: Mapping[str, Any], *, whole: bool) -> Any:
    """A number within the bounds: one when it is allowed, else the nearest to a bound that is."""
    low = _tighter(schema.get("minimum"), schema.get("exclusiveMinimum"), max)
    high = _tighter(schema.get("maximum"), schema.get("exclusiveMaximum"), min)
    step = schema.get("multipleOf") or (1 if whole else 0)
    if step:
        first = 1 if low is None else low
        tries = [(first // step + n) * step for n in range(3)]
        tries += [((1 if high is None else high) // step - n) * step for n in range(3)]
    else:
        middle = None if low is None or high is None else (low + high) / 2
        ends = [low, high, middle, low and low + 1, high and high - 1]
        tries = [1, *(number for number in ends if number is not None)]
    return next((number for number in tries if _allowed(number, schema)), tries[0])


def _tighter(plain: Any, exclusive: Any, pick: Any) -> Any:
    given = [number for number in (plain, exclusive) if number is not None]
    return pick(given) if given else None


def _allowed(number: Any, schema: Mapping[str, Any]) -> bool:
    return all(
        word not in schema or holds(number, schema[word]) for word, holds in _COMPARISONS.items()
    )


_COMPARISONS: Final = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
}


def _boolean(_schema: Mapping[str, Any], _root: Any, _depth: int) -> bool:
    return True


def _null(_schema: Mapping[str, Any], _root: Any, _depth: int) -> None:
    return None


_MAKERS: Final[Mapping[str, Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "null": _null,
}
