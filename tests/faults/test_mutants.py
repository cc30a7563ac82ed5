"""Random structural mutants of clean answers are noticed, nearly all; many more with `--every-fault`."""

from tests.faults.mutants import mutants, noticed


def test_nearly_every_random_mutant_is_noticed(request):
    """At least 97 of 100; `python -m tests.faults.mutants` prints what is missed."""
    made = list(mutants(400 if request.config.getoption("--every-fault") else 100, 7))
    missed = [f"{m.kind} {m.exchange.id}: {m.what}" for m in made if not noticed(m)]
    assert len(missed) <= 0.03 * len(made), missed
