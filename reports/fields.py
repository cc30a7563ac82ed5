"""Fields of a JSON object, read with one clear line when they are not what they should be."""

import json
from collections.abc import Mapping
from typing import Any


class UnreadableError(ValueError):
    """The file is not a run document; the message is one line that says why."""


def object_in(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadableError(f"{name} is {kind(value)}, expected an object")
    return value


def list_in(parent: Mapping[str, Any], name: str) -> list[Any]:
    value = parent.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnreadableError(f"{name} is {kind(value)}, expected an array")
    return value


def objects_in(parent: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return [row for row in list_in(parent, name) if isinstance(row, dict)]


def texts_in(parent: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(shown(value) for value in list_in(parent, name))


def text_in(parent: Mapping[str, Any], name: str) -> str:
    return shown(parent.get(name))


def shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def number_in(parent: Mapping[str, Any], name: str) -> float | None:
    value = parent.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return "missing" if value is None else names.get(type(value), "a number")
