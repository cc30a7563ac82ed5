"""All that reads other people's bytes reads any: some mutations of the seeds each; nightly, minutes of each."""

import pytest

from tests.hostile.fuzz import SEEDS, TARGETS, by_chance


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_nothing_breaks(name):
    for seed in SEEDS[name]:
        TARGETS[name](seed)
    assert by_chance(name, 1.0) > 3
