"""Each fault of the response object and of its stream breaks what it declares, and nothing else."""

import pytest

from conformance.judge import Outcome
from gateway.fault import all_faults, declared
from tests.faults.matrix import matrix

# The rows of the object, its items and its stream; requests and stored responses have their own.
MINE = (
    "responses.object.", "responses.state.", "responses.status", "responses.settings.", "responses.item.",
    "responses.stream.", "responses.event.", "responses.echo", "responses.arguments-asked",
)  # fmt: skip
# Their requests show settings and states that ours do not.
AREAS = ("responses", "responses_params")
FAULTS = [
    name
    for name, breaks in declared().items()
    if name.startswith("responses.") and any(row.startswith(MINE) for row in breaks)
]


def mine(rows):
    return {row for row in rows if row.startswith(MINE)}


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.4"])
def test_the_clean_gateway_passes(model):
    outcomes = matrix(model, *AREAS).outcomes
    assert {n: o for n, o in outcomes.items() if n.startswith(MINE) and o is not Outcome.PASS} == {}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_breaks_what_it_declares(name):
    bad, errors = matrix("gpt-5.5", *AREAS).broken(name)
    assert errors == set()
    assert mine(bad) == mine(all_faults()[name].breaks)


def test_every_requirement_can_fail():
    broken = {row for fault in all_faults().values() for row in fault.breaks}
    rows = {row.id for row in matrix("gpt-5.5", *AREAS).rows if row.id.startswith(MINE)}
    assert rows - broken == set()
