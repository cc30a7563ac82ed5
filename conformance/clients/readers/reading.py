"""What a client has in hand when an answer is over."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wire.exchange import Ended, Exchange

# The HTTP message was not whole: whoever reads to its end has an error.
BROKEN = frozenset({Ended.CUT, Ended.RESET, Ended.TIMEOUT})


class StoppedError(Exception):
    """A client gives up; the text is what it says, or the line of its code that fails."""


@dataclass(frozen=True)
class Reading:
    """The text shown, the calls made as (name, arguments as JSON text), or why neither came."""

    text: str = ""
    calls: tuple[tuple[Any, Any], ...] = ()
    complaint: str = ""


Reader = Callable[[Exchange], Reading]


def read(reader: Reader, x: Exchange) -> Reading:
    """The reading of an exchange; whatever a client stumbles over is its complaint."""
    try:
        return reader(x)
    except StoppedError as stop:
        return Reading(complaint=str(stop))
    except (
        ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
    ) as error:  # fmt: skip
        # The readers are written as the clients are: what raises here raises there.
        return Reading(complaint=_told(error)[:160])


def _told(error: Exception) -> str:
    """An error of the reader in words for the server's developer, who has the answer before him."""
    if isinstance(error, KeyError):
        return f"an error, because {error.args[0]} is missing, which it reads"
    if isinstance(error, json.JSONDecodeError):
        return f"an error, because what comes is no JSON: {error.msg}"
    if isinstance(error, IndexError):
        return f"an error, because a list is too short: {error}"
    if isinstance(error, TypeError | AttributeError):
        return f"an error, because a member is missing or of another type: {error}"
    return f"{type(error).__name__}: {error}"
