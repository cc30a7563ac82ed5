"""A few broken servers and one kill; all of them: `python -m tests.hostile.bounded`, `… kills`, each night."""

import pytest

from tests.hostile import events, framing
from tests.hostile.bounded import run
from tests.hostile.cases import CASES
from tests.hostile.due import DUES
from tests.hostile.kills import VICTIMS, kill
from tests.hostile.places import PLACES

SAMPLE = (
    ("conformance", "bomb-gzip", "first", {2}, ""),
    ("conformance", "continues-for-ever", "first", {2}, ""),
    ("load", "headers-without-end", "first", {1, 2, 3, 4}, "parse_error"),
    ("load", "json-surrogate", "first", {1, 2, 3, 4}, "parse_error"),
)


@pytest.mark.parametrize(("part", "case", "when", "exits", "blamed"), SAMPLE)
def test_a_broken_server_is_bounded_and_rightly_blamed(part, case, when, exits, blamed):
    row = run(part, case, when)
    assert not row.wrong, row
    assert row.exit in exits, row
    if blamed:
        assert any(name.startswith(blamed) for name in row.blames), row


def test_a_killed_master_leaves_no_process():
    row = kill("locust-master", 1.0, sent=True)
    assert not row.wrong, row


def test_there_are_many_ways_to_break():
    assert len(CASES) >= 95
    odd = framing.NAMES | events.NAMES
    assert len(odd) >= 90
    assert {*CASES, *PLACES} - odd == set(DUES), "each case has in data what must be said of it"
    assert {name.partition("-")[2] for name in VICTIMS} == {"worker", "sender", "gateway", "master"}
