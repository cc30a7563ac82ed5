"""Our schemas agree with the types of the `openai` package, but for what the allow-list explains.

The package's types are one view among several: they take every nullable field for optional,
so a null that only they allow says nothing, and "required here" often only means that
the TypeScript types, which keep the two apart, require the field.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from schemas.edition import edition_of
from schemas.loader import names

pytest.importorskip(
    "openai", reason="the openai package is not installed, so there is nothing to compare with"
)

ALLOWED = Path(__file__).with_name("drift_allowed.toml")

# SDK class -> our schema. Inside other classes these are not looked into again.
CLASSES = {
    "ChatCompletion": "chat/completion",
    "ChatCompletionChunk": "chat/chunk",
    "CompletionUsage": "chat/usage",
    "Model": "models/model",
    "ModelDeleted": "models/deleted",
    "ErrorObject": "errors/object",
    "Response": "responses/response",
    "ResponseUsage": "responses/usage",
    "ResponseError": "responses/error",
    "CompactedResponse": "responses/compaction",
    "InputTokenCountResponse": "responses/input_tokens",
    "ResponseItemList": "responses/input_items",
}
# The request's own types, sent back: what they must hold is no matter of answers.
ECHOES = {"responses/response.instructions"}
# Folders in which every file is a type of some SDK union.
COMPLETE = (
    "responses/items",
    "responses/events",
    "responses/tools",
    "responses/annotations",
    "responses/text_formats",
)
UNIONS = {"ResponseOutputItem": "responses/item", "ResponseStreamEvent": "responses/event"}


def sdk_schemas() -> Iterator[tuple[str, dict]]:
    """Each compared type of the SDK as a JSON Schema; what answers hold comes before what lists hold."""
    from openai import types
    from openai.types import chat, responses
    from openai.types.responses.input_token_count_response import InputTokenCountResponse
    from openai.types.responses.response_item_list import ResponseItemList
    from pydantic import TypeAdapter

    found = {
        "InputTokenCountResponse": InputTokenCountResponse,
        "ResponseItemList": ResponseItemList,
    }
    for title, name in UNIONS.items():
        yield name, TypeAdapter(getattr(responses, title)).json_schema()
    for title, name in CLASSES.items():
        model = found.get(title) or next(
            getattr(module, title) for module in (types, chat, responses) if hasattr(module, title)
        )
        yield name, model.model_json_schema()


class Comparison:
    """One walk through an SDK schema and ours beside it."""

    def __init__(self, definitions: dict, seen: set[str]) -> None:
        self.definitions = definitions
        self.seen = seen

    def branches(self, sdk: dict) -> list[dict]:
        """The alternatives of an SDK type, references followed, nested unions flattened."""
        if "$ref" in sdk:
            return self.branches(self.definitions[sdk["$ref"].rpartition("/")[2]])
        inner = sdk.get("anyOf") or sdk.get("oneOf")
        return [leaf for one in inner for leaf in self.branches(one)] if inner else [sdk]

    def compare(
        self, where: str, ours: object, sdk: dict, *, root: bool = False
    ) -> Iterator[tuple[str, str]]:
        leaves = self.branches(sdk)
        nullable = any(leaf.get("type") == "null" for leaf in leaves)
        leaves = [leaf for leaf in leaves if leaf.get("type") != "null"]
        if not isinstance(ours, dict) or not ours or not any(leaves) or where in ECHOES:
            return
        yield from self.values(where, ours, leaves, nullable=nullable)
        objects = [leaf for leaf in leaves if "properties" in leaf]
        if not root and len(objects) == 1 and objects[0].get("title") in CLASSES:
            return
        if objects and "x-by-type" in ours:
            yield from self.union(ours["x-by-type"], objects)
        elif objects:
            yield from self.object(where, ours, objects)
        inner = [leaf["items"] for leaf in leaves if "items" in leaf]
        if inner and "items" in ours:
            yield from self.compare(f"{where}[]", ours["items"], {"anyOf": inner})

    def values(
        self, where: str, ours: dict, leaves: list[dict], *, nullable: bool
    ) -> Iterator[tuple[str, str]]:
        constants = [
            [leaf["const"]] if "const" in leaf else leaf.get("enum", []) for leaf in leaves
        ]
        words = {word for constant in constants for word in constant}
        known = (
            ours.get("enum") or ours.get("x-known") or ([ours["const"]] if "const" in ours else [])
        )
        is_open = any(
            leaf.get("type") == "string" and not constant
            for leaf, constant in zip(leaves, constants, strict=True)
        )
        if "const" in ours and ours["const"] in words:
            words = set(known)
        if known and not is_open and words != set(known) - {None}:
            differing = ", ".join(sorted(map(str, words ^ (set(known) - {None}))))
            yield where, f"other words: {differing}"
        theirs = {"object" if "properties" in leaf else leaf.get("type", "any") for leaf in leaves}
        types = set(ours.get("type", ()))
        if types and "any" not in theirs and theirs != types - {"null"}:
            yield (
                where,
                f"other type: {', '.join(sorted(types - {'null'}))}, there {', '.join(sorted(theirs))}",
            )
        if ("null" in types or None in known) and not nullable:
            yield where, "null only here"

    def union(self, folder: object, objects: list[dict]) -> Iterator[tuple[str, str]]:
        by_type: dict[str, list[dict]] = {}
        for leaf in objects:
            for literal in self.branches(leaf["properties"]["type"]):
                for name in [literal["const"]] if "const" in literal else literal.get("enum", []):
                    by_type.setdefault(name, []).append(leaf)
        for name, leaves in by_type.items():
            place = folder.place(name)
            if place not in self.seen:
                self.seen.add(place)
                ours = folder.find(name)
                yield from (
                    [(place, "type unknown here")]
                    if ours is None
                    else self.object(place, ours, leaves)
                )

    def object(self, where: str, ours: dict, objects: list[dict]) -> Iterator[tuple[str, str]]:
        parts = [ours, *ours.get("allOf", [])]
        described = {
            key: schema for part in parts for key, schema in part.get("properties", {}).items()
        }
        levels = {key: level for part in parts for key, level in part.get("required", {}).items()}
        theirs = {key: schema for leaf in objects for key, schema in leaf["properties"].items()}
        required = set.intersection(*(set(leaf.get("required", ())) for leaf in objects))
        for key in sorted(described.keys() | theirs.keys()):
            place = f"{where}.{key}"
            if key not in described:
                yield place, "unknown here"
            elif key not in theirs:
                yield place, "only here"
            else:
                if key in required and key not in levels:
                    yield place, "optional here"
                elif key in required and levels[key] == "SHOULD":
                    yield place, "SHOULD here"
                elif key not in required and levels.get(key) == "MUST":
                    yield place, "required here"
                alternatives = [
                    leaf["properties"][key] for leaf in objects if key in leaf["properties"]
                ]
                yield from self.compare(place, described[key], {"anyOf": alternatives})


@cache
def disagreements() -> dict[tuple[str, str], None]:
    seen: set[str] = set()
    found: dict[tuple[str, str], None] = {}
    for name, sdk in sdk_schemas():
        ours = edition_of(None).schema(name)
        found |= dict.fromkeys(
            Comparison(sdk.get("$defs", {}), seen).compare(name, ours, sdk, root=True)
        )
    only_here = (name for name in names() if name.startswith(COMPLETE) and name not in seen)
    return found | {(name, "type only here"): None for name in only_here}


def matches(entry: dict, where: str, what: str) -> bool:
    pattern = re.escape(entry["where"]).replace(r"\*", ".*")
    return entry["what"] == what and re.fullmatch(pattern, where) is not None


def allowed() -> list[dict]:
    return tomllib.loads(ALLOWED.read_text("utf-8"))["allowed"]


def test_every_disagreement_is_explained():
    unexplained = [
        f"{where}: {what}"
        for where, what in disagreements()
        if not any(matches(entry, where, what) for entry in allowed())
    ]
    assert unexplained == []


@pytest.mark.parametrize("entry", allowed(), ids=lambda entry: f"{entry['where']} {entry['what']}")
def test_every_explanation_is_still_needed(entry):
    assert any(matches(entry, where, what) for where, what in disagreements()), (
        "stale: remove the entry"
    )
    assert len(entry["because"].split()) > 3
