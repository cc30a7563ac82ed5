"""Each fault of chat parameters is found, by exactly the requirements that it declares."""

import pytest

from gateway.fault import all_faults
from tests.faults.matrix import Matrix, matrix

PREFIX = "chat.param."
FAULTS = [name for name in all_faults() if name.startswith(PREFIX)]


def bench() -> Matrix:
    """The area itself, and chat, whose probes its rules read as well."""
    return matrix("gpt-5.5", "chat", "chat_params")


def mine(names):
    return {name for name in names if name.startswith(PREFIX)}


def test_the_clean_gateway_passes():
    assert {name for name, o in bench().outcomes.items() if o != "pass"} == set()


def test_every_requirement_has_a_fault():
    broken = {row for name in FAULTS for row in all_faults()[name].breaks}
    assert mine(bench().outcomes) <= broken


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_breaks_what_it_declares(name):
    bad, errors = bench().broken(name)
    assert not mine(errors)
    assert mine(bad) == mine(all_faults()[name].breaks)
