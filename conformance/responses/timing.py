"""When the events of a stream arrive: while the model works, or in one burst at its end."""

import re
from itertools import pairwise
from typing import Final

from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.late import unless_late
from conformance.judging.rule import rule
from conformance.judging.selector import Selector
from conformance.responses.selectors import EVERY_STREAM, is_stream, typed
from wire.exchange import Ended, Exchange
from wire.responses import fold_responses

ENOUGH: Final = 20
LONG_TEXT: Final = 100
TOTAL_MS: Final = 100.0
AT_ONCE_MS: Final = 1.0
SHARE: Final = 0.8
STALL_MS: Final = 1_000
LATE_MS: Final = 20.0
_PACE: Final = re.compile(r"\[\[(pace|ttft) (\d+)\]\]")


def _arrivals(x: Exchange) -> list[float]:
    events = x.reply.events
    return [events[n].at_ms for n, kind, _ in typed(x) if kind == "response.output_text.delta"]


def directive(x: Exchange, name: str) -> float | None:
    """The pace or the first wait that a request asks of the scripted model."""
    told = dict(_PACE.findall(str(x.request.params.get("input"))))
    return float(told[name]) if name in told else None


def _timed(x: Exchange) -> bool:
    return is_stream(x) and x.reply.timed and x.probe == "responses.stream.paced"


PACED: Final = Selector("a long stream, alone", _timed, ("responses.stream.paced",))


def ended(x: Exchange) -> bool:
    """Whether a stream came to its terminal event, and was not left."""
    return x.connection.ended is Ended.COMPLETE and fold_responses(x.reply).terminal is not None


def _too_short(x: Exchange) -> bool:
    """Whether nothing can be said: a model that is merely fast is never blamed."""
    return len(_arrivals(x)) < ENOUGH or x.reply.events[-1].at_ms < TOTAL_MS


@rule("responses.stream.unbuffered", on=PACED)
def unbuffered(x: Exchange) -> Findings:
    yield from unless_late(x, _unbuffered(x), LATE_MS)


def _unbuffered(x: Exchange) -> Findings:
    arrivals = _arrivals(x)
    text = fold_responses(x.reply).output_text
    few = 1 if directive(x, "pace") is None else ENOUGH // 2
    if len(text) > LONG_TEXT and 0 < len(arrivals) <= few:
        found = f"{len(text)} characters in {len(arrivals)} deltas"
        yield Finding("deltas", "a delta for every few characters", found)
    elif _too_short(x):
        yield Unsure(f"{len(arrivals)} deltas in a short time: a fast model, or a short answer")
    else:
        yield from _burst(x, arrivals)


def _burst(x: Exchange, arrivals: list[float]) -> Findings:
    at_once = (directive(x, "pace") or 2 * AT_ONCE_MS) / 2
    largest = together = 1
    for before, after in pairwise(arrivals):
        together = together + 1 if after - before < at_once else 1
        largest = max(largest, together)
    if largest >= SHARE * len(arrivals):
        spread = f"{largest} of {len(arrivals)} deltas without a pause"
        found = (
            f"{spread}, the first after {arrivals[0]:.0f} ms, the last after {arrivals[-1]:.0f} ms"
        )
        yield Finding("arrival of the deltas", "deltas spread over the stream", found)


def _paced(x: Exchange) -> bool:
    return _timed(x) and not _too_short(x) and (directive(x, "pace") or 0) > 0


def _waits(x: Exchange) -> bool:
    return _timed(x) and not _too_short(x) and (directive(x, "ttft") or 0) > 0


@rule(
    "responses.stream.created-early",
    on=PACED.only("after a wait", _waits, "responses.stream.paced"),
)
def created_early(x: Exchange) -> Findings:
    yield from unless_late(x, _created_early(x), 3 * LATE_MS)


def _created_early(x: Exchange) -> Findings:
    waited = directive(x, "ttft") or 0
    first, content = x.reply.events[0].at_ms, _arrivals(x)[0]
    if content - first < waited / 2:
        expected = f"about {waited:.0f} ms before the first delta"
        yield Finding("arrival of event 0", expected, f"{content - first:.0f} ms before it", 0)


@rule("responses.stream.steady", on=PACED.only("at a pace", _paced, "responses.stream.paced"))
def steady(x: Exchange) -> Findings:
    yield from unless_late(x, _steady(x), STALL_MS / 2)


def _steady(x: Exchange) -> Findings:
    pace = directive(x, "pace") or 0
    times = [*_arrivals(x), x.reply.events[-1].at_ms]
    for before, after in pairwise(times):
        if after - before > STALL_MS + 10 * pace:
            found = f"{after - before:.0f} ms of silence"
            yield Finding("arrival of the deltas", f"one each {pace:.0f} ms", found)


CLOSE_MS: Final = 3_000


@rule(
    "responses.stream.closes",
    on=EVERY_STREAM.only("that came to its end", ended, "responses.stream.echo"),
)
def closes(x: Exchange) -> Findings:
    """Clients read to the end of the body, beyond the terminal event: so long their user waits."""
    yield from unless_late(x, _closes(x), CLOSE_MS / 2)


def _closes(x: Exchange) -> Findings:
    events, end = x.reply.events, x.connection.total_ms or 0.0
    if not events or not x.reply.timed:
        return
    late = max([end, *(chunk.at_ms for chunk in x.reply.chunks)]) - events[-1].at_ms
    if late > CLOSE_MS:
        found = f"open for {late / 1000:.1f} s more"
        said = "the end of the body soon after the terminal event"
        yield Finding("connection", said, found, len(events) - 1)
