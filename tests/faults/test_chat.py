"""Each fault of chat answers, streams and tools breaks what it declares, and nothing else of chat."""

import pytest

from conformance.judge import Outcome
from gateway.fault import all_faults
from tests.faults.matrix import matrix

MINE = ("chat.response.", "chat.answer.", "chat.chunk.", "chat.stream.", "chat.tools.")
FAULTS = [
    name for name, fault in all_faults().items()
    if name.startswith("chat.") and not name.startswith("chat.param.")
    and any(row.startswith(MINE) for row in fault.breaks)
]  # fmt: skip


def mine(names):
    return {name for name in names if name.startswith(MINE)}


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.4"])
def test_the_clean_gateway_passes(model):
    outcomes = matrix(model, "chat").outcomes
    assert {name: o for name, o in outcomes.items() if o is not Outcome.PASS} == {}


def test_every_requirement_can_fail():
    broken = {row for name in FAULTS for row in all_faults()[name].breaks}
    assert mine(matrix("gpt-5.5", "chat").outcomes) - broken == set()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_breaks_what_it_declares(name):
    bad, errors = matrix("gpt-5.5", "chat").broken(name)
    assert errors == set()
    assert mine(bad) == mine(all_faults()[name].breaks)
