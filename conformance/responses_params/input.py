"""Input items of every form are taken, and what they say reaches the model."""

import base64
import re
from typing import Any, Final

from conformance.judging.answer import error_of, status_line
from conformance.judging.code_word import ASK, knows, told
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.refusal import blind, names, unjudged
from conformance.judging.rule import Rule, rule
from conformance.judging.selector import Selector, ok_probe, probe
from conformance.judging.wild_text import END, WILD
from conformance.responses.selectors import dicts
from conformance.responses_params.accepted import is_valid
from conformance.responses_params.clients import AGENTS, reaches
from conformance.responses_params.request import (
    PATH,
    VALID,
    asking,
    function,
    message,
    message_with_parts,
)
from conformance.responses_params.selectors import text_of
from conformance.running.probe import Impossible, Probe, ProbeContext, post
from wire.exchange import Exchange, Request

_FUNCTION: Final = [function("lookup", word="string")]
_CALL: Final = {"type": "function_call", "call_id": "call_9", "name": "lookup",
                "arguments": '{"word": "code"}'}  # fmt: skip
_OUTPUT: Final = {
    "type": "function_call_output",
    "call_id": "call_9",
    "output": [
        {"type": "input_text", "text": told("TURBOT-26")},
        {"type": "input_text", "text": f"Nothing else was found.{WILD}{END}"},
    ],
}
_PIXELS: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP4z8CAFTEMLQ"
    "kAKP8/wc53yE8AAAAASUVORK5CYII="
)
_DETAILS: Final = ("auto", "low", "high", "original")
_FILE: Final = base64.b64encode(told("CURLEW-58").encode()).decode()
_ASKED: Final = {"type": "input_text", "text": ASK}

# Of two parts the first one tells, so that a server which keeps only the last shows.
_SYSTEM: Final = {
    "role": "system",
    "content": [
        {"type": "input_text", "text": told("MARLIN-52")},
        {"type": "input_text", "text": "Be brief."},
    ],
}
# A JSON object is asked for, too: where that is claimed, both can be seen in one answer.
SYSTEM: Final = Probe(
    f"{VALID}system",
    asking(
        [_SYSTEM, message("user", f"{ASK} Write JSON.")],
        text={"format": {"type": "json_object"}},
    ),
    feature="responses",
    output_tokens=30,
)
PARTS: Final = Probe(
    f"{VALID}output-parts",
    asking(
        [message_with_parts("user", "Look the code word up and tell me."), _CALL, _OUTPUT],
        tools=_FUNCTION,
    ),
    feature="responses.tools",
    per_model=False,
    output_tokens=20,
)
IMAGES: Final = Probe(
    f"{VALID}images",
    asking([{"role": "user", "content": [
        {"type": "input_text", "text": "Which colour is this? One word."},
        *({"type": "input_image", "image_url": _PIXELS, "detail": d} for d in _DETAILS),
    ]}]),
    feature="responses.images",
    per_model=False,
    output_tokens=20,
)  # fmt: skip
FILE: Final = Probe(
    "responses_params.either.file",
    asking([{"role": "user", "content": [
        _ASKED,
        {"type": "input_file", "filename": "word.txt",
         "file_data": f"data:text/plain;base64,{_FILE}"},
    ]}]),
    feature="responses.files",
    per_model=False,
    output_tokens=20,
    retry=False,
)  # fmt: skip


def _returning(context: ProbeContext) -> Request:
    """All items of an answer with reasoning, as a client without a server's store gives them back."""
    items = dicts(context.reply("responses.reasoning").get("output"))
    if not any(item.get("type") == "reasoning" for item in items):
        raise Impossible("responses.reasoning brought no reasoning item")
    back = [
        {"type": "reasoning", "id": item.get("id"), "summary": item.get("summary"),
         "content": None, "encrypted_content": item.get("encrypted_content")}
        if item.get("type") == "reasoning" else item
        for item in items
    ]  # fmt: skip
    given = [message("user", "Count from 1 to 3"), *back, message("user", "Count from 4 to 6")]
    body = {"model": context.model, "input": given, "store": False,
            "include": ["reasoning.encrypted_content"]}  # fmt: skip
    return post(PATH, body)


REASONING: Final = Probe(f"{VALID}reasoning-back", _returning, after=("responses.reasoning",),
                         feature="responses.reasoning.summary", per_model=False,
                         output_tokens=60)  # fmt: skip


def _accepted(requirement: str, *probes: str) -> Rule:
    def check(x: Exchange) -> Findings:
        if x.probe == IMAGES.name and blind(x):
            yield Unsure(f"the model takes no images: {status_line(x)}", lacking=True)
        elif not x.ok:
            yield Finding("status", "200", status_line(x))

    on = probe(*probes).only("that the server looked at", is_looked_at, *probes)
    return Rule((requirement,), on, check)


def is_looked_at(x: Exchange) -> bool:
    return bool(x.reply.status) and not unjudged(x)


ACCEPTED: Final = (
    _accepted("responses.input.text", "responses.echo"),
    _accepted("responses.input.system", SYSTEM.name),
    _accepted("responses.input.output-parts", PARTS.name),
    _accepted("responses.input.image", IMAGES.name),
    _accepted("responses.input.reasoning-back", REASONING.name),
)
REACHED: Final = (
    reaches("responses.input.system", "MARLIN-52", SYSTEM.name),
    reaches("responses.input.output-parts", "TURBOT-26", PARTS.name),
)


@rule("responses.input.text", on=ok_probe("responses.echo"))
def is_response(x: Exchange) -> Findings:
    body = x.reply.json
    if not isinstance(body, dict) or body.get("object") != "response":
        yield Finding("body", 'a JSON object with object "response"', show(x.reply.text, 60))


def _holds(test: str) -> Selector:
    """Valid requests with an input item of a kind."""

    def matches(x: Exchange) -> bool:
        items = dicts(x.request.params.get("input"))
        return is_valid(x) and any(_kind(item) == test for item in items)

    return Selector(f"a valid request with {test}", matches, _CARRIERS[test], True)


def _kind(item: dict[str, Any]) -> str:
    """The type of an item; messages are told apart by their form and role."""
    kind = item.get("type")
    if kind not in (None, "message"):
        return str(kind)
    form = "parts" if isinstance(item.get("content"), list) else "text"
    return f"{item.get('role')} {form}{' untyped' if kind is None else ''}"


# What kind of item is in which probe, and whose requirement its acceptance is.
_CARRIERS: Final[dict[str, tuple[str, ...]]] = {
    "user text untyped": (SYSTEM.name, AGENTS.name),
    "user parts": (f"{VALID}codex*", f"{VALID}continue"),
    "developer parts": (f"{VALID}codex*", f"{VALID}continue"),
    "assistant parts untyped": (f"{VALID}roo",),
    "function_call": (f"{VALID}codex-turn", PARTS.name),
    "function_call_output": (f"{VALID}codex-turn", PARTS.name),
    "custom_tool_call": (f"{VALID}codex-turn",),
    "custom_tool_call_output": (f"{VALID}codex-turn",),
}
_OWNERS: Final = {
    "user text untyped": "responses.input.untyped",
    "user parts": "responses.input.parts",
    "developer parts": "responses.input.developer",
    "assistant parts untyped": "responses.input.assistant",
    "function_call": "responses.input.function-call",
    "function_call_output": "responses.input.function-call",
    "custom_tool_call": "responses.input.custom-call",
    "custom_tool_call_output": "responses.input.custom-call",
}


def _blamed(x: Exchange) -> list[str]:
    """Kinds of the items that a refusal blames: one by its index, or all when it names none."""
    items = dicts(x.request.params.get("input"))
    found = re.search(r"input\[(\d+)\]", str(error_of(x).get("param")))
    if found and int(found[1]) < len(items):
        items = [items[int(found[1])]]
    # A checker of types that tried every form of an item names the whole body's input: no item of it.
    untold = not found and str(error_of(x).get("param")).startswith("body.")
    return [_kind(item) for item in items] if names(x, "input") and not untold else []


def _taken(kind: str) -> Rule:
    def check(x: Exchange) -> Findings:
        if not x.ok and kind in _blamed(x):
            yield Finding("status", f"200 for input with {kind}", status_line(x))

    return Rule((_OWNERS[kind],), _holds(kind), check)


TAKEN: Final = tuple(_taken(kind) for kind in _OWNERS)


@rule("responses.input.file", on=probe(FILE.name))
def file_used(x: Exchange) -> Findings:
    """A server that reads no files says so; one that takes a file has read it."""
    if x.ok:
        yield from knows("output", text_of(x), "CURLEW-58")
    elif is_looked_at(x) and x.reply.status not in (400, 413, 415, 422):
        yield Finding("status", "200, or 400 because of the file", status_line(x))
