"""One way in which an answer differs from its schema, said in one line."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

LONGEST: Final = 80
EVERY: Final = "[]"
PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][\w$-]*", re.ASCII)


class Missing:
    """Stands for a property that is not there."""


MISSING: Final = Missing()


@dataclass(frozen=True, slots=True)
class Problem:
    path: str
    field: str
    keyword: str
    level: str
    expected: str
    found: str

    @property
    def message(self) -> str:
        return f"{self.path or 'the answer'}: expected {self.expected}, found {self.found}"


def path_of(steps: Iterable[str | int]) -> str:
    """Write steps into a document as `choices[0].message`."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step == EVERY:
            text += step
        elif PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step)}]"
    return text


def field_of(steps: Iterable[str | int]) -> str:
    """Write the same steps without the indexes, so that equal places count together."""
    return path_of(EVERY if isinstance(step, int) else step for step in steps)


def shortened(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def found_in(instance: object) -> str:
    """Name a value's JSON type and, where it is short, the value."""
    match instance:
        case Missing():
            return "missing"
        case None:
            return "null"
        case bool():
            return f"boolean {json.dumps(instance)}"
        case int():
            return shortened(f"integer {instance}")
        case float():
            return f"number {instance!r}"
        case str():
            return shortened(f"string {json.dumps(instance[:LONGEST])}")
        case list():
            return f"array of {len(instance)}"
        case dict():
            return shortened(
                f"object with {', '.join(map(path_of, zip(instance)))}"
                if instance
                else "empty object"
            )
    return shortened(str(instance))  # bytes that are no JSON come as an object that says why


def listed(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def expected_by(keyword: str, value: Any) -> str:
    """Put a keyword and its value into words."""
    match keyword:
        case "type":
            return listed([value] if isinstance(value, str) else value)
        case "const":
            return json.dumps(value)
        case "enum" | "x-known":
            return listed(map(json.dumps, value))
        case "minimum":
            return f"at least {value}"
        case "minLength":
            return "text that is not empty" if value == 1 else f"at least {value} characters"
        case "minItems":
            return "a list that is not empty" if value == 1 else f"at least {value} items"
        case "pattern":
            return f"text like {value}"
        case "x-by-type":
            return f"a type known to {value.name}"
    return f"{keyword} {json.dumps(value)}"


def described(schema: Mapping[str, Any] | bool) -> str:
    """Say in a few words what a schema asks for, to name what is missing."""
    if isinstance(schema, bool):
        return "a value"
    for keyword in ("const", "enum", "type"):
        if keyword in schema:
            return expected_by(keyword, schema[keyword])
    return "a value"
