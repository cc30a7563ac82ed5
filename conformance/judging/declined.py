"""Answers in place of an answer: a key with credit was told to come back, so nothing else was said.

A limit, an overload or an upstream that is away (408, 429, 5xx) may be faultless, and tells nothing of
what the request asks about. Rules about something else leave such an exchange alone; what it means for
clients is one row's affair (`errors.served`).
"""

from collections.abc import Iterable, Sequence
from typing import Final

from wire.exchange import Exchange

AWAY: Final = frozenset({502, 503, 504, *range(520, 531)})
"""What fronts say when the server behind them is away (520 to 530 are Cloudflare's), or is overloaded (529)."""
PASSING: Final = frozenset({408, 429, *AWAY})
TRIES: Final = 3
"""So often something was asked for, all requests and their tries together, before it is believed refused."""
SPACED_S: Final = 3.0
"""Over so many seconds at least: from the first to the last, or waited between the tries."""
# Keys that are there to be refused: what they get is what their probes ask about.
_LIMITED, _EMPTY = "[redacted:low_limit]", "[redacted:no_credit]"


def repeated(x: Exchange) -> bool:
    """Whether a server error came for each of several tries: no passing trouble.

    A try that met a connection which had just been closed (status 0) was no try.
    """
    statuses = [a.status for a in x.attempts if a.status]
    return bool(statuses) and all(s >= 500 for s in statuses) and x.reply.status >= 500


def declined(x: Exchange) -> bool:
    """Whether a probe's request was answered with a passing refusal in place of what it asks."""
    status = x.reply.status
    if x.probe is None or (status not in PASSING and status < 500):
        return False
    if b"[[script" in x.request.body or b"[[usage" in x.request.body:
        return False  # the refusal was asked for
    key = x.request.header("authorization") or ""
    if _EMPTY in key or (_LIMITED in key and status == 429):
        return False
    return status in PASSING or not repeated(x)


def lasting(refused: Sequence[Exchange]) -> bool:
    """Whether passing refusals came often enough and long enough to be more than a bad moment."""
    tries = sum(1 + len(x.attempts) for x in refused)
    started = [x.started_at or 0.0 for x in refused]
    waited = sum(a.waited_s for x in refused for a in x.attempts)
    return tries >= TRIES and max(max(started) - min(started), waited) >= SPACED_S


def unreliable(exchanges: Iterable[Exchange]) -> bool:
    """Whether asking again cured a server error somewhere: then one that stayed may be chance, too."""
    return any(x.reply.status < 500 and any(a.status >= 500 for a in x.attempts) for x in exchanges)
