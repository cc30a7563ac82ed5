"""response_format: JSON when JSON was asked for, valid against the schema that was given."""

import json
from collections.abc import Iterator
from typing import Any, Final

from jsonschema import Draft202012Validator
from referencing import Registry

from conformance.chat.said import said
from conformance.chat_params.kinds import SUCCESS
from conformance.chat_params.request import VALID, asking
from conformance.probe import Probe
from conformance.rule import Finding, Findings, Unsure, rule, show
from wire.exchange import Exchange, Invalid, parse_json

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "unit": {"type": "string", "enum": ["kelvin", "rankine"]},
        "values": {
            "type": "array",
            "minItems": 2,
            "maxItems": 3,
            "items": {"$ref": "#/$defs/value"},
        },
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
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
}
# As long as a name may be, with all that it may hold.
_NAME: Final = "Reading_of-2".ljust(64, "x")
FORMAT: Final = {
    "type": "json_schema",
    "json_schema": {"name": _NAME, "strict": True, "schema": SCHEMA},
}
# The prompts ask for no JSON by themselves, so that an ignored format shows.
_READ: Final = "Describe in a few words how warm boiling water is."
_JSON: Final = "Say hello. (Some would say it in JSON.)"
PROBES: Final = (
    Probe(
        f"{VALID}json-object",
        asking(_JSON, response_format={"type": "json_object"}, service_tier="priority"),
        feature="chat.response_format",
    ),
    Probe(
        f"{VALID}json-schema",
        asking(_READ, response_format=FORMAT),
        feature="chat.response_format",
        output_tokens=80,
    ),
    Probe(
        f"{VALID}json-schema-stream",
        asking(_READ, response_format=FORMAT, stream=True),
        feature="chat.response_format",
        output_tokens=80,
    ),
)


def wanted(x: Exchange) -> tuple[str, Any]:
    """The type of the format asked for, and its schema."""
    given = x.request.params.get("response_format")
    given = given if isinstance(given, dict) else {}
    inner = given.get("json_schema")
    kind = given.get("type")
    return (
        kind if isinstance(kind, str) else "",
        inner.get("schema") if isinstance(inner, dict) else None,
    )


OBJECT: Final = SUCCESS.only(
    "with json_object", lambda x: wanted(x)[0] == "json_object", f"{VALID}json-object"
)
BY_SCHEMA: Final = SUCCESS.only(
    "with json_schema", lambda x: wanted(x)[0] == "json_schema", f"{VALID}json-schema*"
)


def texts(x: Exchange) -> Iterator[tuple[str, Any]]:
    """Contents that the model finished by itself: no refusal, no call, not cut."""
    for choice in said(x):
        whole = choice.finish_reason == "stop" and not choice.refusal and not choice.calls
        if whole and choice.content is not None:
            yield f"{choice.where}.content", choice.content


@rule("chat.param.response-format.json-object", on=OBJECT)
def json_object(x: Exchange) -> Findings:
    found = list(texts(x))
    if not found:
        yield Unsure("no choice was finished with a text")
    for where, text in found:
        if not isinstance(text, str) or not isinstance(parse_json(text), dict):
            yield Finding(where, "a JSON object and nothing around it", show(text))


@rule("chat.param.response-format.json-schema", on=BY_SCHEMA)
def json_schema(x: Exchange) -> Findings:
    found, schema = list(texts(x)), wanted(x)[1]
    if not found:
        yield Unsure("no choice was finished with a text")
    for where, text in found:
        value = parse_json(text) if isinstance(text, str) else Invalid("no text")
        if isinstance(value, Invalid):
            yield Finding(where, "JSON by the schema and nothing around it", show(text))
        elif isinstance(schema, (dict, bool)):
            yield from _judged(where, value, schema)


def _judged(where: str, value: Any, schema: Any) -> Findings:
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
