"""What each event looks like before its meaning: name line, JSON, known types, padding, [DONE]."""

from typing import Any, Final

from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.framing import framing_rules
from conformance.judging.offered import offered
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import probe
from conformance.responses.selectors import (
    ASKED_STREAM,
    STREAM,
    is_done_marker,
    stream_with,
    typed,
    types,
)
from schemas.loader import names
from wire.exchange import Exchange

_FOLDER: Final = "responses/events/"
BYTES: Final = framing_rules("responses.stream", ASKED_STREAM)
KNOWN: Final = frozenset(n.removeprefix(_FOLDER) for n in names() if n.startswith(_FOLDER))


OFFERED: Final = offered("responses.offered", "as Codex and other clients of Responses need it")


@rule("responses.status", on=probe("responses.echo", "responses.tools", "responses.cut"))
def status(x: Exchange) -> Findings:
    if x.reply.status == 429:
        yield Unsure("the request was rate limited")
    elif x.reply.status != 200:
        yield Finding("status", "200", status_line(x))


@run_rule("responses.stream.media-type", probes=("responses.echo", "responses.stream.echo"))
def streams_at_all(run: Run) -> Findings:
    plain, x = run.one("responses.echo"), run.one("responses.stream.echo")
    if not plain.ok or x.reply.status == 429:
        yield Unsure(f"{plain.probe} was answered {plain.reply.status}")
    elif not x.ok:
        yield Finding("status", "200 and an event stream", status_line(x), exchange=x.id)


@rule("responses.stream.event-line", on=STREAM)
def event_line(x: Exchange) -> Findings:
    for index, kind, _ in typed(x):
        name = x.reply.events[index].name
        if name != kind:
            yield Finding(
                f"event {index}, event line", show(kind), show(name) if name else "none", index
            )


@rule("responses.stream.typed", on=STREAM)
def typed_data(x: Exchange) -> Findings:
    for index, payload in enumerate(x.reply.payloads):
        if isinstance(payload, dict) and not isinstance(payload.get("type"), str):
            found = show(payload["type"]) if "type" in payload else "missing"
            yield Finding(f"event {index}, type", "a string", found, index)


@rule("responses.stream.done-marker", on=STREAM)
def done_marker(x: Exchange) -> Findings:
    events = x.reply.events
    for event in events:
        if is_done_marker(event.data) and event.index != len(events) - 1:
            where = f"event {event.index}, data"
            yield Finding(where, "no [DONE], or one as the last event", "[DONE]", event.index)


@rule("responses.stream.known-events", on=STREAM)
def known_events(x: Exchange) -> Findings:
    for index, kind, _ in typed(x):
        if kind not in KNOWN and ":" not in kind:
            yield Finding(f"event {index}, type", "a documented type or acme:…", show(kind), index)


_KEEPALIVE: Final = {"type", "sequence_number"}


@rule("responses.stream.keepalive", on=stream_with("keepalive"))
def keepalive(x: Exchange) -> Findings:
    for index, kind, payload in typed(x):
        if kind == "keepalive":
            for name in sorted(set(payload) - _KEEPALIVE):
                yield Finding(
                    f"event {index}, {name}", "nothing but a number", show(payload[name]), index
                )


def _unpadded(x: Exchange) -> bool:
    options: Any = x.request.params.get("stream_options")
    return isinstance(options, dict) and options.get("include_obfuscation") is False


@rule(
    "responses.stream.padding-off",
    on=STREAM.only("asked without padding", _unpadded, "responses.stream.unpadded"),
)
def padding_off(x: Exchange) -> Findings:
    for index, _, payload in typed(x):
        if "obfuscation" in payload:
            yield Finding(
                f"event {index}, obfuscation", "none", show(payload["obfuscation"]), index
            )


# Deltas that recorded streams pad, without exception.
PADDED: Final = frozenset({
    "response.output_text.delta", "response.function_call_arguments.delta",
    "response.custom_tool_call_input.delta", "response.mcp_call_arguments.delta",
    "response.code_interpreter_call_code.delta", "response.reasoning_summary_text.delta",
})  # fmt: skip


def _padded(x: Exchange) -> bool:
    """Streams that the real API pads: all but those of work in the background."""
    waited = "response.queued" in types(x) or x.request.params.get("background") is True
    return not _unpadded(x) and not waited and bool(types(x) & PADDED)


@rule(
    "responses.stream.padding-on",
    on=STREAM.only(
        "with padding",
        _padded,
        "responses.stream.echo",
    ),
)
def padding_on(x: Exchange) -> Findings:
    for index, kind, payload in typed(x):
        if kind in PADDED and "obfuscation" not in payload:
            yield Finding(f"event {index}, obfuscation", "a string", "missing", index)


@rule("responses.stream.padding-type", on=STREAM)
def padding_type(x: Exchange) -> Findings:
    for index, _, payload in typed(x):
        if not isinstance(payload.get("obfuscation", ""), str):
            yield Finding(
                f"event {index}, obfuscation", "a string", show(payload["obfuscation"]), index
            )
