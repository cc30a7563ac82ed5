"""Rules about plain answers, and the field rules of completions and chunks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.chat.chunk import chunks
from conformance.chat.selectors import PLAIN, STREAM, is_audio, speaks_audio
from conformance.judging.answer import status_line
from conformance.judging.fields import FieldSource, Part, field_rules
from conformance.judging.finding import Finding, Findings, Unsure, show
from conformance.judging.framing import lone_surrogates
from conformance.judging.offered import offered
from conformance.judging.requirement import read_requirements
from conformance.judging.route import Silence
from conformance.judging.rule import rule
from conformance.judging.selector import probe
from wire.exchange import Exchange, Invalid

ROWS = read_requirements(Path(__file__).parent / "requirements.toml")
# Requests that a server has to answer when it claims the feature that they are about. Whether it
# takes custom tools is the matter of the parameter.
ANSWERED = (
    "chat.echo", "chat.small", "chat.choices", "chat.tool", "chat.tools-parallel", "chat.tool-required",
    "chat.tool-result",
)  # fmt: skip


def _body(x: Exchange) -> Iterator[Part]:
    if isinstance(x.reply.json, dict):
        yield None, "", x.reply.json


def _chunks(x: Exchange) -> Iterator[Part]:
    audio = speaks_audio(x)
    for index, chunk in chunks(x):
        yield index, "", _as_text(chunk) if audio else chunk


def _as_text(chunk: dict[str, Any]) -> dict[str, Any]:
    """A chunk of an audio stream with the keys that one of a text stream must have."""
    if "choices" not in chunk:
        return {**chunk, "choices": []}
    given = chunk["choices"]
    if not isinstance(given, list) or not any(is_audio(choice) for choice in given):
        return chunk
    return {
        **chunk,
        "choices": [{"finish_reason": None, **c} if is_audio(c) else c for c in given],
    }


FIELDS = field_rules(
    ROWS,
    [
        FieldSource(
            "chat/completion", PLAIN, _body, "chat.response.values", "chat.response.values"
        ),
        FieldSource("chat/chunk", STREAM, _chunks, "chat.chunk.values", "chat.chunk.values"),
    ],
)


OFFERED = offered("chat.offered", "as every client of chat needs it")


@rule("chat.response.status", on=probe(*ANSWERED))
def status(x: Exchange) -> Findings:
    if x.reply.status == 429:
        yield Unsure("the request was rate limited")
    elif x.reply.status != 200:
        yield Finding("status", "200", status_line(x))


@rule("chat.response.status", on=PLAIN)
def media_type(x: Exchange) -> Findings:
    if x.reply.media_type != "application/json":
        given = x.reply.header("content-type") or "none"
        yield Finding("header content-type", "application/json", given)


@rule("chat.response.json", on=PLAIN)
def one_object(x: Exchange) -> Findings:
    body: Any = x.reply.json
    if isinstance(body, Invalid) or not isinstance(body, dict):
        found = (
            f"{body!r} in {show(x.reply.text[-60:])}" if isinstance(body, Invalid) else show(body)
        )
        yield Finding("body", "one JSON object", found)
        return
    try:
        x.reply.body.decode("utf-8")
    except UnicodeDecodeError as error:
        yield Finding("body", "valid UTF-8", str(error))
    if (text := next(lone_surrogates(body), None)) is not None:
        yield Finding("body", "whole characters in strings", f"half a pair in {text!r}")


@rule("chat.response.json", on=PLAIN, silence=[Silence.TORN])
def whole(x: Exchange) -> Findings:
    if x.connection.ended in ("cut", "reset", "timeout"):
        found = x.connection.error or f"the connection was {x.connection.ended}"
        yield Finding("body", "the end of the HTTP message", found)
