"""Deadlines of a run: patient with who is slow, short with who lets answers hang, never without end."""

from dataclasses import replace

from conformance.running.circuit_breaker import UNANSWERED_ANYWHERE, VAIN_S, CircuitBreaker
from conformance.running.pace import HURRIED_S, KNOWN, LEAST_S, MOST_S, VAIN, WHOLE_S, Pace
from conformance.running.probe import Probe, get
from conformance.running.pulse import ALIVE, CHECK_S
from conformance.running.retries import SOON_S, Retries
from conformance.running.retries import VAIN_S as WAIT_VAIN_S
from wire.exchange import Connection, Ended, Exchange, Reply, Request

ASKED = Exchange("a", Request("POST", "/chat/completions"), Reply(200))


def ended(how, seconds, path="/chat/completions"):
    request = replace(ASKED.request, path=path)
    return replace(ASKED, request=request, connection=Connection(how, total_ms=seconds * 1000))


def test_what_was_given_up_makes_nobody_more_patient():
    pace = Pace()
    pace.begin(0.5, 16)
    before = pace.deadline_s(60)
    for _ in range(VAIN - 1):
        pace.record(ended(Ended.TIMEOUT, 60))
        pace.record(ended(Ended.ABORTED, 150))
    assert pace.slowest_s == 0
    assert pace.deadline_s(60) <= before


def test_a_slow_first_answer_is_forgotten_once_the_others_are_known():
    pace = Pace()
    pace.begin(8.0, 16)
    assert pace.deadline_s(60) == MOST_S
    for _ in range(KNOWN):
        pace.record(ended(Ended.COMPLETE, 0.4))
    assert pace.deadline_s(60) <= 2 * LEAST_S


def test_bytes_one_by_one_are_waited_for_less_long_once_the_server_is_known():
    pace = Pace()
    pace.begin(0.5, 16)
    assert pace.whole_s(16) == WHOLE_S
    for _ in range(KNOWN):
        pace.record(ended(Ended.COMPLETE, 0.4))
    assert pace.whole_s(16) == 2 * LEAST_S
    assert ALIVE.handling.whole_s == CHECK_S  # the look whether it is there, too


def test_who_lets_answers_hang_gets_a_multiple_of_what_whole_ones_take():
    pace = Pace()
    pace.begin(0.2, 16)
    for _ in range(KNOWN):
        pace.record(ended(Ended.COMPLETE, 0.3))
    assert pace.deadline_s(16) == LEAST_S
    for _ in range(VAIN):
        pace.record(ended(Ended.TIMEOUT, 20))
    assert HURRIED_S <= pace.whole_s(16) < LEAST_S
    slow = Pace()
    slow.begin(15.0, 16)
    for _ in range(KNOWN):
        slow.record(ended(Ended.COMPLETE, 25.0))
    for _ in range(VAIN):
        slow.record(ended(Ended.TIMEOUT, 180))
    assert slow.whole_s(16) > 150


def test_a_request_alone_is_not_waited_for_as_long_as_the_slowest_of_many():
    """What was slow beside eight others took the time of nine; nonsense alone has no such excuse."""
    pace = Pace()
    pace.begin(0.8, 16)
    for seconds in (*[3.0] * KNOWN, 49.0):
        pace.record(ended(Ended.COMPLETE, seconds))
    assert pace.deadline_s(16) > 140
    assert pace.alone_s(16, 60) < 30
    assert pace.alone_s(16, 8000) == pace.deadline_s(16), "a long prompt has to be read first"
    pace.told, pace.flat_s = True, 300
    assert pace.alone_s(16, 60) == 300
    slow = Pace()
    slow.begin(20.0, 16)
    slow.record(ended(Ended.COMPLETE, 60.0))
    assert slow.alone_s(16, 60) > 100, "a server that is slow alone has its own measure"


def test_a_time_that_the_user_gave_stays():
    pace = Pace(flat_s=300, told=True)
    pace.begin(0.2, 16)
    for _ in range(50):
        pace.record(ended(Ended.TIMEOUT, 20))
    assert pace.deadline_s(16) == 300


def test_nothing_more_is_sent_where_no_answer_ends_whatever_the_path():
    breaker = CircuitBreaker()
    for n in range(UNANSWERED_ANYWHERE):
        assert not breaker.open_because(get(f"/p{n}"))
        breaker.record(ended(Ended.TIMEOUT, 1, f"/p{n}"))
    assert "no longer gives whole answers" in breaker.open_because(get("/other"))


def test_hanging_answers_take_no_more_than_their_share_of_a_run():
    breaker = CircuitBreaker()
    for _ in range(10):
        breaker.record(ended(Ended.ABORTED, 40), beside=4)
        breaker.record(ended(Ended.COMPLETE, 0.1))
    assert breaker.open_because(get("/models"), VAIN_S + 20)
    assert not breaker.open_because(get("/models"), 1200), "a slow server has its own measure"
    quick = CircuitBreaker()
    for _ in range(1000):
        quick.record(ended(Ended.ABORTED, 0.5))
    assert not quick.open_because(get("/models"), 30)


def test_waiting_for_nothing_ends():
    retries, probe = Retries(), Probe("a", lambda _: get("/a"))
    busy = Reply(429, (("retry-after", "20"),))
    assert retries.wait_s(probe, busy, 0) == 20
    retries.ended(429, WAIT_VAIN_S + 1)
    assert retries.wait_s(probe, busy, 0) == SOON_S
    assert retries.wait_s(probe, busy, 1) is None
    retries.ended(200, 0.2)
    assert retries.wait_s(probe, busy, 0) == 20
