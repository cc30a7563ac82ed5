"""The area alone: forty requests find the smallest lie, and what they cost."""

import json
from dataclasses import replace
from functools import cache

import pytest

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome
from conformance.judging.profile import Price, Sold
from conformance.options import _context
from conformance.running.announced import Announcement
from conformance.running.budget import Budget, cost_usd, usage_of
from conformance.running.planned import plan, probes, wanted_probes
from conformance.running.profiles import load_profile
from tests.direct import traffic
from wire.tokens.vocabulary import vocabulary

COUNTED = {
    f"authenticity.prompt.{name}" for name in ("ends", "verbatim", "whole", "tool-results", "tool-outputs")
}  # fmt: skip
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
    assert sum(cost_usd(price, usage) for x in answers if (usage := usage_of(x))) < 0.12


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
        ("qwen", {"model.tokenizer"}),
        ("rounded", {"tokens.prompt-exact", "tokens.output-exact"}),
        ("usage-before", {"tokens.prompt-exact", "tokens.output-exact"}),
        ("limit-billed", {"answer.limit-not-billed"}),
        ("reasoning-hidden", {"tokens.reasoning-declared"}),
        ("tail-kept", {"prompt.needles"}),
        ("system-dropped", {"prompt.messages", "prompt.developer"}),
        ("replayed", {"answer.fresh"}),
        ("system-cut", {"prompt.messages"}),
        ("developer-cut", {"prompt.developer"}),
        ("instructions-dropped", {"prompt.instructions"}),
        ("pictures-white", {"prompt.picture"}),
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


def test_another_name_in_the_answer():
    """gpt-5.5 for gpt-5.4: the row stands in another area, and is about the name alone."""
    results = of_model("gpt-5.4", "authenticity.openly-5.5", "chat.answer.model")
    assert {name for name, r in results.items() if r.outcome in BAD} == {"chat.answer.model"}
    assert not of_model("gpt-5.4", None, "chat.answer.model")["chat.answer.model"].findings


def of_model(model, fault, *requirements):
    known = catalogue()
    sent, claimed = traffic([fault] if fault else [], wanted_probes(known, requirements), [model], None, known)  # fmt: skip
    judge = Judge(known, claimed, tuple(sent.all()), sent.unsent)
    return {name: judge.result(known.requirements[name], model) for name in requirements}


def test_a_longer_prompt_finds_what_only_longer_prompts_lose():
    """A window of 20,000 tokens behind a name that is sold with a million."""
    outcomes = []
    for size in (8_000, 40_000):
        claimed = replace(load_profile("reference"), context_tokens=size)
        known = catalogue()
        names = wanted_probes(known, ["authenticity.prompt.needles"])
        sent, claimed = traffic((), names, BOTH[:1], claimed, known, around=Window)
        judge = Judge(known, claimed, tuple(sent.all()), sent.unsent)
        outcomes.append(judge.result(known.requirements["authenticity.prompt.needles"], BOTH[0]))
    assert [each.outcome for each in outcomes] == [Outcome.PASS, Outcome.ADVISORY]
    assert "the code word at its start read" in outcomes[1].findings[0].expected
    long = sent.exchanges["authenticity.needle", BOTH[0]][0]
    assert abs(usage_of(long).prompt_tokens - 20_000) < 500


class Window:
    """Serves the end of a prompt alone, as far as it fits into 20,000 tokens."""

    def __init__(self, inner):
        self._inner = inner

    def handle(self, request):
        body = request.params
        messages = body.get("messages") or []
        text = messages[-1].get("content") if messages else ""
        tokens = vocabulary("o200k_base").tokens(text) if isinstance(text, str) else []
        if len(tokens) > 20_000:
            messages[-1]["content"] = b"".join(tokens[-20_000:]).decode()
            request = replace(request, body=json.dumps({**body, "messages": messages}).encode())
        return self._inner.handle(request)

    def __getattr__(self, name):
        return getattr(self._inner, name)


def test_a_model_that_lists_no_words_accuses_nobody():
    """Nothing of what a small model leaves out says that it did not arrive."""
    # What a text has is known by the count of tokens, not by what the model lists.
    rows = [
        name for name in ROWS if name.startswith("authenticity.prompt.") and name not in COUNTED
    ]
    known = catalogue()
    claimed = replace(load_profile("reference"), unclaimed=("authenticity.images",))
    sent, claimed = traffic((), wanted_probes(known, rows), BOTH[:1], claimed, known, around=Forgets)  # fmt: skip
    judge = Judge(known, claimed, tuple(sent.all()), sent.unsent)
    outcomes = {judge.result(known.requirements[name], BOTH[0]).outcome for name in rows}
    assert outcomes == {Outcome.INCONCLUSIVE, Outcome.NOT_CLAIMED}


class Forgets(Window):
    """Lists the last of the code words alone."""

    def handle(self, request):
        body = request.body.replace(b"The code word", b"A code word", request.body.count(b"The code word") - 1)  # fmt: skip
        return self._inner.handle(replace(request, body=body))


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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("999", "--context '999' is not a whole number of tokens from 1000 on"),
        ("8k", "--context '8k' is not a whole number of tokens from 1000 on"),
        ("1050000", "--context 1050000: gpt-5.5 is sold with 1050000 tokens, answer included"),
    ],
)
def test_a_window_that_nobody_sells_is_refused(text, says):
    with pytest.raises(pytest.UsageError) as refused:
        _context(text, load_profile("codex"))
    assert str(refused.value) == says
    assert _context("1000000", load_profile("codex")) == 1_000_000
    assert _context(None, load_profile("codex")) == 5_000


def test_a_longer_prompt_is_announced():
    """As the budget sees it before anything is sent: five dollars for a million tokens."""
    known, needle = catalogue(), "authenticity.needle"
    usd = []
    for size in (8_000, 200_000):
        profile = replace(load_profile("codex"), context_tokens=size)
        steps = plan(probes(known), [needle], profile, BOTH[:1])
        usd.append(float(Announcement(Budget(profile), profile).usd(steps, ())))
    assert 0.04 <= usd[0] < 0.08
    assert 1.0 <= usd[1] < 1.6


def test_the_tokenizer_that_fits_is_named():
    said = judged("authenticity.qwen")[1]["authenticity.model.tokenizer"].findings[0].found
    assert said.startswith("the counts are those of qwen, not of o200k_base (")
    said = judged("authenticity.other-vocabulary")[1]["authenticity.model.tokenizer"].findings[0].found  # fmt: skip
    assert said.startswith("the counts are not those of o200k_base, nor of cl100k_base or qwen (")


def test_another_vocabulary_may_be_what_is_sold():
    results = judged("authenticity.qwen", sold="qwen")[1]
    assert results["authenticity.model.tokenizer"].outcome is Outcome.PASS
    assert not {n for n, r in results.items() if r.outcome is Outcome.FAIL}


def test_the_area_is_what_the_profiles_say():
    assert load_profile("codex").claims_feature("authenticity")
    assert not load_profile("openai").claims_feature("authenticity.responses")
    assert load_profile("openai").sells("gpt-4o-mini-2024-07-18").tokenizer == "o200k_base"
    assert load_profile("openai").sells("gpt-4o-mini") is None
    assert load_profile("codex").sells("gpt-5.5-2026-04-23").context == 1_050_000
    assert probes(catalogue())["authenticity.needle"].feature == "authenticity"
