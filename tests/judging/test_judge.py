"""The judge's words: each outcome comes about as DESIGN says, and never by accident."""

from dataclasses import replace
from datetime import date

import pytest

from conformance.judging.area import Area, Catalogue
from conformance.judging.finding import Finding, Unsure
from conformance.judging.judge import Judge, Outcome
from conformance.judging.profile import Profile
from conformance.judging.requirement import Level, Requirement
from conformance.judging.rule import Rule, run_rule
from conformance.judging.selector import Selector, probe
from wire.exchange import Chunk, Exchange, Reply, Request

ROW = Requirement("a.b", "a", Level.MUST, "It holds.", "here", feature="a")


def exchange(name="a.probe", status=200, model="m", at=None, number=1):
    return Exchange(
        f"{name}-{number}",
        Request("POST", "/x"),
        Reply(status, chunks=(Chunk(1.0, b'{"said": true}'),)),
        probe=name,
        model=model,
        started_at=at,
    )


def verdict(check, exchanges, row=ROW, profile=None, unsent=None, on=None):
    rule = Rule((row.id,), on or probe("a.probe"), check)
    known = Catalogue((Area("a", (row,), (rule,)),))
    judge = Judge(known, profile or Profile("p"), tuple(exchanges), unsent or {})
    return judge.result(row, "m" if row.per_model else "")


def holds(_):
    yield from ()


def breaks(_):
    yield Finding("status", "200", "500")


def unsure(_):
    yield Unsure("the model did not echo")


def test_an_answer_without_content_settles_nothing():
    empty = replace(exchange(), reply=Reply(200))
    assert verdict(holds, [empty]).outcome is Outcome.BLOCKED
    assert verdict(breaks, [empty]).outcome is Outcome.FAIL


def test_a_run_rule_passes_only_on_what_it_read():
    @run_rule("a.b", probes=("a.one",))
    def reads_nothing(run):
        yield from (Finding("body", "x", "y") for _ in run.named("a.other*"))

    known = Catalogue((Area("a", (ROW,), (reads_nothing,)),))
    judge = Judge(known, Profile("p"), (exchange("a.one"),))
    assert judge.result(ROW, "m").outcome is Outcome.BLOCKED


def test_a_rule_without_findings_passes():
    assert verdict(holds, [exchange()]).outcome is Outcome.PASS


def test_a_must_fails_and_keeps_its_evidence():
    result = verdict(breaks, [exchange()])
    assert result.outcome is Outcome.FAIL
    assert result.findings[0].exchange == "a.probe-1"
    assert result.probe == "a.probe"


def test_a_should_is_advisory():
    assert (
        verdict(breaks, [exchange()], replace(ROW, level=Level.SHOULD)).outcome is Outcome.ADVISORY
    )


def test_nothing_to_judge_is_blocked_with_the_reason_never_a_pass():
    result = verdict(holds, [], unsent={("a.probe", "m"): "needs a key: set X"})
    assert result.outcome is Outcome.BLOCKED
    assert "set X" in result.reason


def test_an_answer_that_the_selector_refuses_is_the_reason():
    on = Selector("a success", lambda x: x.ok, ("a.probe",))
    result = verdict(holds, [exchange(status=503)], on=on)
    assert (result.outcome, result.reason) == (
        Outcome.BLOCKED,
        "a.probe was answered 503 in place of an answer",
    )


def test_only_doubt_is_inconclusive():
    assert verdict(unsure, [exchange()]).outcome is Outcome.INCONCLUSIVE


def test_one_clear_answer_beside_doubt_is_a_pass():
    def check(x):
        if x.id.endswith("1"):
            yield Unsure("no")

    assert verdict(check, [exchange(), exchange(number=2)]).outcome is Outcome.PASS


def test_a_feature_that_is_not_claimed_is_not_judged():
    profile = Profile("p", claims=("b",))
    assert verdict(breaks, [exchange()], profile=profile).outcome is Outcome.NOT_CLAIMED


def test_a_rule_that_crashes_is_an_error_of_the_suite():
    def check(_):
        raise ZeroDivisionError
        yield

    assert verdict(check, [exchange()]).outcome is Outcome.ERROR


def test_a_requirement_without_a_rule_is_an_error():
    known = Catalogue((Area("a", (ROW,), ()),))
    assert Judge(known, Profile("p"), ()).result(ROW, "m").outcome is Outcome.ERROR


def test_other_models_are_not_judged():
    assert verdict(breaks, [exchange(model="other")]).outcome is Outcome.BLOCKED


@pytest.mark.parametrize(("at", "outcome"), [(0.0, Outcome.BLOCKED), (2e9, Outcome.FAIL)])
def test_older_answers_than_the_requirement_are_not_judged(at, outcome):
    row = replace(ROW, since=date(2025, 6, 1))
    assert verdict(breaks, [exchange(at=at)], row).outcome is outcome


def test_a_run_rule_needs_all_its_probes():
    @run_rule("a.b", probes=("a.one", "a.two"))
    def check(run):
        assert run.one("a.one")
        assert run.one("a.two")
        yield from ()

    known = Catalogue((Area("a", (ROW,), (check,)),))
    alone = Judge(known, Profile("p"), (exchange("a.one"),))
    both = Judge(known, Profile("p"), (exchange("a.one"), exchange("a.two")))
    assert alone.result(ROW, "m").outcome is Outcome.BLOCKED
    assert both.result(ROW, "m").outcome is Outcome.PASS


def test_a_row_of_no_model_hears_why_its_probe_was_left_out():
    """What needs no model is planned for the first one all the same."""
    row = replace(ROW, per_model=False)
    known = Catalogue((Area("a", (row,), (Rule((row.id,), probe("a.probe"), holds),)),))
    unsent = Judge(known, Profile("p"), (), {("a.probe", "m"): "no money"}).result(row, "")
    assert (unsent.outcome, unsent.reason) == (
        Outcome.BLOCKED, "a.probe was not sent: no money")  # fmt: skip
    judge = Judge(known, Profile("p"), (), absent={("a.probe", "m"): "GET /models is answered 404"})
    assert judge.result(row, "").outcome is Outcome.NOT_OFFERED
