"""Validation of request bodies by tables of parameters, with the API's own error codes."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.errors import ApiError, bad_value, missing

Check = Callable[[Any, str], None]


@dataclass(frozen=True)
class Param:
    """What a parameter may be.

    `types` are JSON types; `fields` describe an object's members and `items` an array's; `check`
    may raise an `ApiError` for what a table cannot say.
    """

    name: str
    types: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    enum: tuple[Any, ...] | None = None
    required: bool = False
    min_items: int | None = None
    max_items: int | None = None
    max_length: int | None = None
    min_length: int | None = None
    items: "Param | None" = None
    fields: "tuple[Param, ...] | None" = None
    closed: bool = True  # an object with `fields` refuses unknown members
    check: Check | None = None


_TYPES: Final[tuple[tuple[type, str], ...]] = (
    (bool, "boolean"),  # before int: a bool is an int in Python
    (int, "integer"),
    (float, "decimal"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
    (type(None), "null"),
)
_ARTICLES: Final = {"integer": "an integer", "array": "an array of items", "object": "an object"}


def validate(body: Mapping[str, Any], table: tuple[Param, ...]) -> None:
    """Raises the `ApiError` of the first parameter that is wrong; unknown names come first."""
    _object(body, table, "", closed=True)


def type_name(value: Any) -> str:
    return next(name for kind, name in _TYPES if isinstance(value, kind))


def _object(body: Mapping[str, Any], table: tuple[Param, ...], prefix: str, closed: bool) -> None:
    known = {param.name: param for param in table}
    if closed:
        for name in body:
            if name not in known:
                path = prefix + name
                raise bad_value(path, f"Unknown parameter: '{path}'.", "unknown_parameter")
    for param in table:
        path = prefix + param.name
        if param.name in body:
            validate_value(body[param.name], param, path)
        elif param.required:
            raise missing(path)


def validate_value(value: Any, param: Param, path: str) -> None:
    """Raises the `ApiError` of the first thing that is wrong with one value."""
    kind = type_name(value)
    if not _accepts(param.types, kind, value):
        raise _wrong_type(path, param, kind)
    if value is None:
        return
    if param.enum is not None and not isinstance(value, (dict, list)) and value not in param.enum:
        raise _wrong_word(path, param, value)
    _BOUNDS.get(kind, _nothing)(value, param, path)
    if isinstance(value, dict) and param.fields is not None:
        _object(value, param.fields, path + ".", param.closed)
    if isinstance(value, list) and param.items is not None:
        for index, item in enumerate(value):
            validate_value(item, param.items, f"{path}[{index}]")
    if param.check:
        param.check(value, path)


def _accepts(types: tuple[str, ...], kind: str, value: Any) -> bool:
    if kind in types or "any" in types:
        return True
    if kind in {"integer", "decimal"} and "number" in types:
        return True
    # 1.0 is a JSON integer for most senders: JavaScript has no other number.
    return kind == "decimal" and "integer" in types and value == math.trunc(value)


def _wrong_type(path: str, param: Param, kind: str) -> ApiError:
    names = [name for name in param.types if name != "null"]
    words = ["decimal" if name == "number" else name for name in names]
    expected = " or ".join(
        ("one of " if len(words) > 1 and not index else "") + _article(word)
        for index, word in enumerate(words)
    )
    got = "null" if kind == "null" else _article(kind)
    return bad_value(
        path,
        f"Invalid type for '{path}': expected {expected}, but got {got} instead.",
        "invalid_type",
    )


def _article(word: str) -> str:
    return _ARTICLES.get(word, f"a {word}")


def _wrong_word(path: str, param: Param, value: Any) -> ApiError:
    words = [f"'{word}'" for word in param.enum or ()]
    listed = " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
    return bad_value(
        path, f"Invalid value: '{value}'. Supported values are: {listed}.", "invalid_value"
    )


def _bound(path: str, noun: str, below: bool, limit: float, got: float) -> ApiError:
    side = "minimum" if below else "maximum"
    return bad_value(
        path,
        f"Invalid '{path}': {noun} {'below' if below else 'above'} {side} value. "
        f"Expected a value {'>=' if below else '<='} {limit:g}, but got {got} instead.",
        f"{noun}_{'below_min' if below else 'above_max'}_value",
    )


def _number_bounds(value: Any, param: Param, path: str) -> None:
    noun = "integer" if "integer" in param.types else "decimal"
    if param.low is not None and value < param.low:
        raise _bound(path, noun, True, param.low, value)
    if param.high is not None and value > param.high:
        raise _bound(path, noun, False, param.high, value)


def _length(path: str, noun: str, short: bool, limit: int, got: int) -> ApiError:
    size = f"{'minimum' if short else 'maximum'} length"
    code = f"{noun}_{'below_min' if short else 'above_max'}_length"
    what = "too short" if short else "too long"
    return bad_value(
        path,
        f"Invalid '{path}': {noun} {what}. Expected {_article(noun).removesuffix(' of items')} "
        f"with {size} {limit}, but got {_article(noun).removesuffix(' of items')} "
        f"with length {got} instead.",
        code,
    )


def _string_bounds(value: str, param: Param, path: str) -> None:
    if param.max_length is not None and len(value) > param.max_length:
        raise _length(path, "string", False, param.max_length, len(value))
    if param.min_length is not None and len(value) < param.min_length:
        raise _length(path, "string", True, param.min_length, len(value))


def _array_bounds(value: list[Any], param: Param, path: str) -> None:
    if param.min_items and not value:
        raise bad_value(
            path,
            f"Invalid '{path}': empty array. Expected an array with minimum length "
            f"{param.min_items}, but got an empty array instead.",
            "empty_array",
        )
    if param.max_items is not None and len(value) > param.max_items:
        raise _length(path, "array", False, param.max_items, len(value))


def _object_bounds(value: dict[str, Any], param: Param, path: str) -> None:
    if param.max_items is not None and len(value) > param.max_items:
        raise bad_value(
            path,
            f"Invalid '{path}': too many properties. Expected an object with at most "
            f"{param.max_items} properties, but got {len(value)} instead.",
            "object_above_max_properties",
        )


def _nothing(_value: Any, _param: Param, _path: str) -> None:
    return None


_BOUNDS: Final[Mapping[str, Callable[[Any, Param, str], None]]] = {
    "integer": _number_bounds,
    "decimal": _number_bounds,
    "string": _string_bounds,
    "array": _array_bounds,
    "object": _object_bounds,
}
