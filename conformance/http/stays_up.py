"""A server that stops answering: one failure, of this rule, and none of those whose answers it took along."""

from conformance.judging.finding import Finding, Findings
from conformance.judging.route import Silence
from conformance.judging.rule import rule
from conformance.judging.selector import probe
from conformance.running.pulse import ALIVE, CHECK_S, LOST
from wire.exchange import Exchange

PROBES = (ALIVE,)


@rule(
    "http.stays-up",
    on=probe(ALIVE.name, LOST),
    silence=tuple(Silence),
    sees=lambda _x, _requirement: True,
)
def stays_up(x: Exchange) -> Findings:
    late = (x.reply.headers_at_ms or 0) > CHECK_S * 1000
    if x.probe == LOST or not x.reply.status or late:
        found = x.connection.error or f"nothing within {CHECK_S:.0f} s"
        yield Finding("connection", "a server that goes on answering", found)
