"""Areas: one folder each, found by looking, never registered."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from conformance.judging.requirement import CatalogueError, Requirement, read_requirements
from conformance.judging.rule import Rule, RunRule

HOME = Path(__file__).parents[1]
T = TypeVar("T")


@dataclass(frozen=True)
class Area:
    """Everything a folder brings: its rows, its rules, and its modules with what else they define."""

    name: str
    requirements: tuple[Requirement, ...]
    rules: tuple[Rule | RunRule, ...]
    modules: tuple[ModuleType, ...] = ()

    def things(self, kind: type[T]) -> tuple[T, ...]:
        """What of one type its modules define, such as the probes."""
        return tuple(_attributes(self.modules, kind))


@dataclass(frozen=True)
class Catalogue:
    """All areas together. Ids are unique over all of them."""

    areas: tuple[Area, ...]

    @cached_property
    def requirements(self) -> dict[str, Requirement]:
        return {row.id: row for area in self.areas for row in area.requirements}

    @cached_property
    def rules(self) -> tuple[Rule | RunRule, ...]:
        return tuple(rule for area in self.areas for rule in area.rules)

    @cached_property
    def _rules_by_requirement(self) -> dict[str, list[Rule | RunRule]]:
        table: dict[str, list[Rule | RunRule]] = {}
        for rule in self.rules:
            for name in rule.requirements:
                table.setdefault(name, []).append(rule)
        return table

    def rules_for(self, requirement: str) -> list[Rule | RunRule]:
        return self._rules_by_requirement.get(requirement, [])


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation; contradictions in it are errors of the suite."""
    folders = sorted(path.parent for path in HOME.glob("*/requirements.toml"))
    found = Catalogue(tuple(_area(folder) for folder in folders))
    refuse_doubles([row.id for area in found.areas for row in area.requirements], "requirement")
    known = found.requirements
    for rule in found.rules:
        for name in rule.requirements:
            if name not in known:
                raise CatalogueError(f"a rule judges {name!r}, which no requirements.toml has")
    return found


def _area(folder: Path) -> Area:
    modules = list(_modules(folder))
    return Area(
        folder.name,
        read_requirements(folder / "requirements.toml"),
        (*_attributes(modules, Rule), *_attributes(modules, RunRule)),
        tuple(modules),
    )


def _modules(folder: Path) -> Iterator[ModuleType]:
    for module in pkgutil.iter_modules([str(folder)]):
        if not module.name.startswith("test_"):
            yield importlib.import_module(f"conformance.{folder.name}.{module.name}")


def _attributes(modules: Iterable[ModuleType], kind: type[T]) -> Iterator[T]:
    """Instances of `kind` among the modules' public names, also inside of tuples, each once."""
    seen: set[int] = set()
    for module in modules:
        for name, value in vars(module).items():
            if name.startswith("_"):
                continue
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, kind) and id(item) not in seen:
                    seen.add(id(item))
                    yield item


def refuse_doubles(names: list[str], what: str) -> None:
    """Raise `CatalogueError` for a name that stands twice."""
    if doubles := {name for name in names if names.count(name) > 1}:
        raise CatalogueError(f"{what} {min(doubles)!r} stands twice")
