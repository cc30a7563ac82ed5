"""Drawn faults: the same for the same seed, none that crashes, and their record."""

import json

import pytest

from gateway.faults.machinery.fault import Faulty
from tests.clients import held_out
from tests.clients.drawn import Drawing, paths
from tests.clients.held_out import Trial
from tests.clients.stand import gateway_with
from wire.exchange import Request

CALL = "Repeat the text between the markers.\n<<<\npong\n>>>"


@pytest.fixture(scope="module")
def asked():
    gateway, _ = gateway_with(())
    headers = (
        ("authorization", f"Bearer {gateway.keys.secrets['codex']}"),
        ("content-type", "application/json"),
    )
    chat = {"model": "gpt-5.5", "messages": [{"role": "user", "content": CALL}]}
    responses = {"model": "gpt-5.5", "input": CALL}
    bodies = [
        ("/v1/chat/completions", chat), ("/v1/chat/completions", {**chat, "stream": True}),
        ("/v1/responses", responses), ("/v1/responses", {**responses, "stream": True}),
    ]  # fmt: skip
    posts = [Request("POST", path, headers, json.dumps(body).encode()) for path, body in bodies]
    return [Request("GET", "/v1/models", headers, b""), *posts]


def test_a_seed_is_a_fault(asked):
    first, again = Drawing(asked), Drawing(asked)
    told = [first.fault(seed).says for seed in range(80)]
    assert told == [again.fault(seed).says for seed in range(80)]
    assert len(set(told)) > 60


def test_drawn_faults_change_answers_and_crash_on_none(asked):
    drawing = Drawing(asked)

    def answers(*faults):
        gateway, _ = gateway_with((), clock=lambda: 1_790_000_000.0)
        handler = Faulty(gateway, faults)
        return [(reply.status, reply.headers, reply.data) for reply in map(handler.handle, asked)]

    clean = answers()
    changed = sum(answers(drawing.fault(seed)) != clean for seed in range(60))
    assert changed >= 30


def test_paths_name_members_and_skip_echoes():
    value = {"a": [{"b": 1}], "tools": [{"c": 2}]}
    assert paths(value) == {"a", "a[].b", "tools"}


def test_the_record_is_what_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(held_out, "TABLE", tmp_path / "held_out.toml")
    trials = [
        Trial("one", 7, 'a "quoted" member', "Cline", "ready", saw=""),
        Trial("one", 7, 'a "quoted" member', "Roo Code", "ready", saw="exit 1: bad 👩 é"),
    ]
    held_out.write(trials)
    assert held_out.read() == trials
    assert [trial.agrees for trial in trials] == [True, False]
