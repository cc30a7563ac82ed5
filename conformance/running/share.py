"""The share of an answer: how long so many tokens can make it. Beyond that the suite hangs up."""

from typing import Final

from wire.exchange import Ended, Exchange

# What an answer holds besides its tokens: events of its life, the request repeated, a token's log
# probabilities. Beyond that it passes the share of its request.
EVENTS_BESIDE, EVENTS_A_TOKEN = 256, 2
BYTES_BESIDE, BYTES_A_TOKEN = 256 * 2**10, 4 * 2**10
_HUNG_UP: Final = "the suite hung up after"


def passes(share_tokens: int, events: int, size_bytes: int) -> bool:
    """Whether an answer is longer than so many tokens can make it."""
    return (
        events > EVENTS_BESIDE + EVENTS_A_TOKEN * share_tokens
        or size_bytes > BYTES_BESIDE + BYTES_A_TOKEN * share_tokens
    )


def complaint(share_tokens: int, events: int, size_bytes: int) -> str:
    return (
        f"{_HUNG_UP} {events} events and {size_bytes} bytes: "
        f"at most {share_tokens} output tokens were asked for"
    )


def hung_up(x: Exchange) -> bool:
    """Whether the suite ended an answer because it passed its share."""
    return x.connection.ended is Ended.ABORTED and x.connection.error.startswith(_HUNG_UP)
