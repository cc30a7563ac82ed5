"""response_format: JSON when JSON was asked for, valid against the schema that was given."""

from collections.abc import Iterator
from typing import Any, Final

from conformance.chat.choice import choices_of
from conformance.chat_params.request import VALID, asking
from conformance.chat_params.selectors import SUCCESS
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.rule import rule
from conformance.judging.structured_output import QUESTION, SCHEMA, an_object, by_schema, cut, shows
from conformance.running.probe import Probe
from wire.exchange import Exchange

# As long as a name may be, with all that it may hold.
_NAME: Final = "Reading_of-2".ljust(64, "x")
FORMAT: Final = {
    "type": "json_schema",
    "json_schema": {"name": _NAME, "strict": True, "schema": SCHEMA},
}
# The prompts ask for no JSON by themselves, so that an ignored format shows; a small model makes a short
# object of this one, where it fills others until it is cut.
_JSON: Final = "Say hi. One word only, no JSON."
PROBES: Final = (
    Probe(
        f"{VALID}json-object",
        asking(_JSON, response_format={"type": "json_object"}, service_tier="priority"),
        feature="chat.response_format",
    ),
    Probe(
        f"{VALID}json-schema",
        asking(QUESTION, response_format=FORMAT),
        feature="chat.response_format",
        output_tokens=110,
    ),
    Probe(
        f"{VALID}json-schema-stream",
        asking(QUESTION, response_format=FORMAT, stream=True),
        feature="chat.response_format",
        output_tokens=110,
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
    for choice in choices_of(x):
        whole = choice.finish_reason == "stop" and not choice.refusal and not choice.calls
        if whole and choice.content is not None:
            yield f"{choice.where}.content", choice.content


def beginnings(x: Exchange) -> Iterator[Finding | Unsure]:
    """What the limit cut, and could not have become JSON."""
    for choice in choices_of(x):
        if choice.finish_reason == "length" and not choice.refusal and not choice.calls:
            yield from cut(f"{choice.where}.content", choice.content)


@rule("chat.param.response-format.json-object", on=OBJECT)
def json_object(x: Exchange) -> Findings:
    yield from beginnings(x)
    found = list(texts(x))
    if not found and not any(shows(choice.content) for choice in choices_of(x)):
        yield Unsure("no choice was finished with a text")
    for where, text in found:
        yield from an_object(where, text)


@rule("chat.param.response-format.json-schema", on=BY_SCHEMA)
def json_schema(x: Exchange) -> Findings:
    yield from beginnings(x)
    found, schema = list(texts(x)), wanted(x)[1]
    if not found and not any(shows(choice.content, schema) for choice in choices_of(x)):
        yield Unsure("no choice was finished with a text")
    for where, text in found:
        yield from by_schema(where, text, schema)
