"""Waits for answers: what is late beside others, what always is, and what is only slow."""

import json

import pytest

from conformance.http.in_time import in_time
from conformance.judging.finding import Finding, Unsure
from conformance.judging.run import Run
from conformance.running.profiles import load_profile
from wire.exchange import Chunk, Connection, Ended, Exchange, Reply, Request

KEY = ("authorization", "Bearer [redacted:main]")


def answer(number, seconds, *, stream=False, tokens=1, late_ms=0.0, ended=Ended.COMPLETE):
    """One answer of a chat call whose first byte came after so many seconds."""
    body = json.dumps({"model": "m", "stream": stream}).encode()
    usage = {"prompt_tokens": 9, "completion_tokens": tokens}
    said = {"choices": [{"delta": {"content": "a"}}]} if stream else {"choices": [], "usage": usage}
    data = f"data: {json.dumps(said)}\n\n" if stream else json.dumps(said)
    kind = "text/event-stream" if stream else "application/json"
    at_ms = seconds * 1000
    reply = Reply(200, (("content-type", kind),), (Chunk(at_ms, data.encode()),), at_ms)
    if ended is Ended.TIMEOUT:
        reply = Reply(status=0)
    return Exchange(
        f"chat.x-{number}", Request("POST", "/chat/completions", (KEY,), body), reply, probe="chat.x",
        connection=Connection(ended, total_ms=at_ms, late_ms=late_ms), started_at=float(number),
    )  # fmt: skip


def said(exchanges):
    found = list(in_time.check(Run(tuple(exchanges), load_profile("openai"))))
    return [w.found if isinstance(w, Finding) else "unsure" for w in found]


def test_one_in_fifty_is_told_with_its_figures():
    (told,) = said([answer(n, 70.0 if n == 30 else 0.4) for n in range(50)])
    assert told == "50 plain chat answers: p50 0.2 s, p99 69.8 s, most 69.8 s: 1 late"


def test_an_answer_that_never_comes_is_late():
    timeout = answer(7, 60.0, ended=Ended.TIMEOUT)
    (told,) = said([*(answer(n, 0.4) for n in range(6)), timeout])
    assert told.endswith("1 of them never came: 1 late")


@pytest.mark.parametrize(("seconds", "stream"), [(20.0, True), (25.0, False)])
def test_what_always_is_late_is_told(seconds, stream):
    (told,) = said([answer(n, seconds, stream=stream) for n in range(8)])
    assert told.endswith("each is late")


@pytest.mark.parametrize(
    "exchanges",
    [
        [answer(n, 9.0, stream=True) for n in range(8)],  # a small machine
        [answer(n, 0.5 if n else 90.0, tokens=1 if n else 500) for n in range(8)],  # a long answer
        [answer(n, 0.5 if n else 12.0, late_ms=0.0 if n else 11_800.0) for n in range(8)],  # our own machine
        [answer(n, 6.0 if n else 40.0) for n in range(8)],  # slow by nature, and uneven
    ],
)  # fmt: skip
def test_slow_and_right_is_not(exchanges):
    assert said(exchanges) == []


def test_too_few_tell_nothing():
    assert said([answer(n, 70.0) for n in range(3)]) == ["unsure"]
    assert isinstance(next(iter(in_time.check(Run((), load_profile("openai"))))), Unsure)
