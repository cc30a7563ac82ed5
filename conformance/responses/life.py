"""The order of a stream: the transition table of its lifecycle, from created to the terminal event."""

from collections.abc import Hashable, Iterator
from typing import Final

from conformance.judging.finding import Finding, Findings
from conformance.judging.grammar import ANY, END, Grammar, Step, Violation, walk
from conformance.judging.rule import rule
from conformance.responses.selectors import (
    ASKED_STREAM,
    EVERY_STREAM,
    is_done_marker,
    typed,
    whole,
)
from wire.exchange import Exchange

_S: Final = "responses.stream."

LIFE: Final = Grammar(
    words={
        ("stream", "created"): "response.created",
        ("stream", "queued"): "response.queued",
        ("stream", "in_progress"): "response.in_progress",
        ("stream", "item"): "an event of an output item",
        ("stream", "end"): "response.completed, response.incomplete or response.failed",
        ("stream", "failed"): "response.failed",
        ("stream", "error"): "error",
    },
    tables={
        "stream": {
            "start": {"created": "created", "error": "broken"},
            "created": {
                "queued": "created",
                "in_progress": "running",
                "error": "broken",
            },
            "running": {"item": "running", "end": "ended", "error": "broken"},
            "broken": {"failed": "ended", "[DONE]": "closed"},
            "ended": {"[DONE]": "closed"},
            "closed": {},
        }
    },
    accepting={"stream": frozenset({"broken", "ended", "closed"})},
    blame={
        ("stream", ANY, ANY): _S + "in-progress",
        ("stream", "start", "created"): _S + "created-first",
        ("stream", "start", ANY): _S + "created-first",
        ("stream", "start", "in_progress"): _S + "created-first",
        ("stream", "start", "queued"): _S + "created-first",
        ("stream", "start", "end"): _S + "created-first",
        ("stream", ANY, "created"): _S + "created-once",
        ("stream", ANY, "queued"): _S + "queued",
        ("stream", ANY, END): _S + "terminal",
        ("stream", ANY, "[DONE]"): _S + "terminal",
        ("stream", "broken", ANY): _S + "error-ends",
        ("stream", "broken", "end"): _S + "terminal",
        ("stream", "broken", "error"): _S + "terminal",
        ("stream", "ended", ANY): _S + "after-terminal",
        ("stream", "ended", "created"): _S + "after-terminal",
        ("stream", "ended", "queued"): _S + "after-terminal",
        ("stream", "ended", "end"): _S + "terminal",
        ("stream", "ended", "error"): _S + "terminal",
        ("stream", "closed", ANY): _S + "after-terminal",
        ("stream", "closed", "[DONE]"): _S + "after-terminal",
    },
    landing={
        ("stream", "start", "in_progress"): "running",
        ("stream", "start", "queued"): "created",
        ("stream", "start", "item"): "running",
        ("stream", "start", "end"): "ended",
        ("stream", "created", "item"): "running",
        ("stream", "created", "end"): "ended",
        ("stream", "broken", "end"): "ended",
    },
)
_LIFE_SYMBOLS: Final = {
    "response.created": "created",
    "response.queued": "queued",
    "response.in_progress": "in_progress",
    "response.completed": "end",
    "response.incomplete": "end",
    "response.failed": "end",
    "error": "error",
}


def life_steps(x: Exchange) -> Iterator[Step]:
    broken = False
    kinds = {index: kind for index, kind, _ in typed(x)}
    for event in x.reply.events:
        kind = kinds.get(event.index)
        if kind is None:
            if is_done_marker(event.data):
                yield Step("stream", 0, "[DONE]", event.index)
            continue
        symbol = _LIFE_SYMBOLS.get(kind, "item")
        if broken and kind == "response.failed":
            symbol = "failed"
        broken = broken or kind == "error"
        # Keep-alives and an implementor's own events may come anywhere before the end.
        if symbol != "item" or kind.startswith("response."):
            yield Step("stream", 0, symbol, event.index)


@rule(
    _S + "created-first",
    _S + "created-once",
    _S + "queued",
    _S + "in-progress",
    _S + "terminal",
    _S + "after-terminal",
    _S + "error-ends",
    on=EVERY_STREAM,
)
def life(x: Exchange) -> Findings:
    ended = whole(x) and bool(x.reply.events)
    for violation in walk(LIFE, life_steps(x), ended=ended):
        yield violated(LIFE, violation, x)


@rule(_S + "terminal", on=ASKED_STREAM)
def streams_at_all(x: Exchange) -> Findings:
    if not x.reply.is_stream:
        yield Finding("body", "an event stream", x.reply.media_type or "nothing")
    elif not x.reply.events and whole(x):
        yield Finding("body", "events", "none")


def place_of(kind: str, key: Hashable) -> str:
    """Where in the response a machine stands: `output[0].content[2]`; `?` where no event says it."""
    known = tuple("?" if part is None else part for part in key) if isinstance(key, tuple) else key
    match kind, "?" if known is None else known:
        case "stream", _:
            return ""
        case "item" | "call" | "mcp", item:
            return f" for output[{item}]"
        case "part", (item, part):
            return f" for output[{item}].content[{part}]"
        case "summary", (item, part):
            return f" for output[{item}].summary[{part}]"
        case "text", (str(name), item, part):
            more = f", number {part}" if part else ""
            return f" for {name} of output[{item}]{more}"
    return f" for {kind} {key}"


def violated(grammar: Grammar, violation: Violation, x: Exchange) -> Finding:
    """A violation as a finding, in the API's words."""
    kinds = {index: kind for index, kind, _ in typed(x)}
    allowed, about = grammar.expected(violation), place_of(violation.kind, violation.key)
    if violation.symbol == END:
        where, found = "end of the stream" + about, "no more events"
    else:
        where = f"event {violation.event}{about}"
        found = kinds.get(violation.event, violation.symbol)
    return Finding(where, allowed, found, violation.event, violation.requirement)
