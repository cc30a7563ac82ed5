"""Rules that ask whether a route is there at all: one failure for all that cannot be judged without it."""

from conformance.judging.answer import status_line
from conformance.judging.declined import declined, lasting
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.route import Silence, routes
from conformance.judging.rule import RunRule, run_rule
from conformance.judging.run import Run
from wire.exchange import Exchange


def offered(requirement: str, use: str) -> RunRule:
    """The route of the probe of the same name says something to somebody. `use`: what clients lose without it."""
    probe = requirement  # always sent, also where the first look found nothing

    @run_rule(requirement, probes=(probe,), silence=set(Silence) - {Silence.OPEN, Silence.LATE})
    def check(run: Run) -> Findings:
        x = run.brought(probe)[0]
        why = routes(run.exchanges).silence(x)
        if why and why[0] is Silence.BUSY and not lasting(_put_off(run, x)):
            yield Unsure(f"put off, though not often enough to be told from a bad moment: {why[1]}")
        elif why and why[0] not in {Silence.TORN, Silence.PACKED}:  # it is there, and broken
            path = x.request.path.partition("?")[0]
            wanted = f"{x.request.method} {path} to be served, {use}"
            yield Finding("route", wanted, _told(why, x), exchange=x.id)

    return check


def _put_off(run: Run, x: Exchange) -> list[Exchange]:
    """What was put off of the same route."""
    route = (x.request.method, x.endpoint)
    return [y for y in run.exchanges if (y.request.method, y.endpoint) == route and declined(y)]


def _told(why: tuple[Silence, str], x: Exchange) -> str:
    told = {
        Silence.ABSENT: "nothing at this path",
        Silence.BELOW: "nothing at this path",
        Silence.CLOSED: "the right key sent away",
        Silence.BUSY: "every request put off",
        Silence.BROKEN: "every request failing",
    }.get(why[0])
    return f"{told}: {status_line(x)}" if told and x.reply.status else why[1]
