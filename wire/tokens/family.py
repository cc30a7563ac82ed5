"""Families of models: who counts with which vocabulary and which constants, as data."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

from wire.endpoint import Endpoint
from wire.tokens.vocabulary import Vocabulary, vocabulary


@dataclass(frozen=True)
class Overhead:
    """Tokens of an answer above its text and its declared reasoning, for one kind of answer."""

    low: int
    high: int
    reasoning: bool = False
    tools: bool = False
    schema: bool = False


@dataclass(frozen=True)
class Written:
    """What a text that is written into the prompt costs above its own tokens: least and most.

    `alone`: no system or developer message stands first; `joined`: it is written behind one. None
    where that was never measured.
    """

    alone: tuple[int, int] | None = None
    joined: tuple[int, int] | None = None
    history: int = 0  # for each assistant message
    named: bool = False  # the name is counted once more


@dataclass(frozen=True)
class Constants:
    """What one endpoint counts beside text. `prompt` holds a number for each glob of models."""

    prompt: Mapping[str, int]
    history: int = 0
    tools: Written | None = None
    schema: Written | None = None
    output: tuple[Overhead, ...] = ()

    def base(self, model: str) -> int | None:
        """Tokens of a request beside its messages; None where this model was never measured."""
        return next((n for glob, n in self.prompt.items() if fnmatchcase(model, glob)), None)

    def overhead(self, *, reasoning: bool, tools: bool, schema: bool) -> Overhead | None:
        """The narrowest row that covers an answer: what it does not have must not be asked for."""
        fits = [
            row
            for row in self.output
            if row.reasoning >= reasoning and row.tools >= tools and row.schema >= schema
        ]
        return min(fits, key=lambda row: row.reasoning + row.tools + row.schema, default=None)


@dataclass(frozen=True)
class Family:
    """Models that count alike."""

    name: str
    models: tuple[str, ...]
    excepted: tuple[str, ...]
    vocabulary_name: str
    endpoints: Mapping[Endpoint, Constants]
    history_unknown: bool = False
    """What an assistant message in the history costs was never measured."""

    @property
    def vocabulary(self) -> Vocabulary:
        return vocabulary(self.vocabulary_name)

    def has(self, model: str) -> bool:
        return any(fnmatchcase(model, glob) for glob in self.models) and not any(
            fnmatchcase(model, glob) for glob in self.excepted
        )


def family_of(model: object) -> Family | None:
    """The family of a model's name; None where nothing was measured."""
    return next((f for f in families() if f.has(model)), None) if isinstance(model, str) else None


@cache
def families() -> tuple[Family, ...]:
    """Every family of `families.toml`."""
    text = (resources.files("wire.tokens") / "families.toml").read_text(encoding="utf-8")
    return tuple(_family(row) for row in tomllib.loads(text)["family"])


def _family(row: dict[str, Any]) -> Family:
    return Family(
        row["name"],
        tuple(row["models"]),
        tuple(row.get("except", ())),
        row["vocabulary"],
        {e: _constants(row[e]) for e in (Endpoint.CHAT, Endpoint.RESPONSES) if e in row},
        row.get("history_unknown", False),
    )


def _constants(row: dict[str, Any]) -> Constants:
    prompt = row["prompt"]
    return Constants(
        prompt if isinstance(prompt, dict) else {"*": prompt},
        row.get("history", 0),
        _written(row.get("tools")),
        _written(row.get("schema")),
        tuple(Overhead(**each) for each in row["output"]),
    )


def _written(row: dict[str, Any] | None) -> Written | None:
    if row is None:
        return None
    pairs = {key: (row[key][0], row[key][1]) for key in ("alone", "joined") if key in row}
    return Written(history=row.get("history", 0), named=row.get("named", False), **pairs)
