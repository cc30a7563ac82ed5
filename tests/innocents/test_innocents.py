"""Nothing that a right server or a proxy does fails a MUST: the whole run, in front of it each of them."""

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome, Result
from conformance.judging.requirement import Level
from conformance.running.output_limit import OutputLimit
from conformance.running.profiles import load_profile
from tests.direct import traffic
from tests.innocents.doings import LIMITED, Doing
from tests.innocents.more import ALL, TOGETHER
from wire.endpoint import Endpoint

MODEL = "gpt-5.5"


def judged(doing: Doing, profile: str = "reference", member: str = "") -> list[Result]:
    """Verdicts on a server; `member` is the one that it knows for limits of chat, as the first look found."""
    known = catalogue()
    names = {
        Endpoint.CHAT: member or "max_completion_tokens",
        Endpoint.RESPONSES: "max_output_tokens",
    }
    sent, claimed = traffic(
        around=doing, models=(MODEL,), profile=load_profile(profile), limits=OutputLimit(names)
    )
    judge = Judge(known, claimed, tuple(sent.all()), sent.unsent)
    rows = [row for row in known.requirements.values() if not row.excluded]
    return [judge.result(row, MODEL if row.per_model else "") for row in rows]


def accused(results: list[Result]) -> list[str]:
    return [
        f"{r.requirement.id}: {r.reason or r.findings[0].message}"
        for r in results
        if (r.outcome is Outcome.FAIL and r.requirement.level is Level.MUST)
        or r.outcome is Outcome.ERROR
    ]


def test_nobody_is_accused(innocent):
    assert accused(judged((TOGETHER | ALL)[innocent])) == []


def test_a_limit_that_is_told_accuses_nobody(limited):
    member = "max_tokens" if limited == "only-max-tokens" else ""
    assert accused(judged(LIMITED[limited], "openai", member)) == []
