"""How long answers are waited for: one in fifty that takes a minute is seen by every user each hour.

A slow machine is no fault: what counts is a wait that is long for anybody, and long beside the same server's
others, with what is written meanwhile and the client's own lateness taken off.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.route import Silence
from conformance.judging.rule import run_rule
from conformance.judging.run import Run
from conformance.running.budget import MOST_TOKENS, usage_of
from conformance.running.speed import says_something, speed
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange

LONG_S: Final = 10.0
"""So long a client waits for a first token, or for an answer beside what it takes to write it."""
TIMES: Final = 20
"""So many times the usual wait of its kind is an answer of its own kind of late."""
LEAST: Final = 5
"""So many answers of a kind tell what is usual."""
SLOWEST_RATE: Final = 5.0
"""Tokens a second, where no stream tells how fast the server writes."""
_MAIN: Final = "[redacted:main]"
_ORDERED: Final = (b"[[ttft", b"[[pace", b"[[script")


@dataclass(frozen=True)
class Wait:
    """How long one answer was waited for, in seconds."""

    x: Exchange
    kind: str
    seconds: float
    came: bool


def waits(exchanges: Iterable[Exchange], rate: float) -> Iterator[Wait]:
    """The waits for answers of a key with credit; `rate`: tokens a second that the server writes."""
    for x in exchanges:
        if not _asks(x):
            continue
        kind = f"{'streamed' if x.wants_stream else 'plain'} {x.endpoint} answers"
        if x.connection.ended is Ended.TIMEOUT and not x.reply.status:
            yield Wait(x, kind, (x.connection.total_ms or 0.0) / 1000, came=False)
        elif x.ok and x.reply.timed and (at_ms := _first_ms(x)) is not None:
            late_ms = x.connection.late_ms or 0.0
            yield Wait(x, kind, max(0.0, (at_ms - late_ms) / 1000 - _written(x) / rate), came=True)


def _asks(x: Exchange) -> bool:
    return (
        x.probe is not None
        and x.request.method == "POST"
        and x.endpoint in (Endpoint.CHAT, Endpoint.RESPONSES)
        and _MAIN in (x.request.header("authorization") or "")
        and not any(word in x.request.body for word in _ORDERED)
    )


def _first_ms(x: Exchange) -> float | None:
    """When the first piece of an answer came: of a stream a piece of its text, else its head."""
    if not x.reply.is_stream:
        return x.reply.headers_at_ms
    pairs = zip(x.reply.events, x.reply.payloads, strict=True)
    return next((e.at_ms for e, p in pairs if isinstance(p, dict) and says_something(p)), None)


def _written(x: Exchange) -> int:
    """The tokens that were written before the first piece came: all of a plain answer, the thoughts of a stream."""
    usage = usage_of(x)
    if usage is None:
        return 0
    told = usage.reasoning_tokens if x.reply.is_stream else usage.completion_tokens
    return min(max(0, told or 0), MOST_TOKENS)


def _rate(exchanges: Iterable[Exchange]) -> float:
    found = speed(exchanges)
    rates = found.get("tokens_per_s_range") if found else None
    return max(SLOWEST_RATE / 5, rates[0] / 2) if rates else SLOWEST_RATE


@run_rule("http.answers-in-time", probes=("models.list",), silence=set(Silence))
def in_time(run: Run) -> Findings:
    found = list(waits(run.exchanges, _rate(run.exchanges)))
    kinds = {kind: [w for w in found if w.kind == kind] for kind in sorted({w.kind for w in found})}
    if not any(len(group) >= LEAST for group in kinds.values()):
        yield Unsure("too few answers were timed")
        return
    for kind, group in kinds.items():
        if len(group) < LEAST:
            continue
        usual_s = median(w.seconds for w in group)
        late = [w for w in group if w.seconds > LONG_S and w.seconds > TIMES * usual_s]
        worst = max(group, key=lambda w: w.seconds)
        if usual_s > LONG_S:
            wanted = f"a first token, beside what is written before it, within {LONG_S:.0f} s"
            yield Finding(
                "time", wanted, f"{_told(kind, group)}: each is late", exchange=worst.x.id
            )
        elif late:
            wanted = f"no {kind} that wait {LONG_S:.0f} s and {TIMES} times as long as the others"
            yield Finding("time", wanted, f"{_told(kind, group)}: {len(late)} late", exchange=worst.x.id)  # fmt: skip


def _told(kind: str, group: list[Wait]) -> str:
    ordered = sorted(w.seconds for w in group)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    never = sum(not w.came for w in group)
    lost = f", {never} of them never came" if never else ""
    return f"{len(group)} {kind}: p50 {median(ordered):.1f} s, p99 {p99:.1f} s, most {ordered[-1]:.1f} s{lost}"  # fmt: skip
