"""How an arrival can end: exactly one class each, and which of them count as what."""

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    OK = "ok"
    INCOMPLETE_LENGTH = "incomplete_length"  # whole, but the token limit cut the text: ok, flagged
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
    PARSE_ERROR = "parse_error"  # not what was asked for, or not readable
    EMPTY = "empty"  # whole, without content
    CLIENT_SATURATED = "client_saturated"  # not sent: as many in flight as allowed
    CUT_BY_END = "cut_by_end"  # still in flight when the run ended


WHOLE: Final = frozenset({Outcome.OK, Outcome.INCOMPLETE_LENGTH})
# Say nothing about the target: neither success nor failure of it.
UNJUDGED: Final = frozenset({Outcome.CLIENT_SATURATED, Outcome.CUT_BY_END})
FAILED: Final = frozenset(Outcome) - WHOLE - UNJUDGED
REFUSED: Final = frozenset({401, 402})


def of_status(status: int) -> Outcome | None:
    """The class of an HTTP status; None for a success."""
    if 200 <= status < 300:
        return None
    if status == 429:
        return Outcome.HTTP_429
    return Outcome.HTTP_5XX if status >= 500 else Outcome.HTTP_4XX
