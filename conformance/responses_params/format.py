"""text.format: JSON when JSON was asked for, valid against the schema that was given."""

from collections.abc import Iterator
from typing import Any, Final

from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.rule import rule
from conformance.judging.structured_output import QUESTION, SCHEMA, an_object, by_schema, cut, shows
from conformance.responses.selectors import dicts, final_items
from conformance.responses_params.input import SYSTEM
from conformance.responses_params.request import VALID, asking
from conformance.responses_params.selectors import SUCCESS, response_of, status_of
from conformance.running.budget import usage_of
from conformance.running.probe import Probe
from conformance.usage.limits import limit_of
from wire.exchange import Exchange

_FORMAT: Final = {"type": "json_schema", "name": "reading", "strict": True, "schema": SCHEMA}
SCHEMED: Final = Probe(
    f"{VALID}json-schema",
    asking(QUESTION, text={"format": _FORMAT}, stream=True),
    feature="responses.format",
    output_tokens=110,
)


def wanted(x: Exchange) -> dict[str, Any]:
    """The format asked for; empty when none was."""
    text = x.request.params.get("text")
    form = text.get("format") if isinstance(text, dict) else None
    return form if isinstance(form, dict) else {}


def _in(kind: str, *probes: str) -> Any:
    return SUCCESS.only(f"with {kind}", lambda x: wanted(x).get("type") == kind, *probes)


def _ended(x: Exchange) -> str | None:
    """The status, and incomplete where the limit cut it whatever the status says: that has its own rule."""
    usage, limit = usage_of(x), limit_of(x)
    cut_here = limit is not None and usage is not None and (usage.completion_tokens or 0) >= limit
    return "incomplete" if cut_here and status_of(x) == "completed" else status_of(x)


def texts(x: Exchange, status: str = "completed") -> Iterator[tuple[str, Any]]:
    """Messages that the model finished by itself: no refusal, no call, not cut."""
    if _ended(x) != status:
        return
    for n, item in enumerate(final_items(x)):
        if item.get("type") == "message" and item.get("phase") != "commentary":
            for m, part in enumerate(dicts(item.get("content"))):
                if part.get("type") == "output_text":
                    yield f"output[{n}].content[{m}].text", part.get("text")


def beginnings(x: Exchange) -> Iterator[Finding | Unsure]:
    """What the limit cut, and could not have become JSON."""
    for where, text in texts(x, "incomplete"):
        yield from cut(where, text)


@rule("responses.param.format.json-object", on=_in("json_object", SYSTEM.name))
def json_object(x: Exchange) -> Findings:
    yield from beginnings(x)
    found = list(texts(x))
    if not found and not any(shows(text) for _, text in texts(x, "incomplete")):
        yield Unsure("no message was finished with a text")
    for where, text in found:
        yield from an_object(where, text)


@rule("responses.param.format.json-schema", on=_in("json_schema", SCHEMED.name))
def json_schema(x: Exchange) -> Findings:
    yield from beginnings(x)
    found, schema = list(texts(x)), wanted(x).get("schema")
    if not found and not any(shows(text, schema) for _, text in texts(x, "incomplete")):
        yield Unsure("no message was finished with a text")
    for where, text in found:
        yield from by_schema(where, text, schema)


@rule(
    "responses.param.format.text",
    on=SUCCESS.only("without a format", lambda x: not wanted(x), "responses.echo"),
)
def text_is_default(x: Exchange) -> Findings:
    shown = response_of(x).get("text")
    form = shown.get("format") if isinstance(shown, dict) else None
    if not isinstance(form, dict) or form.get("type") != "text":
        yield Finding("text.format", '{"type": "text"}', show(shown, 60))
