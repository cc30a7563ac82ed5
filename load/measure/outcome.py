"""How an arrival can end: exactly one class each, and which of them count as what."""

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    # Several sets and counts are asked for the outcome of each request: an enum's own hash is a call in Python.
    __hash__ = str.__hash__

    OK = "ok"
    INCOMPLETE_LENGTH = "incomplete_length"  # whole, but the token limit cut the text: ok, flagged
    # Whole by its form, measured as such, but not as asked for:
    # Every choice finished and the message ended: only [DONE] is missing.
    WITHOUT_DONE = "without_done"
    LENGTH_EARLY = "length_early"  # cut for its length, short of the limit that was asked for
    CONTENT_FILTER = "content_filter"  # cut by a filter
    STOPPED = "stopped"  # this client hung up after as many chunks as --stop-after says
    HTTP_3XX = "http_3xx"  # never followed: a key must not go where a server points
    HTTP_4XX = "http_4xx"
    HTTP_429 = "http_429"
    HTTP_5XX = "http_5xx"
    CONNECT_ERROR = "connect_error"
    TLS_ERROR = "tls_error"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT_FIRST_TOKEN = "timeout_first_token"  # noqa: S105 - no password
    TIMEOUT_IDLE = "timeout_idle"  # a gap longer than allowed
    TIMEOUT_TOTAL = "timeout_total"
    RESET_MID_STREAM = "reset_mid_stream"
    TRUNCATED = "truncated"  # the message ended without the terminal event
    ERROR_EVENT = "error_event"  # 200, then an error
    ERROR_FINISH = "error_finish"  # whole by its form, with a finish_reason that says error
    UNANSWERED = "unanswered"  # at the end of the drain, and longer than the slowest that came back
    PARSE_ERROR = "parse_error"  # not what was asked for, or not readable
    EMPTY = "empty"  # whole, without content
    CLIENT_SATURATED = "client_saturated"  # not sent: as many in flight as allowed
    CLIENT_ERROR = "client_error"  # this client failed: no descriptor, no port, an error of its own
    CUT_BY_END = "cut_by_end"  # still in flight when the run ended, and not longer than others took


WHOLE: Final = frozenset({
    Outcome.OK, Outcome.INCOMPLETE_LENGTH, Outcome.WITHOUT_DONE, Outcome.LENGTH_EARLY, Outcome.CONTENT_FILTER,
    Outcome.STOPPED,
})  # fmt: skip
# What can be good.
AS_ASKED: Final = frozenset(
    {Outcome.OK, Outcome.INCOMPLETE_LENGTH, Outcome.WITHOUT_DONE, Outcome.STOPPED}
)
# Say nothing about the target: neither success nor failure of it.
UNJUDGED: Final = frozenset({Outcome.CLIENT_SATURATED, Outcome.CLIENT_ERROR, Outcome.CUT_BY_END})
FAILED: Final = frozenset(Outcome) - WHOLE - UNJUDGED
REFUSED: Final = frozenset({401, 402})


_CLASSES: Final = {3: Outcome.HTTP_3XX, 4: Outcome.HTTP_4XX, 5: Outcome.HTTP_5XX}


def of_status(status: int) -> Outcome | None:
    """The class of an HTTP status; None for a success."""
    if 200 <= status < 300:
        return None
    if status == 429:
        return Outcome.HTTP_429
    return _CLASSES.get(status // 100, Outcome.PARSE_ERROR)
