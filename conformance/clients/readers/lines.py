"""Server-sent events as clients cut them: unlike the standard, some hand on events without data."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from conformance.clients.readers.reading import BROKEN, StoppedError
from wire.exchange import Exchange, Invalid, parse_json
from wire.sse import BOM

_LINE_END = re.compile(rb"\r\n|\r|\n")
END = "[DONE]"


class Message(NamedTuple):
    event: str
    data: str
    has_data: bool
    is_known: bool
    """Whether an id or a retry line came with it or, for the id, before."""


def messages(body: bytes, encoding_errors: str = "replace") -> Iterator[Message]:
    """Every block that ended with a blank line, with data or without."""
    event, known, has_id = "", False, False
    data: list[str] = []
    for raw in _LINE_END.split(body)[:-1]:
        if not raw:
            yield Message(event, "\n".join(data), bool(data), known or has_id)
            event, data, known = "", [], False
            continue
        name, _, value = raw.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value.decode("utf-8", encoding_errors))
        elif name == b"event":
            event = value.decode("utf-8", encoding_errors)
        elif name == b"id":
            has_id = bool(value)
        elif name == b"retry":
            known = value.isdigit()


def node_body(x: Exchange) -> Any:
    """A plain body as openai-node reads it: as JSON only where Content-Type says so."""
    _whole(x)
    if "json" not in x.reply.media_type:
        raise StoppedError(f"a text, because Content-Type is {x.reply.media_type or 'missing'}")
    value = parse_json(x.reply.body.removeprefix(BOM).decode("utf-8", "replace"))
    if isinstance(value, Invalid):
        raise StoppedError(f"SyntaxError: {value.reason}")
    return value


def python_body(x: Exchange) -> Any:
    """A plain body as openai-python reads it: whatever Unicode it is in."""
    _whole(x)
    return json.loads(x.reply.body)


def _whole(x: Exchange) -> None:
    if x.connection.ended in BROKEN or x.connection.error:
        raise StoppedError(x.connection.error or "the message is not whole")


def node(x: Exchange) -> Iterator[Any]:
    """Payloads as openai-node reads them: to the end of the message, even after [DONE]."""
    over = False
    for message in messages(x.reply.body.removeprefix(BOM)):
        if over or not (message.event or message.has_data):
            continue
        if message.data.startswith(END):
            over = True
            continue
        payload = parse_json(message.data)
        if isinstance(payload, Invalid):
            raise StoppedError(f"SyntaxError: {payload.reason} in {message.data[:40]!r}")
        if isinstance(payload, dict) and payload.get("error"):
            raise StoppedError(f"APIError: {payload['error']}"[:160])
        if payload is None:
            raise StoppedError("TypeError: Cannot read properties of null")
        yield payload if isinstance(payload, dict) else {}  # what else there is has no members
    if x.connection.ended in BROKEN:
        raise StoppedError("TypeError: terminated")


def python(x: Exchange) -> Iterator[Any]:
    """Payloads as openai-python reads them: until [DONE], each block that said anything."""
    for message in messages(x.reply.body, "strict"):
        if not (message.event or message.has_data or message.is_known):
            continue
        if message.data.startswith(END):
            return
        payload = json.loads(message.data)
        if isinstance(payload, dict) and payload.get("error"):
            raise StoppedError(f"APIError: {payload['error']}"[:160])
        yield payload
    if x.connection.ended in BROKEN:
        raise StoppedError("APIConnectionError: the message is not whole")


def standard(x: Exchange) -> Iterator[Any]:
    """Payloads as the AI SDK reads them: each block with data but [DONE], `Invalid` where it is no JSON."""
    for message in messages(x.reply.body.removeprefix(BOM)):
        if message.has_data and message.data != END:
            yield parse_json(message.data)
    if x.connection.ended in BROKEN:
        raise StoppedError("the connection was closed unexpectedly")
