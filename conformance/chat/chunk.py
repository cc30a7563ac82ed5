"""Rules about the chunks of a stream as such: what they are, and what is equal in all of them."""

from typing import Any

from conformance.chat.choice import choices, member, objects
from conformance.chat.selectors import ASKED_STREAM, PLAIN, STREAM
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.framing import framing_rules
from conformance.judging.rule import rule
from conformance.judging.selector import ok_probe, probe
from wire.exchange import Ended, Exchange

FRAMING = framing_rules("chat.stream", ASKED_STREAM)
STREAMED = (
    "chat.echo-stream", "chat.echo-stream-usage", "chat.choices-stream", "chat.paced", "chat.abort",
    "chat.logprobs-stream", "chat.tool-stream", "chat.tools-parallel-stream",
)  # fmt: skip
MISSING = object()


def is_chunk(value: dict[str, Any]) -> bool:
    return "choices" in value or value.get("object") == "chat.completion.chunk"


def chunks(x: Exchange) -> list[tuple[int, dict[str, Any]]]:
    """The chunks of a stream with their event indexes."""
    return [(n, value) for n, value in objects(x) if n is not None and is_chunk(value)]


@rule("chat.stream.media-type", on=probe(*STREAMED))
def status(x: Exchange) -> Findings:
    if x.reply.status == 429:
        yield Unsure("the request was rate limited")
    elif x.reply.status != 200:
        yield Finding("status", "200", status_line(x))


@rule("chat.stream.events", on=ok_probe(*STREAMED))
def events(x: Exchange) -> Findings:
    """Most clients look at no header: whatever came is read as events."""
    if not x.reply.is_stream:
        yield Finding("body", "events", show(x.reply.text[:100]))


@rule("chat.stream.begun", on=STREAM)
def begun(x: Exchange) -> Findings:
    """A stream that succeeds and says nothing: clients take it for an answer, and show none."""
    if (
        not objects(x)
        and x.connection.ended is Ended.COMPLETE
        and not any(isinstance(value, dict) for _, value in x.objects())
    ):
        said = [event.data for event in x.reply.events]
        yield Finding("body", "chunks, or one error", show(said) if said else "no event at all")


@rule("chat.chunk.calls-empty", on=STREAM)
def calls_empty(x: Exchange) -> Findings:
    """A list of no calls says nothing, and clients take it for the beginning of calls."""
    for index, chunk in chunks(x):
        for where, choice in choices(chunk):
            if member(choice, "delta").get("tool_calls") == []:
                yield Finding(
                    f"event {index}, {where}.delta.tool_calls",
                    "calls, or no tool_calls",
                    "[]",
                    index,
                )
                return


@rule("chat.response.calls-empty", on=PLAIN)
def calls_empty_in_plain(x: Exchange) -> Findings:
    for _, value in objects(x):
        for where, choice in choices(value):
            if member(choice, "message").get("tool_calls") == []:
                yield Finding(f"{where}.message.tool_calls", "calls, or no tool_calls", "[]")
                return


@rule("chat.stream.heartbeat", on=STREAM)
def heartbeat(x: Exchange) -> Findings:
    for index, value in objects(x):
        if not is_chunk(value):
            yield Finding(f"event {index}", "a chunk or an error", show(value), index)


@rule("chat.stream.no-event-name", on=STREAM)
def no_event_name(x: Exchange) -> Findings:
    for event in x.reply.events:
        # An error may be named: the SDKs read it either way.
        if event.name not in ("", "error"):
            found = f"event: {event.name}"
            yield Finding(f"event {event.index}", "no event field", found, event.index)


@rule("chat.stream.id-constant", on=STREAM)
def id_constant(x: Exchange) -> Findings:
    yield from _constant(x, "id")


@rule("chat.stream.created-constant", on=STREAM)
def created_constant(x: Exchange) -> Findings:
    yield from _constant(x, "created")


@rule("chat.stream.model-constant", on=STREAM)
def model_constant(x: Exchange) -> Findings:
    yield from _constant(x, "model")


@rule("chat.stream.fingerprint-constant", on=STREAM)
def fingerprint_constant(x: Exchange) -> Findings:
    yield from _constant(x, "system_fingerprint", presence=True)


@rule("chat.stream.tier-constant", on=STREAM)
def tier_constant(x: Exchange) -> Findings:
    yield from _constant(x, "service_tier", presence=True)


def _constant(x: Exchange, name: str, *, presence: bool = False) -> Findings:
    """The first chunk sets the value; missing required fields are judged as fields."""
    found = [(index, chunk.get(name, MISSING)) for index, chunk in chunks(x)]
    if not presence:
        found = [(index, value) for index, value in found if value is not MISSING]
    for index, value in found[1:]:
        if type(value) is not type(found[0][1]) or value != found[0][1]:
            yield Finding(f"event {index}, {name}", _word(found[0][1]), _word(value), index)
            return


def _word(value: Any) -> str:
    return "missing" if value is MISSING else show(value)


@rule("chat.stream.finish-empty", on=STREAM)
def finish_empty(x: Exchange) -> Findings:
    for index, chunk in chunks(x):
        for where, choice in choices(chunk):
            delta = member(choice, "delta").items()
            said = {k: v for k, v in delta if v not in (None, "", []) and k != "role"}
            if isinstance(choice.get("finish_reason"), str) and said:
                yield Finding(f"event {index}, {where}.delta", "{}", show(said), index)
