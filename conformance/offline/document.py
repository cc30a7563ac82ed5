"""Documents of JSON or YAML, read an element at a time, so that memory does not grow with the file."""

from collections.abc import Generator, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from conformance.offline.form import Attached, Element, ListPath
from conformance.offline.json_stream import TornError

NOT_READ = "no form of recording that is read here"


class Cursor(Protocol):
    """A place in a document that goes forward only."""

    @property
    def offset(self) -> int:
        """Where it stands: bytes in JSON, the line in YAML."""

    def peek(self) -> str:
        """`{`, `[`, another character for any other value, empty at the end."""

    def value(self) -> Any: ...
    def members(self) -> Iterable[str]: ...
    def elements(self) -> Iterable[tuple[int, Any]]: ...


def elements(
    cursor: Cursor, lists: AbstractSet[ListPath], attached: Attached
) -> Iterator[tuple[int, Element]]:
    """The elements of the lists that stand at these places, or each document as a whole."""
    read = False
    while kind := cursor.peek():
        offset = cursor.offset
        if kind == "[":
            for index, (at, value) in enumerate(cursor.elements()):
                yield at, Element(value, index=index, attached=attached)
        elif kind == "{":
            before: dict[str, Any] = {}
            listed = yield from _members(cursor, lists, (), before, attached)
            if not listed or ("request" in before and "response" in before):
                yield offset, Element(before, attached=attached)
        elif not read or kind != "s" or cursor.value() is not None:
            raise TornError(offset, NOT_READ)
        read = True  # after a document, an empty one of YAML is nothing


def _members(
    cursor: Cursor,
    lists: AbstractSet[ListPath],
    path: ListPath,
    before: dict[str, Any],
    attached: Attached,
) -> Generator[tuple[int, Element], None, bool]:
    """The elements below an object, whose other members are put into `before`."""
    listed = False
    for key in cursor.members():
        here = (*path, key)
        kind = cursor.peek()
        if kind == "[" and here in lists:
            listed = True
            for index, (at, value) in enumerate(cursor.elements()):
                yield at, Element(value, here, index, before, attached)
        elif kind == "{" and any(known[: len(here)] == here for known in lists):
            inner: dict[str, Any] = {}
            before[key] = inner
            listed |= yield from _members(cursor, lists, here, inner, attached)
        else:
            before[key] = cursor.value()
    return listed
