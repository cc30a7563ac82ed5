"""The area alone: forty requests find the smallest lie, and what they cost."""

from dataclasses import replace
from functools import cache

import pytest

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome
from conformance.judging.profile import Price, Sold
from conformance.running.budget import cost_usd, usage_of
from conformance.running.planned import probes, wanted_probes
from conformance.running.profiles import load_profile
from tests.direct import traffic

ROWS = [name for name in catalogue().requirements if name.startswith("authenticity.")]
BAD = {Outcome.FAIL, Outcome.ADVISORY}
BOTH = ("gpt-5.5", "gpt-5.4")


@cache
def judged(*faults, models=BOTH[:1], sold=None):
    """Verdicts of the area, with the requests that it needs and no others.

    `sold` names one tokenizer for all models instead of what the profile says; empty: none.
    """
    known = catalogue()
    claimed = load_profile("reference")
    if sold is not None:
        claimed = replace(claimed, sold={"*": Sold(sold)} if sold else {})
    sent, claimed = traffic(faults, wanted_probes(known, ROWS), models, claimed, known)
    judge = Judge(known, claimed, tuple(sent.all()), sent.unsent)
    rows = known.requirements
    return sent, {
        name: judge.result(rows[name], models[0] if rows[name].per_model else "") for name in ROWS
    }


def bad(*faults, **more):
    return {name for name, result in judged(*faults, **more)[1].items() if result.outcome in BAD}


def test_the_right_gateway_passes_with_both_models():
    outcomes = {name: result.outcome for name, result in judged(models=BOTH)[1].items()}
    assert set(outcomes.values()) == {Outcome.PASS}, outcomes


def test_what_a_run_of_the_area_costs():
    sent, _ = judged()
    answers = [x for x in sent.all() if x.ok]
    price = load_profile("codex").price("gpt-5.5")
    assert isinstance(price, Price)
    assert len(sent.all()) <= 40
    assert sum(cost_usd(price, usage) for x in answers if (usage := usage_of(x))) < 0.10


@pytest.mark.parametrize(
    ("fault", "rows"),
    [
        ("prompt-1.01", {"tokens.prompt-exact", "tokens.prompt-factor"}),
        ("prompt-2", {"tokens.prompt-exact", "tokens.prompt-factor"}),
        ("plus-1", {"tokens.prompt-exact", "tokens.prompt-constant"}),
        ("long-1.05", {"tokens.prompt-exact"}),
        ("output-1.05", {"tokens.output-exact"}),
        ("cl100k", {"model.tokenizer"}),
        ("other-vocabulary", {"model.tokenizer"}),
        ("rounded", {"tokens.prompt-exact", "tokens.output-exact"}),
        ("usage-before", {"tokens.prompt-exact", "tokens.output-exact"}),
        ("limit-billed", {"answer.limit-not-billed"}),
        ("reasoning-hidden", {"tokens.reasoning-declared"}),
        ("tail-kept", {"prompt.needles"}),
        ("system-dropped", {"prompt.messages"}),
        ("replayed", {"answer.fresh"}),
    ],
)
def test_a_lie_is_found_by_its_rows_alone(fault, rows):
    found = {name.removeprefix("authenticity.") for name in bad(f"authenticity.{fault}")}
    assert rows <= found
    assert found <= rows | {"tokens.prompt-factor", "tokens.cached-again", "answer.stream-alike"}


def test_a_hidden_prompt_is_measured():
    _, results = judged("authenticity.hidden-prompt")
    said = results["authenticity.tokens.prompt-constant"].findings[0].found
    assert said.startswith("a hidden prompt of about 453 tokens")


@pytest.mark.parametrize("fault", ["secretly-5.4", "secretly-5.5"])
def test_one_model_under_two_names(fault):
    assert bad(f"authenticity.{fault}", models=BOTH) == {"authenticity.model.distinct"}


def test_a_model_whose_tokenizer_nobody_named_is_not_accused():
    for faults in ((), ("authenticity.other-vocabulary",)):
        results = judged(*faults, sold="")[1]
        assert not {n for n, r in results.items() if r.outcome is Outcome.FAIL}
        reason = results["authenticity.tokens.prompt-exact"].reason
        assert 'name its tokenizer in the profile, [sold."MODEL"]' in reason


def test_a_tokenizer_that_is_not_the_named_one_is_all_that_is_said():
    """As of a small model behind a profile that says o200k."""
    results = judged(sold="cl100k_base")[1]
    failed = {name for name, result in results.items() if result.outcome in BAD}
    assert "authenticity.model.tokenizer" in failed
    assert failed <= {"authenticity.model.tokenizer", "authenticity.model.logprobs"}
    said = results["authenticity.model.tokenizer"].findings[0].found
    assert "those of o200k_base, not of cl100k_base" in said


def test_the_area_is_what_the_profiles_say():
    assert load_profile("codex").claims_feature("authenticity")
    assert not load_profile("openai").claims_feature("authenticity.responses")
    assert load_profile("openai").sells("gpt-4o-mini-2024-07-18").tokenizer == "o200k_base"
    assert load_profile("openai").sells("gpt-4o-mini") is None
    assert load_profile("codex").sells("gpt-5.5-2026-04-23").context == 1_050_000
    assert probes(catalogue())["authenticity.needle"].feature == "authenticity"
