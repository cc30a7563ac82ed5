"""A schema as it stands for answers of one date: resolved, dated, with its levels spelled out."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from schemas.keywords import Schema
from schemas.registry import address, document, names, registry

MUST: Final = "MUST"
SHOULD: Final = "SHOULD"

# What these say is worked into the edition, or is meant for readers.
LEFT_OUT: Final = frozenset(
    [
        "$schema",
        "$id",
        "$defs",
        "$comment",
        "$ref",
        "title",
        "description",
        "anyOf",
        "required",
        "x-required",
        "x-level",
        "x-since",
    ]
)
INNER: Final = frozenset(["items", "additionalProperties", "if", "then", "else"])
NULL: Final = {"type": "null"}


class Folder:
    """The schemas of one union in one edition, each made when the first instance asks for it."""

    def __init__(self, folders: list[str], edition: "Edition", level: str) -> None:
        self.name = folders[-1]
        self._folders = folders
        self._edition = edition
        self._level = level
        self._found: dict[str, Schema] = {}

    def place(self, name: str) -> str | None:
        """Where the schema of a type lies; the first folder that has it wins."""
        places = (f"{folder}/{name}" for folder in self._folders)
        return next((place for place in places if place in all_names()), None)

    def find(self, name: str) -> Schema | None:
        if name not in self._found:
            place = self.place(name)
            if place is None:
                # Not kept: a server may name any number of types.
                return None
            self._found[name] = self._edition.schema(place, self._level)
        return self._found[name]


class Edition:
    """All schemas without what the API began to do after `day`."""

    def __init__(self, day: str) -> None:
        self._day = day
        self._made: dict[tuple[str, str], Schema] = {}

    def schema(self, name: str, level: str = MUST) -> Schema:
        key = (name, level)
        if key not in self._made:
            self._made[key] = self._make(document(name), registry().resolver(address(name)), level)
        return self._made[key]

    def _make(self, node: Any, resolver: Any, level: str) -> Schema:
        if isinstance(node, bool):
            return node
        if node.get("x-since", "") > self._day:
            return True
        if node.get("x-level") == SHOULD:
            level = SHOULD
        made: dict[str, Any] = {}
        if level == SHOULD:
            made["x-level"] = SHOULD
        for keyword, value in node.items():
            if keyword not in LEFT_OUT:
                made[keyword] = self._value(keyword, value, resolver, level)
        if levels := self._required(node, level):
            made["required"] = levels
        return self._joined(made, node, resolver, level)

    def _value(self, keyword: str, value: Any, resolver: Any, level: str) -> Any:
        match keyword:
            case "type":
                return (value,) if isinstance(value, str) else tuple(value)
            case "properties":
                return {name: self._make(inner, resolver, level) for name, inner in value.items()}
            case "allOf":
                return [self._make(inner, resolver, level) for inner in value]
            case "x-by-type":
                return Folder([value] if isinstance(value, str) else value, self, level)
        return self._make(value, resolver, level) if keyword in INNER else value

    def _required(self, node: Mapping[str, Any], level: str) -> dict[str, str]:
        levels = dict.fromkeys(node.get("required", ()), level)
        for name, terms in node.get("x-required", {}).items():
            if terms.get("since", "") <= self._day:
                levels[name] = SHOULD if level == SHOULD else terms.get("level", MUST)
        return levels

    def _joined(self, made: dict[str, Any], node: Any, resolver: Any, level: str) -> Schema:
        """Put what a node refers to in its place, so that no reference is left to follow."""
        target = node.get("$ref")
        if "anyOf" in node:
            # "This or null" is the one choice our schemas leave open; it becomes one more type.
            (inner,) = (choice for choice in node["anyOf"] if choice != NULL)
            widened = self._make(inner, resolver, level)
            assert isinstance(widened, dict), node
            made |= widened | {"type": (*widened["type"], "null")}
        if target is None:
            return made
        resolved = resolver.lookup(target)
        there = self._make(resolved.contents, resolved.resolver, level)
        return (
            {**made, "allOf": [there, *made.get("allOf", [])]}
            if made.keys() - {"x-level"}
            else there
        )


def since_dates() -> Iterator[str]:
    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            for key, value in node.items():
                if key in {"x-since", "since"} and isinstance(value, str):
                    yield value
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    for name in names():
        yield from walk(document(name))


@cache
def all_names() -> frozenset[str]:
    return frozenset(names())


@cache
def turning_days() -> tuple[str, ...]:
    return tuple(sorted(set(since_dates())))


@cache
def _edition(count: int) -> Edition:
    return Edition(turning_days()[count - 1] if count else "")


def edition_of(day: date | None) -> Edition:
    """The edition for answers of that day; without a day, the newest."""
    days = turning_days()
    return _edition(len(days) if day is None else bisect_right(days, day.isoformat()))
