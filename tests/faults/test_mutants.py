"""Random structural mutants of clean answers are noticed, nearly all; with `--every-fault`."""

import pytest

from tests.faults.mutants import mutants, noticed


def test_nearly_every_random_mutant_is_noticed(request):
    """At least 95 of 100; `python -m tests.faults.mutants` prints what is missed."""
    if not request.config.getoption("--every-fault"):
        pytest.skip("takes minutes: run with --every-fault")
    made = list(mutants(200, 7))
    missed = [f"{m.kind} {m.exchange.id}: {m.what}" for m in made if not noticed(m)]
    assert len(missed) <= 0.05 * len(made), missed
