"""Schedules: their statistics by seed, their shares, and traces of every form."""

from itertools import pairwise
from statistics import mean, stdev

import pytest

from load.workload.schedule import OPEN, Schedule
from load.workload.trace import Entry, TraceError, read_trace

LONG = 400.0


def gaps(arrivals):
    times = list(arrivals.times())
    return [b - a for a, b in pairwise(times)]


@pytest.mark.parametrize("kind", [kind for kind in OPEN if kind != "trace"])
def test_ascending_repeatable_and_within_the_duration(kind):
    arrivals = Schedule(kind, 50, 20, seed=3)
    times = list(arrivals.times())
    assert times == sorted(times) == list(Schedule(kind, 50, 20, seed=3).times())
    assert times
    assert times[0] >= 0
    assert times[-1] < 20


def test_constant_is_exact():
    assert list(Schedule("constant", 4, 1).times()) == [0, 0.25, 0.5, 0.75]
    assert Schedule("constant", 20, 5).planned == 100


def test_poisson_has_mean_and_spread_of_its_rate():
    found = gaps(Schedule("poisson", 50, LONG, seed=7))
    assert mean(found) == pytest.approx(1 / 50, rel=0.03)
    assert stdev(found) == pytest.approx(1 / 50, rel=0.05)


@pytest.mark.parametrize(("shape", "spread"), [(0.25, 2.0), (4.0, 0.5)])
def test_gamma_is_bursty_below_one_and_steady_above(shape, spread):
    found = gaps(Schedule("gamma", 50, LONG, seed=7, shape=shape))
    assert mean(found) == pytest.approx(1 / 50, rel=0.05)
    assert stdev(found) / mean(found) == pytest.approx(spread, rel=0.08)


def test_ramp_rises_to_the_rate():
    times = list(Schedule("ramp", 100, 100, seed=2).times())
    quarters = [sum(25 * n <= t < 25 * (n + 1) for t in times) for n in range(4)]
    expected = [25 * 12.5, 25 * 37.5, 25 * 62.5, 25 * 87.5]
    assert all(abs(n - e) < 5 * e**0.5 for n, e in zip(quarters, expected, strict=True))


def test_steps_and_spike_have_their_levels():
    steps = Schedule("steps", 50, 100)
    assert [steps.rate_at(at) for at in (1, 21, 41, 61, 81)] == pytest.approx([10, 20, 30, 40, 50])
    spike = Schedule("spike", 20, 100, factor=5)
    times = list(spike.times())
    inside = sum(40 <= t < 60 for t in times)
    assert inside == pytest.approx(2000, abs=5 * 2000**0.5)
    assert len(times) - inside == pytest.approx(1600, abs=5 * 1600**0.5)


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_shares_are_the_whole_schedule_once(workers):
    arrivals = Schedule("poisson", 100, 5, seed=4)
    shared = sorted(pair for n in range(workers) for pair in arrivals.share(n, workers))
    assert shared == list(enumerate(arrivals.times()))


AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n2023-11-16 18:17:04.0319600,3180,8\n"
MOONCAKE = '{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}\n{"timestamp": 27534, "input_length": 10, "output_length": 3, "hash_ids": [46]}\n'
SECONDS = '{"time": 5.0, "prompt_tokens": 1, "output_tokens": 2}\n{"time": 5.052, "prompt_tokens": 3, "output_tokens": 4}\n'


@pytest.mark.parametrize(("text", "first"), [
    (AZURE, (4808, 10, ())), (MOONCAKE, (6955, 52, (46, 47))), (SECONDS, (1, 2, ())),
])  # fmt: skip
def test_traces_of_every_form(tmp_path, text, first):
    path = tmp_path / "trace"
    path.write_text(text)
    entries = read_trace(path)
    assert entries[0] == Entry(0.0, *first)
    assert entries[1].at_s == pytest.approx(0.052)
    arrivals = Schedule("trace", 1, 10, trace=entries, stretch=2.0)
    assert list(arrivals.times()) == pytest.approx([0, 0.104])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        '{"timestamp": 1}\n',
        '{"timestamp": "x", "input_length": 1, "output_length": 1}\n',
    ],
)
def test_what_is_no_trace_says_so(tmp_path, text):
    path = tmp_path / "trace"
    path.write_text(text)
    with pytest.raises(TraceError, match="trace"):
        read_trace(path)
