"""Servers that are silent, wholly or in part, and what is in flight when a run ends."""

import itertools
import time

import pytest

from load.session import run
from load.transport.capacity import Capacity
from load.workload.refusals import PlanError
from tests.load.streams import (
    CHAT,
    HEAD,
    WHOLE,
    chunked,
    doubts,
    ended,
    gateway,
    quiet,
    serving,
    session,
    sse,
)


def silent(half=False):
    """Answers every second request, or none."""
    asked = itertools.count()

    def answer(connection, _request):
        if half and next(asked) % 2:
            connection.sendall(WHOLE)

    return answer


def test_a_drain_that_is_too_short_cuts_and_says_so():
    with gateway(ttft_ms=3000) as (base_url, key):
        document, code = session(base_url, key, rate=50.0, duration=0.2, drain=0.1)
    assert ended(document) == {"cut_by_end": 10}
    assert "still in flight" in " ".join(document["validity"]["reasons"])
    assert code == 4


def test_a_dead_server_is_the_servers_fault():
    with serving(silent()) as base_url:
        document, code = session(
            base_url, rate=40.0, duration=1.0, drain=2.2, gate=["error_rate:1%"]
        )
    assert ended(document) == {"unanswered": 40}
    assert document["rates"]["error_share"] == 1.0
    assert doubts(document) == []
    assert code == (3 if quiet(document) else 4)
    assert "none came back" in document["transcripts"]["outcome:unanswered"][0]["why"]


def test_half_a_dead_server_fails_its_gate():
    with serving(silent(half=True)) as base_url:
        document, code = session(
            base_url, rate=60.0, duration=1.0, drain=1.2, gate=["error_rate:1%"]
        )
    assert ended(document) == {"ok": 30, "unanswered": 30}
    assert document["gates"][0]["value"] == 50.0
    assert doubts(document) == []
    assert code == (3 if quiet(document) else 4)


def test_few_samples_are_enough_of_a_failure():
    with serving(silent()) as base_url:
        document, code = session(base_url, rate=10.0, duration=0.5, drain=2.2)
    assert ended(document) == {"unanswered": 5}
    assert code == (1 if quiet(document) else 4)


def test_what_still_streams_when_the_run_ends_is_no_failure():
    def answer(connection, _request):
        connection.sendall(HEAD + chunked(sse(CHAT[:1]), end=False))
        for _ in range(60):
            connection.sendall(chunked(sse(CHAT[1:2]), end=False))
            time.sleep(0.05)

    with serving(answer) as base_url:
        document, _ = session(base_url, rate=20.0, duration=0.3, drain=1.5)
    assert ended(document) == {"cut_by_end": 6}


def test_more_users_than_this_process_can_have_in_flight_are_refused(monkeypatch):
    monkeypatch.setattr(
        run, "capacity", lambda wanted, *_: Capacity(100, "open files (ulimit -n 128)")
    )
    with pytest.raises(PlanError, match=r"100 at most: open files \(ulimit -n 128\)"):
        session("http://127.0.0.1:1/v1", arrivals="closed", concurrency=500)
    with serving(silent()) as base_url:
        document, _ = session(base_url, rate=1000.0, duration=0.3, drain=0.1)
    assert document["outcomes"]["client_saturated"] == 200
    assert "open files" in " ".join(document["validity"]["reasons"])
