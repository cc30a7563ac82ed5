"""Answers that did not arrive whole, or that cannot be unpacked: what they would have said is not known."""

from typing import Final

from wire.exchange import Ended, Exchange

BROKEN: Final = frozenset({Ended.CUT, Ended.RESET, Ended.TIMEOUT, Ended.LIMIT})
_CODING: Final = "content-encoding"


def torn(x: Exchange) -> str:
    """How the body of a plain answer ended before its end, or nothing.

    Half a JSON object lacks members that were on their way. An event stream that was asked for has its
    events up to the end, and rules of its own for that end.
    """
    # That the suite hung up on purpose needs no words; with words, more came than was asked for.
    too_long = x.connection.ended is Ended.ABORTED and bool(x.connection.error)
    if not x.reply.status or not (too_long or x.connection.ended in BROKEN):
        return ""
    if x.reply.is_stream and (x.wants_stream or "stream=true" in x.request.path):
        return ""
    how = f"{x.connection.ended.value}: {x.connection.error}".rstrip(": ")
    return f"the answer did not arrive whole ({how})"


def packed(x: Exchange) -> str:
    """Why the content coding of an answer could not be undone, or nothing: its bytes are not its text."""
    return x.connection.error if x.connection.error.startswith(_CODING) else ""
