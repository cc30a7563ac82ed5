"""Rules about when things arrive. A model that is merely fast is never blamed."""

from itertools import pairwise

from conformance.chat.choice import choices, member
from conformance.chat.chunk import chunks
from conformance.chat.prompts import pace_asked
from conformance.chat.selectors import STREAM, SUCCESS
from conformance.chat.stream import ends_by_itself
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.late import unless_late
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import ok_probe
from conformance.judging.substance import streamed
from wire.chat import fold_chat
from wire.exchange import Exchange

# Without an order for its pace, a model is held for buffered only when so much text in so little
# time is beyond any machine of today.
LONG_MS, BURST_MS, BURST_CHUNKS = 3_000, 15, 80
STALL_MS = 1_000
LATE_MS = 20
CLOSE_MS = 3_000
MOMENTS = 5
"""Who sees an answer grow at so many moments sees it grow."""
PACED = ok_probe("chat.paced") & STREAM.only("with times", lambda x: x.reply.timed)


def content_times(x: Exchange) -> list[float]:
    """Arrival times of the chunks that carry content."""
    events = x.reply.events
    return [
        events[index].at_ms
        for index, chunk in chunks(x)
        if any(member(choice, "delta").get("content") for _, choice in choices(chunk))
    ]


@rule("chat.stream.incremental", on=PACED)
def incremental(x: Exchange) -> Findings:
    yield from unless_late(x, _incremental(x), LATE_MS)


def _incremental(x: Exchange) -> Findings:
    times, pace = content_times(x), pace_asked(x).get("pace")
    whole = fold_chat(x.reply).whole
    if not times or (len(times) < 5 and not (whole and pace)):
        yield Unsure(f"the model gave {len(times)} chunks with content")
        return
    spread = times[-1] - times[0]
    found = f"{len(times)} chunks within {spread:.0f} ms"
    if pace is not None and len(times) < 5:
        yield Finding("content", f"a chunk each {pace} ms", found)
    elif pace is not None:
        # Some may arrive together on a busy machine or from a front that sends a few in one write.
        apart = sum(after - before > pace / 4 for before, after in pairwise(times))
        if apart < min(MOMENTS, (len(times) - 1) / 2):
            found = f"{apart} of {len(times)} chunks, {found}"
            yield Finding("arrival times", f"chunks {pace} ms apart", found)
    elif times[0] > LONG_MS and spread < BURST_MS and len(times) >= BURST_CHUNKS:
        yield Finding("arrival times", "chunks spread over the answer", f"{found} after silence")
    elif spread < 100 and spread < times[-1] / 5:
        yield Unsure(f"{found}: a fast model, or a buffer")


@run_rule("chat.stream.steady", probes=("chat.paced",), sees=streamed)
def steady(run: Run) -> Findings:
    """All events count, also [DONE]: whoever waits for it waits for them all."""
    if not run.profile.scripted:
        yield Unsure("the pace of the model is not known")
        return
    for x in run.where(STREAM):
        yield from unless_late(x, _stalls(x), STALL_MS / 2)


def _stalls(x: Exchange) -> Findings:
    pace = pace_asked(x).get("pace", 0)
    for before, after in pairwise(x.reply.events):
        if after.at_ms - before.at_ms > STALL_MS + 10 * pace:
            where = f"event {after.index}"
            found = f"{after.at_ms - before.at_ms:.0f} ms of silence"
            yield Finding(where, f"an event each {pace} ms", found, after.index, exchange=x.id)


@rule("chat.stream.headers-early", on=PACED)
def headers_early(x: Exchange) -> Findings:
    yield from unless_late(x, _headers_early(x), 4 * LATE_MS)


def _headers_early(x: Exchange) -> Findings:
    times, headers = content_times(x), x.reply.headers_at_ms
    if not times or headers is None:
        yield Unsure("nothing to compare")
        return
    ahead, wait = times[0] - headers, pace_asked(x).get("ttft")
    if wait is not None:
        if ahead < wait / 2:
            found = f"{ahead:.0f} ms before it"
            yield Finding("headers", f"about {wait} ms before the first token", found)
    elif ahead < 50 and ahead <= times[0] / 5:
        yield Unsure(f"headers {ahead:.0f} ms before the first token: a fast model, or a buffer")


@rule(
    "chat.stream.closes",
    on=SUCCESS.only("streamed", lambda x: x.reply.is_stream, "chat.echo-stream"),
)
def closes(x: Exchange) -> Findings:
    """SDKs read to the end of the body, beyond [DONE]: so long their user waits."""
    yield from unless_late(x, _closes(x), CLOSE_MS / 2)


def _closes(x: Exchange) -> Findings:
    events, end = x.reply.events, x.connection.total_ms or 0.0
    if not events or not x.reply.timed or fold_chat(x.reply).error is not None:
        return
    late = max([end, *(chunk.at_ms for chunk in x.reply.chunks)]) - events[-1].at_ms
    if ends_by_itself(x) and late > CLOSE_MS:
        found = f"open for {late / 1000:.1f} s more"
        yield Finding("connection", "the end of the body soon after [DONE]", found, len(events) - 1)
