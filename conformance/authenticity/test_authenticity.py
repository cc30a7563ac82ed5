"""One test a requirement and model of the authenticity area."""

from conformance.verdict import Verdict


def test_rule(verdict: Verdict) -> None:
    verdict.settle()
