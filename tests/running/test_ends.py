"""How runs end: a server that falls silent, dies, returns; time, -x, and what breaks in the suite."""

import asyncio
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge
from conformance.judging.profile import Profile
from conformance.running.budget import Budget
from conformance.running.first_failures import FirstFailures
from conformance.running.planned import Step
from conformance.running.probe import Probe, post
from conformance.running.schedule import Schedule, Terms
from tests.running.test_schedule import Wire, simple


class Mortal(Wire):
    """Answers so many requests, then is silent, for ever or until so many looks."""

    def __init__(self, lives, returns_after=None):
        super().__init__()
        self.lives = lives
        self.returns_after = returns_after
        self.looks = 0

    async def _exchange(self, request, handling, start):
        if request.path == "/models" and self.lives <= 0:
            self.looks += 1
            if self.returns_after is not None and self.looks > self.returns_after:
                self.lives = 10**6
        self.answers[request.path] = [200 if self.lives > 0 else 0]
        self.lives -= request.path != "/models"
        return await super()._exchange(request, handling, start)


def sent(wire, count=30, terms=None):
    probes = [simple(f"p{number:02}", alone=True) for number in range(count)]
    budget = Budget(Profile("p"))
    schedule = Schedule(wire, Profile("p", concurrency=1), budget, terms=terms)
    return asyncio.run(schedule.run([Step(probe, "m") for probe in probes]))


def test_a_server_that_falls_silent_ends_the_run_with_one_failure():
    wire = Mortal(10)
    traffic = sent(wire)
    assert traffic.lost == "the server stopped answering after p10"
    assert len(traffic.exchanges) == 10 + 1
    assert set(traffic.unsent.values()) == {traffic.lost}
    assert sum(wire.waits) <= 60
    known = catalogue()
    judge = Judge(known, Profile("p"), tuple(traffic.all()), traffic.unsent)
    result = judge.result(known.requirements["http.stays-up"], "")
    assert result.outcome == "fail"
    assert "after p10" in result.findings[0].found
    failed = [
        row.id
        for row in known.requirements.values()
        if not row.excluded and judge.result(row, "m" if row.per_model else "").outcome == "fail"
    ]
    # The answers of this wire have no x-request-id, which is nobody's death.
    assert failed == ["http.request-id.present", "http.stays-up"]


def test_a_server_that_returns_is_asked_again():
    traffic = sent(Mortal(10, returns_after=2))
    assert not traffic.lost
    assert len(traffic.exchanges) == 30
    assert all(x.reply.status == 200 for x in traffic.all())


def test_time_that_is_over_blocks_what_is_left():
    traffic = sent(Wire(), terms=Terms(seconds=0.0))
    assert not traffic.exchanges
    assert "--max-time" in traffic.unsent["p00", "m"]


class Limited(Wire):
    """Ten requests, as of one minute; then 429 until the next, with all of the minute in Retry-After."""

    def __init__(self):
        super().__init__()
        self.left = 10

    async def _exchange(self, request, handling, start):
        self.left -= 1
        reply, connection = await super()._exchange(request, handling, start)
        if self.left < 0:
            reply = replace(reply, status=429, headers=(("retry-after", "25"),))
        return reply, connection


def test_a_run_at_ten_requests_a_minute_ends_in_its_time_and_says_what_was_not_judged():
    wire = Limited()
    traffic = sent(wire, terms=Terms(seconds=20.0))
    assert not wire.waits  # each would have ended after the run's time
    assert sum(x.reply.status == 200 for x in traffic.all()) == 10
    late = Limited()
    late.left = 10**6
    traffic = sent(late, terms=Terms(seconds=-1.0))
    assert set(traffic.unsent.values()) == {"--max-time -1 is over: raise it"}


def test_what_has_to_wait_past_the_end_is_not_waited_for():
    probe = replace(simple("waits"), wait=lambda _: 30.0)
    wire = Wire()
    schedule = Schedule(wire, Profile("p"), Budget(Profile("p")), terms=Terms(seconds=5.0))
    traffic = asyncio.run(schedule.run([Step(probe, "m")]))
    assert "--max-time" in traffic.unsent["waits", "m"]
    assert not wire.waits


def test_what_breaks_in_one_probe_is_told_and_ends_no_other():
    def build(_):
        raise ZeroDivisionError("no")

    wire = Wire()
    steps = [Step(Probe("bad", build), "m"), Step(simple("good"), "m")]
    traffic = asyncio.run(Schedule(wire, Profile("p"), Budget(Profile("p"))).run(steps))
    assert ("good", "m") in traffic.exchanges
    assert "ZeroDivisionError in test_ends.py" in traffic.broken["bad", "m"]
    assert "the suite broke" in traffic.unsent["bad", "m"]


def test_what_a_signal_left_out_is_not_counted_as_sent():
    """`sent 286/714` while nothing more goes out misleads whoever stopped the run."""
    shown = []

    class Slow(Wire):
        async def _exchange(self, request, handling, start):
            await asyncio.sleep(0.002)
            return await super()._exchange(request, handling, start)

    async def run():
        three = asyncio.Event()

        def show(done, total, name):
            shown.append(name)
            if done == 3:
                three.set()

        schedule = Schedule(Slow(), Profile("p", concurrency=1), Budget(Profile("p")), show)
        steps = [Step(simple(f"p{number:02}"), "m") for number in range(20)]
        task = asyncio.ensure_future(schedule.run(steps))
        await three.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return schedule.traffic

    traffic = asyncio.run(run())
    sent = len([name for name in shown if name])
    assert sent == len(traffic.exchanges) < 20


def test_the_first_failures_end_the_sending():
    known = catalogue()
    names = ("chat.response.id", "http.whole")
    watch = FirstFailures(known, Profile("p"), names, 1)
    wire = Wire()  # its answers have a usage and nothing else
    probe = Probe("chat.small", lambda _: post("/chat/completions", {"model": "m"}))
    terms = Terms(stop=watch.enough, keep=watch.see)
    schedule = Schedule(wire, Profile("p"), Budget(Profile("p")), terms=terms)
    later = simple("later", after=("chat.small",))
    traffic = asyncio.run(schedule.run([Step(probe, "m"), Step(later, "m")]))
    assert watch.failed == {"chat.response.id"}
    assert "-x" in traffic.unsent["later", "m"]


def test_the_gateway_ends_with_the_process_that_started_it():
    code = (
        "import os, sys, time\n"
        "from conformance.running.reference import reference_gateway\n"
        "with reference_gateway() as reference:\n"
        "    print(reference.base_url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    root = Path(__file__).parent.parent.parent
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True
    )
    url = urlsplit(process.stdout.readline().strip())
    process.kill()
    process.communicate()
    for _ in range(200):
        try:
            socket.create_connection((url.hostname, url.port), 1).close()
        except OSError:
            return
        time.sleep(0.05)
    raise AssertionError("the gateway is an orphan")
