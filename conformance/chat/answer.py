"""Rules about answers, plain or streamed alike."""

import re
from collections.abc import Iterable
from typing import Any, Final

from conformance.chat.choice import (
    Choice,
    choices,
    choices_of,
    indexes,
    intact,
    member,
    objects,
    place,
)
from conformance.chat.prompts import text_asked
from conformance.chat.selectors import SUCCESS, speaks_audio, wanted_choices
from conformance.chat.stream import ends_by_itself
from conformance.judging.finding import ABSENT, Finding, Findings, Unsure, show
from conformance.judging.model_name import is_alias, is_deployment, same_model
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe
from conformance.judging.substance import succeeded
from wire.chat import fold_chat
from wire.exchange import Exchange

CLOCK_TOLERANCE_S = 300
# Words that end an answer, only not one that is whole; other words are judged as a field.
OTHER_ENDS = ("length", "tool_calls", "content_filter", "function_call")
FINISHED = SUCCESS.only(
    "that was heard to the end",
    lambda x: ends_by_itself(x) and not _failed(x),
)
REFUSING = SUCCESS.only(
    "with a refusal",
    lambda x: any(isinstance(c.refusal, str) and c.refusal for c in choices_of(x)),
    "chat.refusal",
    "chat.refusal-stream",
)
CITING = SUCCESS.only(
    "with citations", lambda x: any(_citations(c) for c in choices_of(x)), "chat.annotations"
)


def _failed(x: Exchange) -> bool:
    return x.reply.is_stream and fold_chat(x.reply).error is not None


@rule("chat.answer.choices", on=FINISHED)
def choice_indexes(x: Exchange) -> Findings:
    found, wanted = indexes(x), list(range(wanted_choices(x)))
    if found is not None and found != wanted:
        yield Finding("choices[].index", show(wanted), show(found))


@rule("chat.answer.model", on=SUCCESS)
def model_served(x: Exchange) -> Findings:
    asked = x.request.params.get("model")
    if not isinstance(asked, str) or is_alias(asked) or is_deployment(x):
        return
    for index, value in objects(x)[:1]:
        given = value.get("model")
        same = same_model(asked, given) if isinstance(given, str) else True
        if same is None:
            yield Unsure(f"whether {given} is {asked} only the provider can say")
        elif not same:
            yield Finding(place(index, "model"), f"{asked} or a snapshot of it", show(given), index)


@rule("chat.answer.created", on=SUCCESS)
def created_now(x: Exchange) -> Findings:
    if x.started_at is None:
        yield Unsure("the time of the request is not known")
        return
    earliest = x.started_at - CLOCK_TOLERANCE_S
    for index, value in objects(x)[:1]:
        created = value.get("created")
        if type(created) is int and not earliest <= created <= earliest + 2 * CLOCK_TOLERANCE_S:
            expected = f"{x.started_at:.0f} ± {CLOCK_TOLERANCE_S}"
            yield Finding(place(index, "created"), expected, str(created), index)


@rule("chat.answer.id-prefix", on=SUCCESS)
def id_prefix(x: Exchange) -> Findings:
    for index, value in objects(x)[:1]:
        if isinstance(value.get("id"), str) and not re.fullmatch(r"chatcmpl-.+", value["id"]):
            yield Finding(place(index, "id"), '"chatcmpl-…"', show(value["id"]), index)


@run_rule("chat.answer.id-unique", probes=("chat.echo", "chat.small"), sees=succeeded)
def id_unique(run: Run) -> Findings:
    seen: dict[str, Exchange] = {}
    for x in run.where(SUCCESS):
        for index, value in objects(x)[:1]:
            name = value.get("id")
            if isinstance(name, str) and seen.setdefault(name, x) is not x:
                expected = f"another id than that of {seen[name].id}"
                yield Finding(place(index, "id"), expected, show(name), index, exchange=x.id)


def _ended_at_once(x: Exchange) -> bool:
    """Whether the usage says so: the end of the turn is all that was generated."""
    body = x.reply.json
    usage = fold_chat(x.reply).usage_json if x.reply.is_stream else None
    usage = usage or (body.get("usage") if isinstance(body, dict) else None)
    used = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return type(used) is int and 0 <= used <= 1


@rule("chat.answer.text", on=FINISHED)
def says_something(x: Exchange) -> Findings:
    for choice in choices_of(x) if intact(x) else ():
        others = ("audio", "function_call")
        spoken = choice.calls or any(choice.others.get(name) for name in others)
        silent = all(said in (None, ABSENT) for said in (choice.content, choice.refusal))
        if choice.finish_reason == "stop" and silent and not spoken:
            if _ended_at_once(x):
                yield Unsure("the model ended its turn at once")
                continue
            yield Finding(f"{choice.where}, content", "a string", show(choice.content))


@rule("chat.answer.refusal-alone", on=REFUSING)
def refusal_alone(x: Exchange) -> Findings:
    for choice in choices_of(x):
        if not choice.refusal:
            continue
        # A stream may begin with an empty content.
        if isinstance(choice.content, str) and (choice.content or not x.reply.is_stream):
            yield Finding(f"{choice.where}, content", "null", show(choice.content))
        if choice.calls:
            yield Finding(f"{choice.where}, tool_calls", "none", f"{len(choice.calls)} calls")


@rule("chat.answer.refusal", on=ok_probe("chat.refusal", "chat.refusal-stream"))
def refuses(x: Exchange) -> Findings:
    for choice in choices_of(x) if intact(x) else ():
        if choice.refusal in (None, ""):
            yield Finding(f"{choice.where}, refusal", "a text", show(choice.refusal))
        elif choice.finish_reason in OTHER_ENDS:
            found = show(choice.finish_reason)
            yield Finding(f"{choice.where}, finish_reason", "stop", found)


def _citations(choice: Choice) -> list[dict[str, Any]]:
    given = choice.others.get("annotations")
    rows = given if isinstance(given, list) else []
    return [row["url_citation"] for row in rows if member(row, "url_citation")]


@rule("chat.answer.citations", on=ok_probe("chat.annotations"))
def citations_there(x: Exchange) -> Findings:
    given = [choice.others.get("annotations") for choice in choices_of(x)]
    if any(isinstance(rows, list) for rows in given) and not any(map(_citations, choices_of(x))):
        yield Finding("choices[0].message.annotations", "a url_citation", "none")


@rule("chat.answer.citations", on=CITING)
def citations(x: Exchange) -> Findings:
    for choice in choices_of(x):
        if not isinstance(choice.content, str):
            continue
        size = len(choice.content)
        for n, cited in enumerate(_citations(choice)):
            start, end = cited.get("start_index"), cited.get("end_index")
            where = f"{choice.where}, annotations[{n}].url_citation"
            if type(start) is int and type(end) is int and not 0 <= start <= end <= size:
                yield Finding(where, f"0 <= start <= end <= {size}", f"{start}, {end}")
            url = cited.get("url")
            if isinstance(url, str) and not re.match(r"[a-z][a-z0-9+.-]*:", url, re.IGNORECASE):
                yield Finding(f"{where}.url", "a URL", show(url))


def _said_all(x: Exchange, choice: Choice) -> bool:
    content = choice.content
    return isinstance(content, str) and content.strip() == (text_asked(x) or "").strip()


@rule(
    "chat.answer.finish-stop",
    on=FINISHED.only("to a known text", lambda x: bool(text_asked(x))),
    # How an answer ends that says something else tells nothing.
    sees=lambda x, _: any(_said_all(x, choice) for choice in choices_of(x)),
)
def finish_stop(x: Exchange) -> Findings:
    for choice in choices_of(x):
        if _said_all(x, choice) and choice.finish_reason in OTHER_ENDS:
            found = show(choice.finish_reason)
            yield Finding(f"{choice.where}, finish_reason", "stop", found)


# What the real API always adds, by the kind of object; not a promise, so only worth a note.
USUAL = ("system_fingerprint", "service_tier")


@rule("chat.answer.usual-fields", on=SUCCESS)
def usual_fields(x: Exchange) -> Findings:
    for index, value in objects(x)[:1]:
        yield from _lacking(index, value, "", USUAL)
        for where, choice in choices(value):
            if index is not None and not speaks_audio(x):
                delta = member(choice, "delta")
                names = ("content",) if "role" in delta else ()
                yield from _lacking(index, delta, f"{where}.delta.", names)
            if message := member(choice, "message"):
                yield from _lacking(index, message, f"{where}.message.", ("annotations",))


def _lacking(
    index: int | None, value: dict[str, Any], path: str, names: Iterable[str]
) -> Iterable[Finding]:
    for name in names:
        if name not in value:
            yield Finding(place(index, path + name), "the member", "missing", index)


# What reasoning models and their templates put around a thought.
_THOUGHTS: Final = (
    "<think>",
    "<thinking>",
    "<|channel|>analysis",
    "◁think▷",
    "<reasoning>",
    "[THINK]",
)


@rule("chat.answer.no-thought", on=SUCCESS)
def no_thought(x: Exchange) -> Findings:
    asked = x.request.body.decode("utf-8", "replace")
    for choice in choices_of(x) if intact(x) else ():
        text = choice.content.lstrip() if isinstance(choice.content, str) else ""
        mark = next((m for m in _THOUGHTS if text.startswith(m) and m not in asked), None)
        if mark:
            yield Finding(
                f"{choice.where} content", "the answer alone", f"a thought: {show(text[:60])}"
            )
