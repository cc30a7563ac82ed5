"""Rules about tool calls, plain or streamed alike."""

import re
from collections.abc import Iterator
from typing import Any

from conformance.chat.choice import ToolCall, choices_of, intact, member
from conformance.chat.prompts import at_limit, calls_asked, cut_by_limit
from conformance.chat.selectors import SUCCESS
from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.structured_output import begins_json, by_value
from conformance.judging.substance import succeeded
from wire.exchange import Exchange, parse_json

LONGEST_ID = 64
NAMES = 300  # characters of the tools that are listed in a finding
# Other words, and none, are judged as a field.
LEGAL = {"stop", "length", "tool_calls", "content_filter", "function_call"}
PROBES = ("chat.tool", "chat.tool-stream", "chat.tools-parallel", "chat.tools-parallel-stream")
CALLING = SUCCESS.only("with tool calls", lambda x: any(c.calls for c in choices_of(x)), *PROBES)
ORDERED = SUCCESS.only(
    "that was told to call",
    lambda x: (
        bool(calls_asked(x))
        and x.request.params.get("parallel_tool_calls") is not False
        # What a limit cuts is judged as that.
        and not cut_by_limit(x)
    ),
    *PROBES,
)


def choice_asked(x: Exchange) -> str:
    """tool_choice as a word: auto, none, required, or named for any object."""
    given = x.request.params.get("tool_choice")
    return given if isinstance(given, str) else "auto" if given is None else "named"


def tools(x: Exchange) -> dict[str, dict[str, Any]]:
    """The offered tools by name: the tool object, whose type says the kind."""
    given = x.request.params.get("tools")
    rows = [t for t in given if isinstance(t, dict)] if isinstance(given, list) else []
    # A client that leaves the type out, as Mistral's does, means a function.
    rows = [t if "type" in t else {**t, "type": "function"} for t in rows]
    named = ((member(t, str(t.get("type"))).get("name"), t) for t in rows)
    return {name: tool for name, tool in named if isinstance(name, str)}


def calls(x: Exchange) -> Iterator[ToolCall]:
    for choice in choices_of(x):
        yield from choice.calls


def _finish(x: Exchange) -> Findings:
    allowed = {"tool_calls"} | ({"length"} if at_limit(x) else set())
    for choice in choices_of(x):
        if choice.calls and str(choice.finish_reason) in LEGAL - allowed:
            found = show(choice.finish_reason)
            yield Finding(f"{choice.where}, finish_reason", "tool_calls", found)
        elif at_limit(x) and choice.finish_reason == "tool_calls" and _cut_short(choice.calls):
            found = '"tool_calls" after arguments that are not whole'
            yield Finding(f"{choice.where}, finish_reason", '"length"', found)


def _cut_short(made: tuple[ToolCall, ...]) -> bool:
    """Whether the last call's arguments stop in the middle."""
    text = made[-1].text if made and made[-1].kind != "custom" else None
    whole = not isinstance(text, str) or isinstance(parse_json(text), dict)
    return not whole and isinstance(text, str) and begins_json(text)


AUTO = CALLING.only("of its own will", lambda x: choice_asked(x) == "auto", *PROBES)
FORCED = CALLING.only(
    "under tool_choice required", lambda x: choice_asked(x) == "required", "chat.tool-required"
)


@rule("chat.tools.finish-reason", on=AUTO)
def finish_reason(x: Exchange) -> Findings:
    yield from _finish(x)


@rule("chat.tools.finish-reason-required", on=FORCED)
def finish_reason_required(x: Exchange) -> Findings:
    yield from _finish(x)


@rule(
    "chat.tools.called",
    on=SUCCESS.only(
        "that says tool_calls",
        lambda x: any(c.finish_reason == "tool_calls" for c in choices_of(x)),
        *PROBES,
    ),
)
def called(x: Exchange) -> Findings:
    for choice in choices_of(x) if intact(x) else ():
        if choice.finish_reason == "tool_calls" and not choice.calls:
            yield Finding(f"{choice.where}, tool_calls", "at least one call", "none")


@rule("chat.tools.arguments-json", on=CALLING)
def arguments_json(x: Exchange) -> Findings:
    for choice in choices_of(x) if intact(x) else ():
        for call in choice.calls if choice.finish_reason != "length" else ():
            text = call.text if call.kind != "custom" else None
            if isinstance(text, str) and not isinstance(parse_json(text), dict):
                yield Finding(f"{call.where}.arguments", "a JSON object", show(text))


STRICT = CALLING.only(
    "of strict functions",
    lambda x: any(member(t, "function").get("strict") is True for t in tools(x).values()),
    *PROBES,
)


@rule("chat.tools.arguments-schema", on=STRICT)
def arguments_schema(x: Exchange) -> Findings:
    offered = tools(x)
    for choice in choices_of(x) if intact(x) else ():
        if choice.finish_reason == "length":
            continue
        for call in choice.calls:
            function = member(
                offered.get(call.name) if isinstance(call.name, str) else None, "function"
            )
            schema = function.get("parameters")
            if function.get("strict") is not True or not isinstance(schema, dict):
                continue
            value = parse_json(call.text) if isinstance(call.text, str) else None
            if isinstance(value, dict):
                yield from by_value(f"{call.where}.arguments", value, schema)


@rule("chat.tools.id-unique", on=CALLING)
def id_unique(x: Exchange) -> Findings:
    for choice in choices_of(x):
        seen: set[str] = set()
        for call in choice.calls:
            if isinstance(call.id, str) and call.id in seen:
                yield Finding(f"{call.where}.id", "an id of its own", show(call.id))
            seen |= {call.id} if isinstance(call.id, str) else set()


@run_rule("chat.tools.id-unique", probes=("chat.tool", "chat.tools-parallel"), sees=succeeded)
def id_unique_in_run(run: Run) -> Findings:
    seen: dict[str, Exchange] = {}
    for x in run.where(CALLING):
        for call in calls(x):
            if isinstance(call.id, str) and seen.setdefault(call.id, x) is not x:
                expected = f"another id than in {seen[call.id].id}"
                yield Finding(f"{call.where}.id", expected, show(call.id), exchange=x.id)


@rule("chat.tools.id-filled", on=CALLING)
def id_filled(x: Exchange) -> Findings:
    for call in calls(x):
        if call.id == "":
            yield Finding(f"{call.where}.id", "an id", '""')


@rule("chat.tools.id-prefix", on=CALLING)
def id_prefix(x: Exchange) -> Findings:
    for call in calls(x):
        if isinstance(call.id, str) and call.id and not re.fullmatch(r"call_.+", call.id):
            yield Finding(f"{call.where}.id", '"call_…"', show(call.id))


@rule("chat.tools.name", on=CALLING)
def name_offered(x: Exchange) -> Findings:
    offered = tools(x)
    for call in calls(x):
        tool = offered.get(call.name) if isinstance(call.name, str) else None
        if tool is None:
            names = str(sorted(offered))
            said = names if len(names) <= NAMES else f"{len(offered)} tools, {names[:NAMES]}…"
            yield Finding(f"{call.where}.name", f"one of {said}", show(call.name))
        elif isinstance(call.type, str) and tool.get("type") != call.type:
            yield Finding(f"{call.where}.type", show(tool.get("type", ABSENT)), show(call.type))


@rule("chat.tools.id-form", on=SUCCESS.only(
    "with tool calls", lambda x: any(c.calls for c in choices_of(x)), "chat.tool"))  # fmt: skip
def id_form(x: Exchange) -> Findings:
    """Clients send ids on to other APIs, which take 64 letters, digits, hyphens and underscores."""
    for choice in choices_of(x):
        for call in choice.calls:
            if not isinstance(call.id, str) or not call.id:
                continue
            if len(call.id) > LONGEST_ID:
                found = f"{len(call.id)} characters"
                yield Finding(f"{call.where}.id", f"at most {LONGEST_ID} characters", found)
            elif not call.id.replace("-", "").replace("_", "").isalnum() or not call.id.isascii():
                yield Finding(f"{call.where}.id", "letters, digits, - and _", show(call.id))
