"""A profile's levels hold for recordings, too."""

from conformance.judging.finding import Finding
from conformance.judging.judge import Outcome
from conformance.judging.level import Relevel
from conformance.judging.requirement import Level
from conformance.offline.tally import Tally, merged
from tests.judging.test_judge import ROW

LOWER = (Relevel(("a.*",), Level.SHOULD, "clients read both alike", found="missing"),)


def counted(*found):
    tally = Tally(ROW, "m")
    tally.count([Finding("x", "a string", word) for word in found], "here", LOWER)
    return tally


def test_what_the_profile_lowers_is_a_recommendation_with_its_reason():
    result = merged(ROW, "m", [counted("missing"), counted("missing")]).result()
    assert result.outcome is Outcome.ADVISORY
    assert result.requirement.level is Level.SHOULD
    assert "clients read both alike" in result.reason


def test_one_finding_of_another_kind_keeps_the_level():
    result = merged(ROW, "m", [counted("missing"), counted("5")]).result()
    assert result.outcome is Outcome.FAIL
