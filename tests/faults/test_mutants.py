"""Random structural mutants of clean answers are noticed, nearly all; many more with `--every-fault`."""

from tests.faults.mutants import mutants, noticed

# Of 100 more than this are missed by chance in 3 of 100 samples where 97 of 100 are noticed.
BY_CHANCE = 6


def test_nearly_every_random_mutant_is_noticed(request):
    """At least 97 of 100 over 400; a part says so only roughly. `python -m tests.faults.mutants` prints what is missed."""
    every = request.config.getoption("--every-fault")
    made = list(mutants(400 if every else 100, 7))
    missed = [f"{m.kind} {m.exchange.id}: {m.what}" for m in made if not noticed(m)]
    assert len(missed) <= (0.03 * len(made) if every else BY_CHANCE), missed
