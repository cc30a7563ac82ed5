"""Sessions of one process without Locust, on the reference gateway and its faults."""

import json
import time

import gevent
import pytest

from load.measure.gate import gate_of
from load.measure.rates import rates
from load.session.fleet import Fleet
from load.session.worker import Worker
from load.workload.refusals import PlanError
from schemas.loader import check
from tests.load.streams import (
    WHOLE,
    ended,
    gateway,
    options_of,
    plan_with,
    saying,
    serving,
    session,
)

FAST = {"rate": 60.0, "duration": 0.6}
SENT = 36


@pytest.fixture(scope="module")
def plain():
    with gateway(ttft_ms=30, itl_ms=3) as (base_url, key):
        gates = ["ttft:p50:5s", "error_rate:1%", "goodput:90%", "e2e:p50:1us", "requests_per_s:1"]
        return session(base_url, key, **FAST, gate=gates, ttft_slo=5000.0, tpot_slo=1000.0)


def test_the_document_fits_its_schema(plain):
    assert check("load_report", plain[0]) == []


def test_every_arrival_has_one_outcome(plain):
    document, _ = plain
    assert ended(document) == {"ok": SENT}
    assert document["arrivals"]["happened"] == document["arrivals"]["planned"] == SENT
    assert document["text"] == {"same": SENT, "near": 0, "other": 0}
    assert document["usage"]["completion_tokens"] == SENT * (
        32 + 3
    )  # three tokens stand around a text
    assert document["conformance"] == {}


def test_metrics_are_those_of_the_gateway(plain):
    metrics = plain[0]["metrics"]
    assert metrics["ttft_ms"]["p50"] >= 30
    assert metrics["ttft_scheduled_ms"]["p50"] >= metrics["ttft_ms"]["p50"]
    assert metrics["ict_ms"]["count"] == SENT * 31
    # A gateway that gets no processor for a while sends what it has at once.
    assert metrics["tpot_ms"]["count"] == SENT - plain[0]["streaming"]["at_once"]
    assert metrics["e2e_ms"]["p50"] > metrics["ttft_ms"]["p50"]
    assert metrics["ttft_ms"]["p99"] is None  # so few samples have none


def test_gates_say_what_they_measured(plain):
    document, code = plain
    assert [gate["passed"] for gate in document["gates"]] == [
        True, True, not document["goodput"]["cannot_be_judged"], False, document["rates"]["completed_per_s"] >= 1,
    ]  # fmt: skip
    assert code == (3 if document["validity"]["stamp"] == "VALID" else 4)


@pytest.mark.parametrize(("scenario", "fault", "outcome", "requirement"), [
    ("chat-stream", "chat.stream.cut", "truncated", "chat.stream.done"),
    ("chat-stream", "chat.stream.stops-silently", "truncated", "chat.stream.done"),
    ("chat-stream", "chat.stream.done-missing", "without_done", "chat.stream.done"),
    ("chat-stream", "chat.stream.finish-missing", "truncated", "chat.stream.finish-once"),
    ("chat-stream", "chat.stream.reset", "reset_mid_stream", "chat.stream.done"),
    ("chat-stream", "chat.stream.not-json", "parse_error", "chat.stream.json"),
    ("chat-stream", "chat.stream.content-type", "parse_error", "chat.stream.media-type"),
    ("chat-stream", "chat.stream.usage-missing", "ok", "chat.stream.usage-last"),
    ("chat-stream", "chat.stream.usage-twice", "ok", "chat.stream.usage-last"),
    ("chat-stream", "chat.stream.usage-not-last", "ok", "chat.stream.usage-last"),
    ("chat-stream", "chat.stream.finish-twice", "ok", "chat.stream.finish-once"),
    ("chat-stream", "chat.stream.id-changes", "ok", "chat.stream.id-constant"),
    ("chat-stream", "chat.stream.after-done", "ok", "chat.stream.nothing-after-done"),
    ("chat-stream", "chat.stream.bytes-after-end", "ok", "chat.stream.nothing-after-done"),
    ("chat-stream", "chat.stream.data-heartbeat", "ok", "chat.stream.heartbeat"),
    ("chat-stream", "chat.stream.last-line-open", "ok", "chat.stream.terminated"),
    ("chat-stream", "chat.stream.bom", "ok", "chat.stream.no-bom"),
    ("chat-stream", "chat.stream.role-missing", "ok", "chat.stream.role-first"),
    ("chat-stream", "chat.stream.delta-lost", "ok", "text.as-asked"),
    ("chat-stream", "chat.stream.delta-order", "ok", "text.as-asked"),
    ("chat-stream", "chat.stream.delta-cumulative", "ok", "text.as-asked"),
    ("responses-stream", "responses.stream.cut-early", "truncated", "responses.stream.terminal"),
    ("responses-stream", "responses.stream.ended-early", "truncated", "responses.stream.terminal"),
    ("responses-stream", "responses.stream.reset", "reset_mid_stream", "responses.stream.terminal"),
    ("responses-stream", "responses.stream.usage-missing", "ok", "responses.stream.usage"),
    ("responses-stream", "responses.stream.usage-total-wrong", "ok", "usage.sum.responses"),
    ("responses-stream", "responses.stream.created-missing", "ok", "responses.stream.created-first"),
    ("chat", "chat.usage-missing", "ok", "chat.response.usage"),
])  # fmt: skip
def test_each_fault_has_its_class_on_every_stream(scenario, fault, outcome, requirement):
    with gateway(fault) as (base_url, key):
        document, code = session(base_url, key, scenario=scenario, rate=50.0, duration=0.2)
    assert ended(document) == {outcome: 10}
    assert document["conformance"] == {requirement: 10}
    kept = document["transcripts"][requirement]
    assert len(kept) == 3
    assert kept[0]["frames"]
    assert code in {0, 1, 4}


@pytest.mark.parametrize(("script", "scenario", "outcome"), [
    ("error_event", "chat-stream", "error_event"), ("error_event", "responses-stream", "error_event"),
    ("overload", "chat-stream", "http_5xx"), ("rate_limit", "chat-stream", "http_429"),
])  # fmt: skip
def test_errors_that_the_model_tells(tmp_path, script, scenario, outcome):
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text(f'{{"prompt": "[[script {script}]] Count from 1 to 9"}}')
    with gateway() as (base_url, key):
        document, _ = session(
            base_url, key, scenario=scenario, rate=50.0, duration=0.2, prompts=str(prompts)
        )
    assert ended(document) == {outcome: 10}


def test_a_stall_is_a_time_out():
    with gateway("responses.stream.stalled") as (base_url, key):
        document, _ = session(
            base_url, key, scenario="responses-stream", rate=20.0, duration=0.2, idle_timeout=0.5
        )
    assert ended(document) == {"timeout_idle": 4}


def test_a_worker_that_cannot_start_says_so_at_once(tmp_path):
    reports = []
    assignment = {"serial": 1, "worker": 0, "workers": 1, "start_at": 0.0, "base_url": "http://127.0.0.1:1/v1", "key": ""}  # fmt: skip
    missing = str(tmp_path / "prompts.jsonl")
    Worker(reports.append, {}).obey(assignment | {"options": options_of(prompts=missing)})
    fleet = Fleet(1)
    fleet.take_report(reports[0])
    assert fleet.done
    assert fleet.stopped == f"could not start: {missing}: No such file or directory"


def test_a_refused_key_ends_the_run_at_once():
    refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    with serving(saying(refusal)) as base_url:
        document, code = session(base_url, rate=20.0, duration=20.0)
    assert code == 2
    assert document["arrivals"]["happened"] < 200
    assert document["client"]["ended_early"] == "every answer was HTTP 401"


def test_the_limit_of_cost_holds():
    with gateway() as (base_url, key):
        document, _ = session(base_url, key, rate=40.0, duration=3.0, max_cost=0.02)
    assert 0 < document["usage"]["usd"] <= 0.02
    assert sum(document["outcomes"].values()) == document["arrivals"]["happened"]
    assert document["client"]["ended_early"] == "the limit of $0.02 was reached"
    assert not any("in flight as allowed" in why for why in document["validity"]["reasons"])


def test_keys_stay_out_of_the_document():
    with gateway("chat.stream.cut") as (base_url, key):
        document, _ = session(base_url, key, rate=50.0, duration=0.2)
    assert key not in str(document)


def test_an_interrupted_run_has_the_rates_of_the_time_it_ran():
    reports = []
    with serving(saying(WHOLE)) as base_url:
        worker = Worker(reports.append, {})
        assignment = {"serial": 1, "worker": 0, "workers": 1, "start_at": time.time(), "base_url": base_url, "key": ""}  # fmt: skip
        options = {"rate": 40.0, "duration": 60.0}
        worker.start(assignment | {"options": options_of(**options)})
        gevent.sleep(1.4)
        worker.interrupt("interrupted")
    fleet = Fleet(1)
    for report in reports:
        fleet.take_report(report)
    found = rates(plan_with(**options), fleet.total, fleet.ran_s)
    assert 1.3 < found["window_s"] < 3
    assert found["offered_per_s"] == pytest.approx(40, rel=0.1)


def test_a_frozen_client_says_so():
    """The loop stands still: requests leave late, and the run is INVALID, never silently slower."""
    with gateway() as (base_url, key):
        gevent.spawn_later(0.3, time.sleep, 0.4)
        document, code = session(base_url, key, rate=100.0, duration=1.0)
    assert document["arrivals"]["sent"] == 100
    assert document["metrics"]["dispatch_delay_ms"]["max"] > 250
    assert document["metrics"]["ttft_scheduled_ms"]["max"] > 250
    assert any("late at p99" in reason for reason in document["validity"]["reasons"])
    assert code == 4


@pytest.mark.parametrize(
    "text",
    [
        "ttft:p99",
        "speed:p99:1ms",
        "ttft:1ms",
        "ttft:p99:1%",
        "error_rate:p99:1%",
        "goodput:5ms",
        "goodput:0.95",
        "goodput:95",
        "error_rate:1",
        "error_rate:101%",
        "requests_per_s:45%",
        "",
    ],
)
def test_a_gate_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="gate"):
        gate_of(text)


@pytest.mark.parametrize("options", [
    {"arrivals": "trace"}, {"arrivals": "search"}, {"prompts": "/nowhere.jsonl"}, {"rate": 0.0},
    {"warm_up": 9.0, "duration": 3.0}, {"mix": "nothing=1"}, {"gate": ["x"]}, {"concurrency": 0},
    {"rate": float("nan")}, {"duration": float("inf")}, {"rate": 1e9}, {"max_cost": -1.0}, {"drain": -1.0}, {"idle_timeout": 0.0},
    {"gate": ["goodput:95%"]}, {"gate": ["ttft:p99:1s"], "rate": 5.0, "duration": 2.0}, {"gate": ["tpot:p50:1s"], "scenario": "models"},
    {"output_tokens": -5.0}, {"max_in_flight": 0}, {"baseline": "/nowhere.json"}, {"mix": "chat=x"}, {"trace": "/nowhere", "arrivals": "trace"},
])  # fmt: skip
def test_what_cannot_be_planned_is_refused(options):
    with pytest.raises(PlanError) as raised:
        session("http://127.0.0.1:1/v1", **options)
    assert "Errno" not in str(raised.value)


def test_a_process_whose_master_is_gone_reports_what_it_knows(tmp_path):
    parts = []
    with serving(saying(WHOLE)) as base_url:
        options = options_of(rate=50.0, duration=30.0, report_dir=str(tmp_path))
        worker = Worker(parts.append, {}, keep=True)
        assignment = {
            "serial": 1,
            "worker": 3,
            "workers": 4,
            "start_at": time.time(),
            "base_url": base_url,
            "key": "",
        }
        worker.start(assignment | {"options": options})
        until = time.monotonic() + 20  # a busy machine needs more than the tenth of a second
        while worker.run._recorder.recorded < 5 and not parts and time.monotonic() < until:
            gevent.sleep(0.05)
        worker.interrupt("the master was lost")
    path = worker.write_own_document()
    document = json.loads(path.read_text())
    assert path.name == "load.worker-3.json"
    assert document["outcomes"]["ok"] > 3
    assert document["client"]["ended_early"] == "the master was lost"
    assert check("load_report", document) == []
