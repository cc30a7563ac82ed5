"""What came back, in a line: for the `found` part of findings about a whole answer."""

from typing import Any

from conformance.judging.finding import show
from wire.exchange import Exchange

LONGEST = 120


def error_of(x: Exchange) -> dict[str, Any]:
    """The error object of an answer's body; empty when it has none."""
    body = x.reply.json
    inner = body.get("error") if isinstance(body, dict) else None
    return inner if isinstance(inner, dict) else {}


def status_line(x: Exchange) -> str:
    """Status and the error's message, or what else there was: `404 "The model … does not exist"`."""
    if not x.reply.status:
        return x.connection.error or f"no answer ({x.connection.ended.value})"
    message = error_of(x).get("message")
    if isinstance(message, str):
        alone = " with an error alone:" if x.bare_error and x.reply.status < 400 else ""
        return f"{x.reply.status}{alone} {show(message, LONGEST)}"
    text = " ".join(x.reply.text.split())
    if not text:
        return f"{x.reply.status} with an empty body"
    what = "an event stream" if x.reply.is_stream else "the body"
    shown = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return f"{x.reply.status} and {what} {shown}"


def header_shown(x: Exchange, name: str) -> str:
    """The value of a header of the answer, or that there is no such header."""
    value = x.reply.header(name)
    return "no such header" if value is None else show(value)
