"""Nothing that a right server or a proxy does fails a MUST: the whole run, in front of it each of them."""

import pytest

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome, Result
from conformance.judging.requirement import Level
from tests.direct import traffic
from tests.innocents.doings import DOINGS, Doing

MODEL = "gpt-5.5"


def judged(doing: Doing) -> list[Result]:
    known = catalogue()
    sent, profile = traffic(around=doing, models=(MODEL,))
    judge = Judge(known, profile, tuple(sent.all()), sent.unsent)
    rows = [row for row in known.requirements.values() if not row.excluded]
    return [judge.result(row, MODEL if row.per_model else "") for row in rows]


@pytest.mark.parametrize("name", DOINGS)
def test_nobody_is_accused(name):
    results = judged(DOINGS[name])
    accused = [
        f"{r.requirement.id}: {r.reason or r.findings[0].message}"
        for r in results
        if (r.outcome is Outcome.FAIL and r.requirement.level is Level.MUST)
        or r.outcome is Outcome.ERROR
    ]
    assert accused == []
