"""The schema files, by name, and the addresses by which they refer to each other."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FOLDER: Final = Path(__file__).parent

# Nothing is ever fetched from here: `$ref` is relative, and a relative address needs a base.
BASE: Final = "https://schemas.invalid/"


@cache
def names() -> tuple[str, ...]:
    """Every schema's name: its path in this folder without `.json`."""
    files = (file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*.json"))
    return tuple(sorted(file.removesuffix(".json") for file in files))


@cache
def document(name: str) -> dict[str, Any]:
    """Parse a schema file once; what is returned is shared and must not be changed."""
    schema = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    assert isinstance(schema, dict), name
    return schema


def address(name: str) -> str:
    return f"{BASE}{name}.json"


@cache
def registry() -> Registry[Any]:
    return Registry().with_resources(
        (address(name), Resource.from_contents(document(name), DRAFT202012)) for name in names()
    )
