"""Connections: used again, left early, read slowly, sent too much."""

import re
from dataclasses import replace
from itertools import pairwise

from conformance.errors.probes import CHAT
from conformance.errors.selectors import status_is, status_rule, within
from conformance.judging.answer import status_line
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.late import unless_late
from conformance.judging.refusal import refuses
from conformance.judging.route import Silence
from conformance.judging.rule import rule, run_rule
from conformance.judging.run import Run
from conformance.judging.selector import probe
from conformance.running.probe import Handling, Probe, ProbeContext, get, post
from wire.exchange import Ended, Exchange, Request

KEPT = Handling(lane="keep-alive")
PROMPT_MS = 5_000
MANY_EVENTS = 8
SLOWLY = Handling(lane="keep-alive", pause_ms=20)
LEFT = Handling(lane="abort", abort_after_events=3)


def _counting(context: ProbeContext) -> Request:
    # The scripted model is as fast as one lets it be; a real one takes its time.
    pace = "[[pace 20]] " if context.profile.scripted else ""
    messages = [{"role": "user", "content": f"{pace}Count from 1 to 40"}]
    return post(CHAT, {"model": context.model, "messages": messages, "stream": True})


def _counting_gzip(context: ProbeContext) -> Request:
    return replace(
        _counting(context),
        headers=(*_counting(context).headers, ("accept-encoding", "gzip, deflate")),
    )


def _models(name: str, after: str = "", handling: Handling = KEPT, count: int = 1) -> Probe:
    return Probe(
        f"http.{name}",
        lambda _: get("/models"),
        after=(f"http.{after}",) if after else (),
        count=count,
        per_model=False,
        output_tokens=0,
        handling=handling,
    )


CHAIN = (
    _models("keep-first"),
    _models("keep-after-success", "keep-first"),
    Probe(
        "http.keep-refused",
        lambda _: post(CHAT, b"{"),
        after=("http.keep-after-success",),
        per_model=False,
        output_tokens=0,
        handling=KEPT,
    ),
    Probe(
        "http.keep-stranger",
        lambda _: get("/models"),
        after=("http.keep-refused",),
        key="",
        per_model=False,
        output_tokens=0,
        handling=KEPT,
    ),
    _models("keep-after-error", "keep-stranger"),
    Probe(
        "http.slow-stream",
        _counting,
        after=("http.keep-after-error",),
        per_model=False,
        feature="chat.stream",
        output_tokens=90,
        handling=SLOWLY,
    ),
    _models("keep-after-stream", "slow-stream"),
)
BESIDE = _models("beside-slow", "keep-after-error", Handling(), count=3)
GZIPPED = Probe(
    "http.gzip-stream",
    _counting_gzip,
    per_model=False,
    feature="chat.stream",
    output_tokens=90,
)
ABORT = Probe(
    "http.abort",
    _counting,
    per_model=False,
    feature="chat.stream",
    output_tokens=90,
    handling=LEFT,
)
AFTER_ABORT = Probe(
    "http.after-abort",
    lambda context: get(
        f"/models/{context.model}", ("accept", "application/json, text/plain, */*")
    ),
    after=("http.abort",),
    per_model=False,
    output_tokens=0,
    handling=Handling(lane="abort"),
)


# A server may close what lies idle; uvicorn, for one, does so after five seconds.
IDLE_S = 4.0


_CHAIN = ("keep-first", "keep-after-success", "keep-refused", "keep-stranger", "keep-after-error")


@run_rule("http.keep-alive", probes=("http.keep-first", "http.keep-after-error"))
def keep_alive(run: Run) -> Findings:
    yield from _kept(run, _CHAIN)


@run_rule("http.keep-alive.stream", probes=("http.slow-stream", "http.keep-after-stream"))
def keep_alive_stream(run: Run) -> Findings:
    yield from _kept(run, ("slow-stream", "keep-after-stream"))


def _kept(run: Run, chain: tuple[str, ...]) -> Findings:
    sent = [x for name in chain for x in run.all(f"http.{name}")]
    soon = [(a, x) for a, x in pairwise(sent) if (x.started_at or 0.0) - _span(a)[1] < IDLE_S]
    if not any(x.connection.reused is not None for _, x in soon):
        yield Unsure("the connection cannot be recognised, or was idle for long")
    for before, x in soon:
        if x.connection.reused is False:
            told = before.reply.header("connection") or "not said"
            found = f"a new one was needed; connection: {told} on {before.id}"
            yield Finding("connection", "the one before to be used again", found, exchange=x.id)


# Not every server has single models.
AFTER_ABORTED = status_rule(
    "http.abort", (200, 404), "http.after-abort", silence=[Silence.ABSENT, Silence.BELOW]
)


_SIZE = re.compile(
    r"too (large|big|long)|payload|entity|body size|exceeds|size limit", re.IGNORECASE
)


@rule("http.body-size", on=probe("http.body-3mib-*"))
def body_size(x: Exchange) -> Findings:
    """No limit that nobody set: nginx's 1 MiB, Express' 100 kB."""
    if x.reply.status == 413 or (refuses(x) and _SIZE.search(status_line(x))):
        said = "the body of 3 MiB to be read, and answered like any other"
        yield Finding("status", said, status_line(x))
    elif not x.reply.status:
        found = x.connection.error or x.connection.ended.value
        yield Finding("connection", "an answer to a body of 3 MiB", found)
    elif x.reply.status >= 500:
        yield Unsure(f"whether the body was read does not show: {status_line(x)}")


@run_rule(
    "http.too-large.status",
    probes=("http.too-large", "chat_params.refuse.messages-empty"),
    silence=[Silence.TORN],
)
def too_large(run: Run) -> Findings:
    """A server without such a limit reads on, and says what it says to the body without padding."""
    x = run.one("http.too-large")
    bare = {y.reply.status for y in run.all("chat_params.refuse.messages-empty")} - {0}
    if x.reply.status and x.connection.ended in (Ended.CUT, Ended.RESET):
        found = f"{x.reply.status}, then {x.connection.ended.value}: {x.connection.error}"
        yield Finding("connection", "the whole refusal", found, exchange=x.id)
        return
    if not x.reply.status:
        found = f"no answer: {x.connection.error or x.connection.ended.value}"
        yield Finding("connection", "an answer, 413 if the body is too large", found, exchange=x.id)
        return
    yield from within(x, status_is(x, *sorted({200, 400, 413} | bare)))


# Not every server has single models; what is left of the body would be a bad request.
AFTER_TOO_LARGE = status_rule(
    "http.too-large.after",
    (200, 404),
    "http.after-too-large",
    silence=[Silence.ABSENT, Silence.BELOW],
)


@run_rule("http.slow-reader", probes=("http.slow-stream", "http.beside-slow"))
def slow_reader(run: Run) -> Findings:
    slow = run.one("http.slow-stream")
    start, end = _span(slow)
    beside = [x for x in run.all("http.beside-slow") if start <= _span(x)[0] < end]
    if end - start < 0.2 or not beside:
        yield Unsure("nothing was sent while the stream was read")
    elif all(_span(x)[1] > end for x in beside):
        found = f"all of {len(beside)} waited for the stream's end"
        yield Finding(
            "time", "answers while another client reads slowly", found, exchange=beside[0].id
        )


def _span(x: Exchange) -> tuple[float, float]:
    """Seconds from the send to the last byte."""
    start = x.started_at or 0.0
    last = x.reply.chunks[-1].at_ms if x.reply.chunks else (x.reply.headers_at_ms or 0.0)
    return start, start + last / 1000


@rule("http.expect.prompt", on=probe("http.body-expect"))
def expect_prompt(x: Exchange) -> Findings:
    yield from unless_late(x, _prompt(x), PROMPT_MS / 2)


def _prompt(x: Exchange) -> Findings:
    took = x.reply.headers_at_ms
    if took is not None and took > PROMPT_MS:
        yield Finding("time", f"an answer within {PROMPT_MS / 1000:.0f} s", f"{took / 1000:.1f} s")


@rule("http.encoding.stream", on=probe("http.gzip-stream"))
def encoded_stream(x: Exchange) -> Findings:
    if not x.ok or not x.reply.is_stream:
        yield Unsure(f"the stream was answered {status_line(x)}")
        return
    times = {chunk.at_ms for chunk in x.reply.chunks}
    encoded = x.reply.header("content-encoding") not in (None, "identity")
    if encoded and len(x.reply.events) > MANY_EVENTS and len(times) == 1:
        yield Finding("body", f"{len(x.reply.events)} events in several pieces", "one piece")
