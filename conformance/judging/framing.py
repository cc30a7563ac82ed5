"""Framing rules: what the bytes of an event stream must be, the same for every endpoint that streams.

An area calls `framing_rules` with the prefix of its rows (`chat.stream`) and writes a row for each
ending of `NAMES`; levels and clients may differ between areas, the judging does not.
"""

from collections.abc import Iterator
from typing import Any

from conformance.judging.finding import Finding, Findings, show
from conformance.judging.rule import Rule
from conformance.judging.selector import Selector
from wire.exchange import Ended, Exchange, Invalid
from wire.sse import DONE, FactKind

# Facts of the decoder that break a requirement: its ending, and what should be there instead.
_BY_FACT: dict[FactKind, tuple[str, str]] = {
    FactKind.BOM: ("no-bom", "no byte order mark before the first line"),
    FactKind.BAD_UTF8: ("utf-8", "lines that are valid UTF-8"),
    FactKind.ID_FIELD: ("no-id", "no id field"),
    FactKind.NO_DATA: ("no-empty-event", "no event without a data line"),
    FactKind.EMPTY_DATA: ("no-empty-event", "no event whose data is empty"),
    FactKind.UNKNOWN_FIELD: ("fields", "lines that begin with data, event, id, retry or a colon"),
    FactKind.CR_LINES: ("line-ends", "lines that end with LF or CRLF"),
    FactKind.MIXED_LINE_ENDS: ("line-ends", "one kind of line end"),
    FactKind.NO_BLANK_LINE_AT_END: ("terminated", "a blank line after the last event"),
    FactKind.TOO_LONG: ("event-size", "events of less than 8 MiB"),
}
NAMES = (
    *dict.fromkeys(name for name, _ in _BY_FACT.values()),
    "media-type",
    "json",
    "unicode",
    "whole",
)
# We stopped reading, so the end of what we have is our doing.
STOPPED = frozenset({Ended.ABORTED, Ended.LIMIT})
# The HTTP message was not whole: that alone is the finding, not what is missing with it.
BROKEN = frozenset({Ended.CUT, Ended.RESET, Ended.TIMEOUT})


def framing_rules(prefix: str, asked: Selector) -> tuple[Rule, ...]:
    """The rules of `prefix`. `asked` matches successes of requests that asked for a stream."""
    stream = asked.only("as an event stream", lambda x: x.reply.is_stream)
    by_fact = tuple(dict.fromkeys(f"{prefix}.{name}" for name, _ in _BY_FACT.values()))

    def facts(x: Exchange) -> Findings:
        for kind, where, text, times in x.reply.facts:
            if kind in _BY_FACT and not (_at_end(kind) and x.connection.ended in STOPPED | BROKEN):
                name, expected = _BY_FACT[kind]
                found = f"{kind.value.replace('_', ' ')} {text!r}" + f" {times} times" * (times > 1)
                yield Finding(f"event {where}", expected, found, where, f"{prefix}.{name}")

    return (
        Rule(by_fact, stream, facts),
        Rule((f"{prefix}.media-type",), asked, _media_type),
        Rule((f"{prefix}.json",), stream, _json),
        Rule((f"{prefix}.unicode",), stream, _unicode),
        Rule((f"{prefix}.whole",), stream, _whole),
    )


def _at_end(kind: FactKind) -> bool:
    return kind is FactKind.NO_BLANK_LINE_AT_END


def _media_type(x: Exchange) -> Findings:
    given = x.reply.header("content-type") or "none"
    charset = given.lower().partition("charset=")[2].strip(' "')
    if not x.reply.is_stream:
        yield Finding("body", "an event stream", f"{given}: {show(x.reply.text[:60])}")
    elif x.reply.media_type != "text/event-stream":
        yield Finding("header content-type", "text/event-stream", given)
    elif charset not in {"", "utf-8", "utf8"}:
        yield Finding("header content-type", "charset utf-8", given)


def _json(x: Exchange) -> Findings:
    for event, payload in zip(x.reply.events, x.reply.payloads, strict=True):
        # Empty data has a requirement of its own; a cut event is the cut's fault.
        if isinstance(payload, dict) or not event.data or event.data.strip() == DONE:
            continue
        if event.index == len(x.reply.events) - 1 and x.connection.ended in STOPPED | BROKEN:
            continue
        found = (
            f"{payload!r}: {event.data[:60]!r}" if isinstance(payload, Invalid) else show(payload)
        )
        yield Finding(f"event {event.index}", "one JSON object", found, event.index)


def _unicode(x: Exchange) -> Findings:
    for event, payload in zip(x.reply.events, x.reply.payloads, strict=True):
        if "\\u" in event.data and (text := next(lone_surrogates(payload), None)) is not None:
            where = f"event {event.index}"
            yield Finding(
                where, "whole characters in strings", f"half a pair in {text!r}", event.index
            )


def _whole(x: Exchange) -> Findings:
    if x.connection.ended in BROKEN:
        last = len(x.reply.events) - 1
        found = x.connection.error or f"the connection was {x.connection.ended}"
        yield Finding(f"after event {last}", "the end of the HTTP message", found, max(last, 0))


def lone_surrogates(value: Any) -> Iterator[str]:
    """Strings inside a JSON value that hold half of a surrogate pair; strict parsers refuse them."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            todo += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            todo += item
        elif isinstance(item, str) and any("\ud800" <= letter <= "\udfff" for letter in item):
            yield item
