"""Each fault of Responses parameters and state breaks what it declares, and nothing else."""

import pytest

from gateway.fault import all_faults
from tests.faults.matrix import Matrix, matrix

FAULTS = [name for name in all_faults() if name.startswith("responses_params.")]
AREA = "responses_params"


def bench() -> Matrix:
    """The area itself, and Responses, whose probes its rules read as well."""
    return matrix("gpt-5.5", "responses", AREA)


def mine(names):
    own = {row.id for row in bench().rows if row.area == AREA}
    return set(names) & own


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.4"])
def test_the_clean_gateway_passes(model):
    outcomes = matrix(model, "responses", AREA).outcomes
    assert {name for name, outcome in outcomes.items() if outcome != "pass"} == set()


def test_every_requirement_has_a_fault():
    broken = {row for name in FAULTS for row in all_faults()[name].breaks}
    assert mine(bench().outcomes) <= broken


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_breaks_what_it_declares(name):
    bad, errors = bench().broken(name)
    assert not errors
    assert mine(bad) == mine(all_faults()[name].breaks)
