"""Runs that end by number: so many requests, a file once, a client that hangs up."""

import gc
import json
import time

import pytest

from load.workload.refusals import PlanError
from tests.load.streams import (
    CHAT,
    HEAD,
    WHOLE,
    chunked,
    doubts,
    ended,
    plan_with,
    saying,
    serving,
    session,
    sse,
)


def recording(seen, data=WHOLE):
    def answer(connection, request):
        seen.append(json.loads(request.partition(b"\r\n\r\n")[2]))
        connection.sendall(data)

    return answer


@pytest.mark.parametrize("arrivals", ["constant", "poisson", "gamma", "soak", "closed"])
def test_so_many_requests_and_no_more(arrivals):
    seen = []
    with serving(recording(seen)) as base_url:
        document, _ = session(base_url, arrivals=arrivals, rate=80.0, requests="33", concurrency=3)
    assert len(seen) == 33 == document["arrivals"]["planned"] == document["arrivals"]["happened"]
    assert ended(document) == {"ok": 33}
    assert document["arrivals"]["requests"] == 33
    assert document["arrivals"]["duration_s"] < 3
    assert document["rates"]["window_s"] == pytest.approx(
        document["arrivals"]["duration_s"], abs=0.01
    )
    assert doubts(document) == []


def test_a_closed_loop_that_is_counted_has_the_rate_of_the_time_it_took():
    """By the server's clock: what is counted behind the last answer is no time of the run."""
    stamps = []

    def answer(connection, _request):
        stamps.append(time.monotonic())
        time.sleep(0.05)
        connection.sendall(WHOLE)
        stamps.append(time.monotonic())

    # A load run walks the heap once at its start; that of a worker of these tests is large by now.
    gc.collect()
    gc.freeze()
    try:
        with serving(answer) as base_url:
            document, _ = session(base_url, arrivals="closed", requests="40", concurrency=2)
    finally:
        gc.unfreeze()
    took_s = document["arrivals"]["duration_s"]
    assert max(stamps) - min(stamps) <= took_s <= max(stamps) - min(stamps) + 0.25
    assert document["rates"]["completed_per_s"] == pytest.approx(40 / took_s, rel=0.01)
    assert document["rates"]["saturated"] is False
    assert document["claims"]["answers"] == 40


def test_a_file_once_is_each_of_its_lines_one_time(tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(f'{{"prompt": "line {n}"}}\n' for n in range(17)))
    seen = []
    with serving(recording(seen)) as base_url:
        for arrivals in ("constant", "closed"):
            session(base_url, arrivals=arrivals, rate=60.0, prompts=str(path), requests="once", concurrency=4)  # fmt: skip
            asked = sorted(int(one["messages"][0]["content"].split()[1]) for one in seen)
            assert asked == list(range(17))
            seen.clear()


def test_the_first_of_a_trace(tmp_path):
    path = tmp_path / "trace.jsonl"
    path.write_text("".join(f'{{"timestamp": {n * 1000}, "input_length": 50}}\n' for n in range(9)))
    schedule = plan_with(arrivals="trace", trace=str(path), requests="3").schedule
    assert list(schedule.times()) == [0.0, 1.0, 2.0]
    assert schedule.duration_s == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(("options", "what"), [
    ({"requests": "0"}, "a number, or once"), ({"requests": "many"}, "a number, or once"), ({"requests": "-3"}, "a number, or once"),
    ({"requests": "once"}, "there is none"), ({"requests": "9", "arrivals": "ramp"}, "--duration must say"),
    ({"requests": "9", "arrivals": "search", "ttft_slo": 5.0}, "a search says itself"), ({"stop_after": 0}, "--stop-after must be above 0"), ({"stop_after": "chats=3"}, "chats is no scenario"), ({"stop_after": "chat=x"}, "must be above 0"),
])  # fmt: skip
def test_what_cannot_be_counted_is_refused(options, what):
    with pytest.raises(PlanError, match=what):
        plan_with(**options)


STEPS = [chunked(sse([one]), end=False) for one in (CHAT[0], *[CHAT[1]] * 40, *CHAT[3:])]


def test_the_client_hangs_up_when_it_has_read_enough():
    cut = []

    def answer(connection, _request):
        connection.sendall(HEAD)
        for number, step in enumerate(STEPS):
            time.sleep(0.004)
            try:
                connection.sendall(step)
            except OSError:
                cut.append(number)
                raise
        cut.append(None)
        connection.sendall(b"0\r\n\r\n")

    with serving(answer) as base_url:
        document, _ = session(base_url, rate=40.0, duration=0.8, stop_after=5, ttft_slo=2000.0, gate=["error_rate:1%", "goodput:95%"])  # fmt: skip
        until = time.monotonic() + 5
        while len(cut) < 32 and time.monotonic() < until:
            time.sleep(0.01)
    assert ended(document) == {"stopped": 32}
    assert document["usage"]["content_events"] < 32 * 12
    assert document["conformance"] == {}
    assert None not in cut
    assert len(cut) == 32
    assert all(gate["passed"] for gate in document["gates"])
    assert document["usage"]["requests_without_usage"] == 0


def test_a_stream_shorter_than_that_is_read_to_its_end():
    with serving(saying(WHOLE)) as base_url:
        document, _ = session(base_url, rate=40.0, duration=0.5, stop_after=50)
        other, _ = session(base_url, rate=40.0, duration=0.5, stop_after="responses-stream=1")
    assert ended(document) == ended(other) == {"ok": 20}


def test_a_user_of_a_closed_loop_holds_one_conversation_at_a_time():
    now, most = [], [0]

    def answer(connection, request):
        now.append(1)
        most[0] = max(most[0], len(now))
        time.sleep(0.03)
        now.pop()
        body = json.dumps({"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [
            {"type": "message", "content": [{"type": "output_text", "text": "x"}]}], "usage": None}})  # fmt: skip
        delta = json.dumps({"type": "response.output_text.delta", "delta": "x"})
        events = f"event: response.output_text.delta\ndata: {delta}\n\nevent: response.completed\ndata: {body}\n\n"
        connection.sendall(HEAD + chunked(events.encode()))

    with serving(answer) as base_url:
        document, _ = session(base_url, arrivals="closed", scenario="agent", turns=3, think=0.02, concurrency=3, requests="6")  # fmt: skip
    assert most[0] <= 3
    assert document["arrivals"]["happened"] == 18
    assert ended(document) == {"ok": 18}
