"""Forms of recordings: what a reader of one is. All of them are found in `forms`, none is registered."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import IO, Any, TypeVar

from conformance.offline import forms
from conformance.offline.record import LeftOutError, Record

Attached = Callable[[str], bytes]
"""Gives a file that a recording names as the place of a body, or raises `LeftOutError`."""
T = TypeVar("T")
ListPath = tuple[str, ...]


def nothing_attached(name: str) -> bytes:
    raise LeftOutError(f"the body lies in another file, {name}")


@dataclass(frozen=True)
class Element:
    """A value of a recording: one of a list in a document, a line, or a document of its own."""

    value: Any
    path: ListPath = ()
    """Keys on the way to the list that holds it: `("log", "entries")`."""
    index: int = 0
    before: Mapping[str, Any] = field(default_factory=dict)
    """Members of the document that stand before the list."""
    attached: Attached = nothing_attached


@dataclass(frozen=True)
class Form:
    """A form whose recordings are JSON or YAML."""

    name: str
    """As people call it: `HAR 1.2 (browsers, Charles, …)`."""
    records: Callable[[Element], Iterable[Record] | None]
    """The records of an element; None when it is not of this form."""
    lists: tuple[ListPath, ...] = ()
    """Where documents of this form hold their elements, which are read one at a time."""
    last: bool = False
    """Asked after all others: it takes anything that looks like a request and a response."""


@dataclass(frozen=True)
class ByteForm:
    """A form whose recordings are neither JSON nor YAML."""

    name: str
    begins: re.Pattern[bytes]
    """Matches the first kilobytes of such a file."""
    records: Callable[[IO[bytes]], Iterator[tuple[int, Record]]]
    """Each record with the byte where it begins."""


@cache
def all_forms() -> tuple[Form, ...]:
    """The forms in JSON and YAML, in the order in which they are asked."""
    return tuple(sorted(_found(Form), key=lambda form: form.last))


@cache
def byte_forms() -> tuple[ByteForm, ...]:
    return tuple(_found(ByteForm))


def form_names() -> list[str]:
    """The names of all forms, those of HAR and cassettes first."""
    names = [form.name for form in all_forms()] + [form.name for form in byte_forms()]
    return sorted(names, key=lambda name: (not name.startswith(("HAR", "cassettes")), name))


@cache
def list_paths() -> frozenset[ListPath]:
    """Every place where a document of some form holds its elements."""
    return frozenset(path for form in all_forms() for path in form.lists)


def _found(kind: type[T]) -> Iterator[T]:
    for module in pkgutil.iter_modules(forms.__path__):
        found = importlib.import_module(f"{forms.__name__}.{module.name}")
        yield from (value for value in vars(found).values() if isinstance(value, kind))
