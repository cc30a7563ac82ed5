"""What tells of a route, and what does not."""

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome
from tests.direct import traffic


def test_a_key_without_credit_is_no_stranger():
    """Alone beside the right key, it does not make a server look as if it asked for none."""
    sent, profile = traffic(probes=["billing.no-credit", "usage.small"])
    judge = Judge(catalogue(), profile, tuple(sent.all()), sent.unsent)
    row = judge.catalogue.requirements["billing.empty-refused"]
    assert judge.result(row, "").outcome is Outcome.PASS
