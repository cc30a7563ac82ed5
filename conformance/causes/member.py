"""Where a finding points inside a body: the member it is about, and which part is not there."""

import re
from typing import Any

STEP = re.compile(r"\[(\d*)\]|([\w$-]+)")
PATH = re.compile(r"[A-Za-z_$][\w$-]*(?:\[\d*\]|\.[A-Za-z_$][\w$-]*)*(?=$|: )")
EVENT = re.compile(r"^(?:event|chunk) \d+(?:, )?")
COUNT = re.compile(r" \(and in [\d,]+ more \w+\)$")
"""What a judge adds to a finding that stands for many."""
NOTHING = frozenset({"missing", "none", "null", "no such key", "nothing", "not there", ""})
ABSENT = object()
AROUND = ("message", "delta")
"""Objects that a place leaves out: what a choice says is said in one of them."""


def place_of(where: str) -> str:
    """`event 3, part.logprobs (counted)` without the event and without remarks."""
    place = EVENT.sub("", where).rpartition(", ")[2].partition(" (")[0]
    return re.sub(r"^choice \d+\.", "choices[0].", place)


def path_of(where: str) -> tuple[str, ...]:
    """The names of a place, without numbers; words that are no path are one name."""
    place = place_of(where)
    found = PATH.match(place)
    if not found:
        return (plain(place),) if place and place not in {"body", "object"} else ()
    names = (name for _, name in STEP.findall(found[0]))
    return tuple(name for name in names if name and name not in {"body", "object"})


def missing(payload: Any, where: str) -> tuple[str, ...] | None:
    """The shortest part of the path that the payload does not have; None when all of it is there."""
    found = PATH.match(place_of(where))
    names: list[str] = []
    node = payload
    for index, name in STEP.findall(found[0]) if found else ():
        if name:
            names.append(name)
            node = _member_of(node, name)
        else:
            at = int(index or 0)
            node = node[at] if isinstance(node, list) and at < len(node) else ABSENT
        if node is ABSENT or node is None:
            return tuple(names)
    return None


def _member_of(node: Any, name: str) -> Any:
    """A member, also where a place names it without the object around it (`choices[0].content`)."""
    if not isinstance(node, dict):
        return ABSENT
    around = (node.get(outer) for outer in AROUND if name not in node)
    inner = next((found for found in around if isinstance(found, dict)), node)
    return inner.get(name, ABSENT)


def one_of(found: str) -> str:
    """What was found in the first place, without how many others are like it."""
    return COUNT.sub("", found)


def is_nothing(found: str) -> bool:
    return found.strip().lower() in NOTHING


def plain(text: str, limit: int = 90) -> str:
    """A text without what differs between two requests: quoted values, numbers, ids."""
    text = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|`[^`]*`", "…", text)
    text = re.sub(r"\b(?=\w*\d)[\w-]{6,}\b", "…", text)
    return re.sub(r"\d+(?:\.\d+)?", "#", text)[:limit]
