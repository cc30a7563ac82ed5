"""Scenarios on the reference gateway: a closed loop, an agent with its history, a mix."""

import time

from tests.load.streams import (
    WHOLE,
    ended,
    gateway,
    serving,
    session,
)


def test_a_closed_loop_keeps_so_many_in_flight():
    most = 0
    now = []

    def answer(connection, _request):
        nonlocal most
        now.append(1)
        most = max(most, len(now))
        time.sleep(0.05)
        connection.sendall(WHOLE)
        now.pop()

    with serving(answer) as base_url:
        document, _ = session(base_url, arrivals="closed", concurrency=4, duration=1.0)
    assert most == 4
    assert 4 < document["outcomes"]["ok"] <= 4 * 21
    assert document["client"]["connections"] == 4


def test_an_agent_follows_its_own_history():
    with gateway() as (base_url, key):
        document, _ = session(
            base_url, key, scenario="agent", turns=3, think=0.05, rate=10.0, requests="8"
        )
    assert document["scenario"]["sent"]["agent"] == {"ok": document["arrivals"]["happened"]}
    assert document["arrivals"]["happened"] == 24
    assert document["usage"]["cached_tokens"] > 0  # the long prefix is one prefix


def test_a_mix_sends_each_scenario_by_its_weight():
    with gateway() as (base_url, key):
        document, _ = session(
            base_url, key, scenario="mix", mix="models=3,chat=1", rate=100.0, duration=0.6
        )
    sent = {name: sum(outcomes.values()) for name, outcomes in document["scenario"]["sent"].items()}
    assert sum(sent.values()) == 60
    assert 30 < sent["models"] < 57
    assert ended(document) == {"ok": 60}


def test_a_mix_keeps_the_times_of_each_scenario():
    with gateway(ttft_ms=60) as (base_url, key):
        document, _ = session(base_url, key, scenario="mix", mix="models=1,chat-stream=1", rate=40.0, duration=0.6)  # fmt: skip
    times = document["by_scenario"]
    assert times["chat-stream"]["e2e_ms"]["p50"] >= 60
    assert times["models"]["e2e_ms"]["count"] + times["chat-stream"]["e2e_ms"]["count"] == 24
    assert "ttft_ms" not in times["models"]
    assert all("@" not in name for name in document["metrics"])
