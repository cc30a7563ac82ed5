"""The whole kill matrix: `pytest tests/faults/every_fault.py -n 2`. Minutes, so CI runs it apart."""

import pytest

from tests.faults.mutants import mutants, noticed
from tests.faults.test_matrix import FAULTS, breaks_exactly


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_breaks_exactly_what_it_declares(name):
    breaks_exactly(name)


def test_nearly_every_random_structural_mutant_is_noticed():
    """At least 97 of 100; what is missed is printed by `python -m tests.faults.mutants`."""
    made = list(mutants(200, 7))
    missed = [f"{m.kind} {m.exchange.id}: {m.what}" for m in made if not noticed(m)]
    assert len(missed) <= 0.03 * len(made), missed
