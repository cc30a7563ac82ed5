"""Parameters that clients send beside each other: every pair stands in one request that must be taken."""

from itertools import combinations

import pytest

from conformance.chat.combined import APART, COMBINED, COMBINED_CALLS, MANY
from conformance.running.probe import Impossible, ProbeContext
from conformance.running.profiles import load_profile
from tests.direct import results, traffic

# Reasoning effort beside tools is the affair of Responses: chat refuses the pair for some models.
APART_FROM_TOOLS = {"reasoning_effort"}


def test_every_pair_stands_in_the_compound_request():
    sent, _ = traffic(probes=[COMBINED.name, COMBINED_CALLS.name])
    bodies = [x.request.params for x in sent.all()]
    names = [*MANY, "max_completion_tokens", "logprobs"]
    for pair in combinations(names, 2):
        assert any(all(name in body for name in pair) for body in bodies), pair
    assert all(x.ok for x in sent.all())


def test_what_was_taken_is_not_taken_apart():
    sent, _ = traffic(probes=[COMBINED.name, *(p.name for p in APART)])
    assert [x.probe for x in sent.all()] == [COMBINED.name]


@pytest.mark.parametrize("pair", ["tools-stop", "n-seed"])
def test_a_pair_that_is_refused_is_found_by_leaving_each_out(pair):
    result = results([f"chat.kinds.pair-{pair}"], requirements=["chat.param.combined"])
    (finding, *_) = result["chat.param.combined"].findings
    assert f"without {pair.replace('-', ' or ')} the same request is taken" in finding.message


def test_taking_apart_needs_a_refusal():
    context = ProbeContext(load_profile("reference"), "gpt-5.5", 0, {COMBINED.name: _answered()})
    with pytest.raises(Impossible, match="nothing to take apart"):
        APART[0].build(context)


def _answered():
    sent, _ = traffic(probes=[COMBINED.name])
    return sent.all()
