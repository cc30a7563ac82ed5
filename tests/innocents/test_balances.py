"""A balance that others use at the same time says nothing of a call, and a fault in the books shows all the same."""

import pytest

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome
from conformance.running.planned import probes
from gateway.faults.machinery.fault import Faulty, all_faults
from tests.direct import traffic
from tests.innocents.more import SharedBalance

PROBES = {
    "billing.after-small", "billing.after-small-stream", "billing.after-responses", "billing.unserved-between", "billing.unserved-after",
    "billing.unserved-refused-key-wrong", "billing.unserved-looked-head", "billing.end", "usage.small",
    "usage.small-stream", "usage.responses", "errors.balance-3",
}  # fmt: skip
ROWS = ("billing.exact", "billing.exact-stream", "billing.unserved", "billing.account", "billing.idle", "errors.free")  # fmt: skip


def verdicts(around=lambda inner: inner):
    known = catalogue()
    sent, profile = traffic((), [n for n in probes(known) if n in PROBES], around=around)
    judge = Judge(known, profile, tuple(sent.all()), sent.unsent)
    rows = (known.requirements[name] for name in ROWS)
    found = (judge.result(row, "gpt-5.5" if row.per_model else "") for row in rows)
    return {result.requirement.id: result for result in found}


def outcomes(around):
    return {name: result.outcome for name, result in verdicts(around).items()}


def test_a_balance_that_keeps_still_is_judged():
    assert set(outcomes(lambda inner: inner).values()) == {Outcome.PASS}


@pytest.mark.parametrize("one_in", [3, 5, 7])
def test_others_who_use_it_accuse_nobody(one_in):
    found = outcomes(lambda inner: SharedBalance(inner, one_in))
    assert found.pop("billing.idle") is Outcome.ADVISORY
    assert Outcome.FAIL not in found.values()


@pytest.mark.parametrize(
    ("fault", "row"),
    [
        ("looked-head-prompt", "billing.unserved"),
        ("unserved-401-prompt", "billing.unserved"),
        ("first-call-double", "billing.account"),
        ("first-call-free", "billing.account"),
        ("looked-credits-prompt", "billing.account"),
        ("looked-credits-prompt", "billing.exact"),
    ],
)
def test_what_is_taken_for_nothing_is_told(fault, row):
    found = verdicts(lambda inner: Faulty(inner, (all_faults()[f"billing.{fault}"],)))
    assert found[row].outcome is Outcome.FAIL
    assert "taken" in found[row].findings[0].message


def test_what_is_told_names_what_was_sent():
    found = verdicts(lambda inner: Faulty(inner, (all_faults()["billing.unserved-401-prompt"],)))
    message = found["billing.unserved"].findings[0].message
    assert "POST /chat/completions (401)" in message
    assert "$0.0005 taken" in message
