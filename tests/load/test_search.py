"""The search for the highest rate: on servers that are formulas, and on one of sockets whose capacity is known."""

import heapq
import random
from itertools import count

import pytest

from load.measure.histogram import Histogram
from load.measure.validity import validity
from load.measure.window import SLICES
from load.session.search import DOUBTS, MOST_DOUBTS, TRIALS, Search
from load.session.trial import Trial, judged
from tests.load.server import logged
from tests.load.streams import BUSY, gateway, measured, session

SHARE = 0.95


def queueing(rate, source, *, slots, service_s, wait_s, seconds=10.0, doubt=""):
    """A trial on slots that each serve one after the other; good is who waits no longer than `wait_s`."""
    warm_s = 0.2 * seconds
    free = [0.0] * slots
    slices = [[0, 0] for _ in range(SLICES)]
    completed = delivered = left = 0
    times = sorted(source.random() * seconds for _ in range(round(rate * seconds)))
    for at in times:
        begun = max(at, heapq.heappop(free))
        end = begun + service_s
        heapq.heappush(free, end)
        if at >= warm_s:
            one = slices[int((at - warm_s) / (seconds - warm_s) * SLICES)]
            one[0] += begun - at <= wait_s
            one[1] += 1
        completed += warm_s <= end < seconds
        delivered += end < seconds
        left += end >= seconds
    good, all_of = (sum(one[n] for one in slices) for n in (0, 1))
    per_s = completed / (seconds - warm_s)
    met = good >= SHARE * all_of
    return Trial(
        rate, met, "" if met else "too few", rate, per_s, per_s, good / max(all_of, 1), 0.0, 1.0, 1.0, 1.0, False,
        doubt, tuple(map(tuple, slices)), left, len(times), service_s, delivered / seconds,
    )  # fmt: skip


def found_by(first, trial):
    search = Search(first, SHARE)
    while search.next is not None:
        search.add(trial(search.next))
    return search


# Of a Poisson stream to so many slots: the rate at which 95 % wait no longer than that.
TRUTHS = [
    ((8, 0.29, 0.1), 18.6),
    ((8, 0.29, 2.0), 27.586),
    ((4, 0.2, 10.0), 20.0),
    ((8, 0.1, 1.0), 80.0),
]


@pytest.mark.parametrize(("server", "truth"), TRUTHS)
@pytest.mark.parametrize("first", [4, 30])
def test_the_bounds_hold_the_truth(server, truth, first):
    """Each end is 95 % sure, and many rates are looked at: of 20 searches one may miss."""
    slots, service_s, wait_s = server
    missed = []
    for seed in range(20):
        source = random.Random(seed)
        search = found_by(first, lambda rate, source=source: queueing(rate, source, slots=slots, service_s=service_s, wait_s=wait_s))  # fmt: skip
        assert len(search.trials) <= TRIALS
        low, high = search.low or 0.0, search.high or float("inf")
        if not low <= truth <= high:
            missed.append((low, high))
    assert len(missed) <= 1, missed


def test_a_capacity_is_found_closely():
    source = random.Random(3)
    search = found_by(5, lambda rate: queueing(rate, source, slots=8, service_s=0.29, wait_s=2.0))
    assert search.high / search.low < 1.25
    assert f"between {search.low:.4g}/s and {search.high:.4g}/s" in search.sentence
    assert "95% sure" in search.sentence


def test_a_trial_that_is_in_doubt_counts_for_nothing():
    """Each second one is disturbed by the client, and would say the contrary."""
    source, turn = random.Random(1), count()

    def trial(rate):
        if next(turn) % 2 == 0 and rate > 10:
            return queueing(
                rate, source, slots=1, service_s=1.0, wait_s=0.1, doubt="requests left late"
            )
        return queueing(rate, source, slots=8, service_s=0.29, wait_s=2.0)

    search = found_by(20, trial)
    assert (search.low or 0) <= 27.6 <= (search.high or float("inf"))
    assert search.low
    assert search.low > 15


@pytest.mark.parametrize("disturbed", [1, 2, 3, 5, 8])
def test_a_server_that_stands_still_for_a_moment_is_not_slow(disturbed):
    """Its neighbours take the processor in one trial: a queue grows there, and at this rate never again."""
    source, turn = random.Random(disturbed), count(1)

    def trial(rate):
        slots = 2 if next(turn) == disturbed else 8
        return queueing(rate, source, slots=slots, service_s=0.05, wait_s=1.0, seconds=2.0)

    search = found_by(60, trial)
    assert (search.low or 0) <= 160 <= (search.high or float("inf"))
    assert len(search.trials) <= TRIALS
    assert (search.low, search.high) != (None, None)


def test_where_every_trial_is_in_doubt_nothing_is_said():
    source = random.Random(1)
    search = found_by(
        20, lambda rate: queueing(rate, source, slots=8, service_s=0.29, wait_s=2.0, doubt="late")
    )
    assert (search.low, search.high, search.best) == (None, None, None)
    assert len(search.trials) == MOST_DOUBTS
    assert len({one.rate for one in search.trials}) == MOST_DOUBTS // DOUBTS
    assert "nothing can be said" in search.sentence


def test_a_server_that_never_meets_the_targets_ends_the_search():
    source = random.Random(1)
    search = found_by(10, lambda rate: queueing(rate, source, slots=1, service_s=1.0, wait_s=-1.0))
    assert search.best is None
    assert search.high is not None
    assert len(search.trials) <= TRIALS


def test_what_cannot_be_judged_ends_the_search_at_once():
    with logged(usage=False) as server:
        plan, fleet, _ = measured(
            server.base_url, model="llama", rate=40.0, duration=0.5, tpot_slo=20.0
        )
    search = Search(40.0, SHARE)
    search.add(judged(plan, fleet))
    assert search.next is None
    assert (search.low, search.high) == (None, None)
    assert search.sentence.startswith("cannot be judged: 20 of 20 streams say no usage")


def test_a_server_of_sockets():
    with logged(slots=8, service_s=0.05) as server:

        def trial(rate):
            n = len(search.trials)
            plan, fleet, _ = measured(
                server.base_url, rate=rate, arrivals="poisson", exact=True, duration=1.2, warm_up=0.24,
                seed=n, ttft_slo=1000.0, drain=10.0,
            )  # fmt: skip
            doubts = [
                why
                for why in validity(fleet, plan.schedule.planned, plan).reasons
                if why.startswith(BUSY)
            ]
            return judged(plan, fleet, doubts[0] if doubts else "")

        search = Search(100.0, SHARE)
        while search.next is not None:
            search.add(trial(search.next))
    if not [one for one in search.trials if not one.doubt]:
        pytest.skip("INVALID: this machine is too busy for any trial")
    # 160/s, less what the server itself needs between two requests.
    assert (search.low or 0) <= 160  # what was delivered from an idle start cannot be more
    assert (search.high or float("inf")) >= 140


def test_goodput_counts_what_meets_every_target():
    with gateway(ttft_ms=60) as (base_url, key):
        slow, _ = session(base_url, key, rate=40.0, duration=0.5, ttft_slo=20.0)
        fast, _ = session(base_url, key, rate=10.0, duration=0.5, ttft_slo=3000.0)
    assert (slow["goodput"]["good"], slow["goodput"]["attainment"]) == (0, 0.0)
    assert fast["goodput"]["attainment"] == 1.0
    exported = Histogram.decode(slow["histograms"]["ttft_ms"]["hdr"])
    assert exported.count == slow["metrics"]["ttft_ms"]["count"] == 20
