"""The search for the highest rate, on servers that are formulas."""

import pytest

from load.measure.histogram import Histogram
from load.session.search import CLOSE, Trial, search
from tests.load.streams import gateway, session


def trial_of(limit):
    asked = []

    def trial(rate):
        asked.append(rate)
        met = rate <= limit
        return Trial(
            rate, met, "" if met else "too much", rate, rate, rate, 1.0, 0.0, 1.0, 1.0, 1.0, False
        )

    return trial, asked


@pytest.mark.parametrize("limit", [0.7, 3, 40, 41, 333, 1000])
@pytest.mark.parametrize("first", [1, 40])
def test_the_limit_is_found_closely_with_few_trials(limit, first):
    trial, asked = trial_of(limit)
    found = list(search(first, trial))
    best = max(one.rate for one in found if one.met)
    assert limit / CLOSE / 1.02 <= best <= limit
    assert len(asked) <= 18


def test_a_server_that_never_meets_the_targets_ends_the_search():
    trial, asked = trial_of(0)
    assert not any(one.met for one in search(10, trial))
    assert len(asked) <= 12


def test_goodput_counts_what_meets_every_target():
    with gateway(ttft_ms=60) as (base_url, key):
        slow, _ = session(base_url, key, rate=40.0, duration=0.5, ttft_slo=20.0)
        fast, _ = session(base_url, key, rate=10.0, duration=0.5, ttft_slo=3000.0)
    assert (slow["goodput"]["good"], slow["goodput"]["attainment"]) == (0, 0.0)
    assert fast["goodput"]["attainment"] == 1.0
    exported = Histogram.decode(slow["histograms"]["ttft_ms"]["hdr"])
    assert exported.count == slow["metrics"]["ttft_ms"]["count"] == 20
