"""Rules about times ask first whether the client itself was late, as load does with VALID."""

from conformance.judging.finding import Finding, Findings, Unsure
from wire.exchange import Exchange


def unless_late(x: Exchange, said: Findings, room_ms: float) -> Findings:
    """What a rule about arrival times says, as doubt where our own loop was later than `room_ms`."""
    late_ms = x.connection.late_ms or 0.0
    for word in said:
        if isinstance(word, Finding) and late_ms > room_ms:
            yield Unsure(f"this machine was {late_ms:.0f} ms late itself: times say nothing")
        else:
            yield word
