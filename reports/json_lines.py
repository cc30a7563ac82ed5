"""JSON pretty-printed for evidence: numbers as sent, short values on one line, the culprit marked."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

WIDTH: Final = 88
DEEPEST: Final = 60
PATH: Final = re.compile(r"[\w$-]*(?:\[\d+\])*(?:\.[\w$-]+(?:\[\d+\])*)*")
STEP: Final = re.compile(r"\[(\d+)\]|([\w$-]+)")

Path = tuple[str | int, ...]
MISSING: Final = object()


class Line(NamedTuple):
    depth: int
    text: str
    marked: bool = False


class Number(str):
    """A number exactly as it was written: 1.0 and 1e0 stay apart, nothing is rounded."""

    __slots__ = ()


def loads(text: str) -> Any:
    """The value, or ValueError; also for a repeated key, which printing would hide."""
    try:
        return json.loads(
            text,
            parse_int=Number,
            parse_float=Number,
            parse_constant=Number,
            object_pairs_hook=_unrepeated,
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("a key is repeated")
    return unique


def pretty(text: str, where: str = "") -> list[Line] | None:
    """The lines of a JSON text with the place that `where` names marked; None when it is not JSON."""
    try:
        value = loads(text)
        if not isinstance(value, dict | list):
            return None
        return list(_lines(value, (), culprit(value, where) if where else None))
    except (ValueError, RecursionError):
        return None


def culprit(value: Any, where: str) -> Path | None:
    """The deepest existing node that a word of `where` leads to, as in `chunk 7, choices[0].delta`."""
    best: Path | None = None
    for match in PATH.finditer(where):
        steps: list[str | int] = [int(n) if n else name for n, name in STEP.findall(match[0])]
        path: Path = ()
        node = value
        for step in steps:
            node = _child(node, step)
            if node is MISSING:
                break
            path = (*path, step)
        if path and (best is None or len(path) > len(best)):
            best = path
    return best


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, dict):
        return node.get(step, MISSING)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return node[step]
    return MISSING


def _lines(
    node: Any, path: Path, target: Path | None, depth: int = 0, *, before: str = "", after: str = ""
) -> Iterator[Line]:
    marked = target is not None and path == target
    inside = target is not None and len(target) > len(path) and target[: len(path)] == path
    text = flat(node)
    short = len(before) + len(text) + 2 * depth <= WIDTH
    if (
        not isinstance(node, dict | list)
        or not node
        or depth > DEEPEST
        or (short and not inside and path)
    ):
        yield Line(depth, before + text + after, marked)
        return
    opening, closing = "{}" if isinstance(node, dict) else "[]"
    yield Line(depth, before + opening, marked)
    items: list[tuple[str | int, Any]] = (
        list(node.items()) if isinstance(node, dict) else list(enumerate(node))
    )
    for key, child in items:
        name = f"{_quoted(key)}: " if isinstance(key, str) else ""
        comma = "," if key != items[-1][0] else ""
        yield from _lines(child, (*path, key), target, depth + 1, before=name, after=comma)
    yield Line(depth, closing + after, marked)


def flat(node: Any) -> str:
    if isinstance(node, Number):
        return str(node)
    if isinstance(node, dict):
        return (
            "{" + ", ".join(f"{_quoted(key)}: {flat(child)}" for key, child in node.items()) + "}"
        )
    if isinstance(node, list):
        return "[" + ", ".join(flat(child) for child in node) + "]"
    return _quoted(node)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
