"""Rules that ask whether a route is there at all: one failure for all that cannot be judged without it."""

from conformance.judging.finding import Finding, Findings
from conformance.judging.route import Silence, routes
from conformance.judging.rule import RunRule, run_rule
from conformance.judging.run import Run


def offered(requirement: str) -> RunRule:
    """The route of the probe of the same name says something to somebody."""
    probe = requirement  # always sent, also where the first look found nothing

    @run_rule(requirement, probes=(probe,), silence=set(Silence) - {Silence.OPEN, Silence.LATE})
    def check(run: Run) -> Findings:
        x = run.all(probe)[0]
        why = routes(run.exchanges).silence(x)
        if why and why[0] not in {Silence.TORN, Silence.PACKED}:  # it is there, and broken
            yield Finding("route", "an answer of the operation", why[1], exchange=x.id)

    return check
