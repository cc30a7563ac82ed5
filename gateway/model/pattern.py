"""A text that matches a regular expression, always the same one."""

import re
from re import _parser  # type: ignore[attr-defined]  # the parse tree has no public name
from typing import Any, Final


def matching(pattern: str) -> str:
    """A text that fully matches the commonest kinds of pattern."""
    try:
        tree = _parser.parse(pattern)
    except (ValueError, OverflowError, re.error):
        return "text"
    return "".join(_walk(tree))


def _walk(tree: Any) -> list[str]:
    out: list[str] = []
    for op, value in tree:
        name = str(op)
        if name == "LITERAL":
            out.append(chr(value))
        elif name == "ANY":
            out.append("x")
        elif name == "NOT_LITERAL":
            out.append("x" if value != ord("x") else "y")
        elif name == "IN":
            out.append(_from_set(value))
        elif name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
            low, high, inner = value
            out += _walk(inner) * max(low, min(1, int(high)))
        elif name == "SUBPATTERN":
            out += _walk(value[-1])
        elif name == "BRANCH":
            out += _walk(value[1][0])
    return out


_CATEGORY: Final = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_NOT_SPACE": "a",
}


def _from_set(members: Any) -> str:
    name, value = str(members[0][0]), members[0][1]
    if name == "NEGATE":
        banned = {code for op, code in members[1:] if str(op) == "LITERAL"}
        return next(char for char in "xyzab0-_ " if ord(char) not in banned)
    if name == "LITERAL":
        return chr(value)
    if name == "RANGE":
        return chr(value[0])
    return str(_CATEGORY.get(str(value), "a"))
