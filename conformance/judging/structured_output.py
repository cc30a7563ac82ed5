"""Answers that have to be JSON, and valid against the schema that the request gave."""

import json
import re
from typing import Any, Final

from jsonschema import Draft202012Validator
from referencing import Registry

from conformance.judging.finding import Finding, Findings, Unsure, show
from wire.exchange import Invalid, parse_json

# Nothing in it follows from the prompt that it is sent with, so an ignored schema shows. No value may be
# of any length, so that a model which is held to it comes to an end.
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "unit": {"type": "string", "enum": ["kelvin", "rankine"]},
        "values": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"$ref": "#/$defs/value"}},
        "note": {"anyOf": [{"type": "string", "enum": ["measured"]}, {"type": "null"}]},
        "kind": {"const": "reading"},
    },
    "required": ["unit", "values", "note", "kind"],
    "additionalProperties": False,
    "$defs": {
        "value": {
            "type": "object",
            "properties": {"at": {"type": "integer", "minimum": 300}, "ok": {"type": "boolean"}},
            "required": ["at", "ok"],
            "additionalProperties": False,
        }
    },
}  # fmt: skip
QUESTION: Final = "Describe in a few words how warm boiling water is."


def begins_json(text: str) -> bool:
    """Whether a text that was cut could go on to be a JSON object."""
    opened: list[str] = []
    quoted = escaped = False
    for letter in text.strip():
        if not opened and not quoted and letter != "{":
            return False
        if quoted:
            quoted = escaped or letter != '"'
            escaped = not escaped and letter == "\\"
        elif letter == '"':
            quoted = True
        elif letter in "{[":
            opened.append("}" if letter == "{" else "]")
        elif letter in "}]" and letter != opened.pop():
            return False
    end = "".join(reversed(opened))
    return not text.strip() or any(
        isinstance(parse_json(text + more + end), dict) for more in _MORE
    )


_FIRST_MEMBER: Final = re.compile(r'\s*\{\s*"((?:[^"\\]|\\.)*)"\s*:\s*\S')


# What may be missing before the brackets close: of a string, a number, a word, a member.
_MORE: Final = (
    "", '"', '":0', '"":0', ":0", "0", '\\"', '\\":0', '0"', '00"', '000"', '0000"', "rue", "ue", "e",
    "alse", "lse", "se", "ull", "ll", "l",
)  # fmt: skip


def cut(where: str, text: Any) -> Findings:
    """An answer that the limit cut is no JSON, but its beginning is one's."""
    if isinstance(text, str) and not begins_json(text):
        yield Finding(where, "the beginning of a JSON object", show(text))


def shows(text: Any, schema: Any = None) -> bool:
    """Whether the beginning of an answer, which the limit cut, is enough to see that a format was kept.

    A model that is held to nothing seldom begins with a brace, and by a schema it has to begin with a
    member that the schema knows.
    """
    if not isinstance(text, str) or not begins_json(text):
        return False
    begun = _FIRST_MEMBER.match(text)
    known = schema.get("properties") if isinstance(schema, dict) else None
    return begun is not None and (not isinstance(known, dict) or begun[1] in known)


def an_object(where: str, text: Any) -> Findings:
    if not isinstance(text, str) or not isinstance(parse_json(text), dict):
        yield Finding(where, "a JSON object and nothing around it", show(text))


def by_schema(where: str, text: Any, schema: Any) -> Findings:
    value = parse_json(text) if isinstance(text, str) else Invalid("no text")
    if isinstance(value, Invalid):
        yield Finding(where, "JSON by the schema and nothing around it", show(text))
    elif isinstance(schema, (dict, bool)):
        yield from by_value(where, value, schema)


def by_value(where: str, value: Any, schema: Any) -> Findings:
    """The first places of a decoded value that a schema of the request does not allow."""
    try:
        # No registry: a schema must not make the suite fetch anything.
        errors = list(Draft202012Validator(schema, registry=Registry()).iter_errors(value))
    except Exception as reason:  # noqa: BLE001 - the schema came from outside and may be anything
        yield Unsure(f"the schema cannot be used: {type(reason).__name__}")
        return
    for error in errors[:3]:
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.path)
        words = f"{error.validator} {json.dumps(error.validator_value)[:60]}"
        yield Finding(where + path, words, show(error.instance, 60))
