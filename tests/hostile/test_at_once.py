"""Odd frames and odd texts, each a dozen requests in this process; all: `python -m tests.hostile.at_once`."""

import pytest

from tests.hostile.at_once import ALLOWED, BLAMED, tried
from tests.hostile.cases import CASES

FEW = (
    "chunks-with-extensions", "chunks-with-trailers", "unasked-second-answer", "resets-after-the-answer",
    "events-of-cr", "events-of-two-lines", "gzip-in-members", "answers-the-previous", "events-with-bom-each",
    "event-100-000-levels", "usage-of-10-000-digits", "ids-null",
)  # fmt: skip


@pytest.mark.parametrize("case", FEW)
def test_what_is_odd_is_rightly_blamed_or_not_at_all(case):
    seen = tried(case)
    assert not seen.wrong(case), seen


def test_each_case_that_is_named_is_there():
    assert {*ALLOWED, *BLAMED} <= set(CASES)
    assert not set(ALLOWED) & set(BLAMED)
