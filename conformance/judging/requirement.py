"""The catalogue: every requirement as a row of data, read from `<area>/requirements.toml`."""

import tomllib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any


class Level(StrEnum):
    """How much hangs on a requirement (RFC 2119 words)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


@dataclass(frozen=True)
class Requirement:
    """One row. `id` is a slug that never changes and is never reused."""

    id: str
    area: str
    level: Level
    text: str
    source: str
    ref: tuple[str, ...] = ()
    """Ids of the proposed rows that this requirement covers."""
    feature: str = ""
    """The claim a profile must make for the requirement to be judged; empty means always."""
    excluded: str = ""
    """Why no rule judges it; empty for judged requirements."""
    clients: tuple[str, ...] = ()
    """Clients that break when it does not hold."""
    tags: tuple[str, ...] = ()
    since: date | None = None
    """The real API does it from this day on; older recordings are not judged."""
    per_model: bool = True
    field: str = ""
    """`object:path` of the schema field that the requirement is about, e.g. `chat/completion:id`."""
    event: str = ""
    """The streaming event type that the requirement is about."""


class CatalogueError(ValueError):
    """A requirements file that cannot be used; the message names file and row."""


_LISTS = ("ref", "clients", "tags")


def read_requirements(path: Path) -> tuple[Requirement, ...]:
    """The rows of one area, in file order. The area is the folder's name."""
    area = path.parent.name
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path}: {error}") from error
    defaults = document.get("defaults", {})
    return tuple(
        _requirement(path, area, {**defaults, **row}) for row in document.get("requirement", [])
    )


def _requirement(path: Path, area: str, row: dict[str, Any]) -> Requirement:
    values = {**row, **{key: tuple(row.get(key, ())) for key in _LISTS}}
    try:
        values["level"] = Level(row["level"])
        return Requirement(area=area, **values)
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogueError(f"{path}: row {row.get('id', row)!r}: {error}") from error
