"""Every client that can be driven, one run of it, and what a fault changes of what it receives."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from conformance.clients.programs.program import Outcome, Program, Target
from gateway.frames import GatewayReply, encode
from tests.clients.stand import Stand, gateway_with
from wire.exchange import Request


def drive(driver: Program, here: Stand, *faults: str) -> Outcome:
    """One run against the gateway with these faults, in an empty folder."""
    here.use(*faults)
    with tempfile.TemporaryDirectory(prefix="client-", ignore_cleanup_errors=True) as folder:
        return driver.run(Target(here.base_url, here.key, Path(folder)))


class Reach:
    """What a client asks of the clean gateway; asked again of a broken one, in this process.

    A fault that leaves every byte of these answers as it was cannot change what the client does.
    """

    def __init__(self, asked: Sequence[Request]) -> None:
        self.asked = tuple(asked)
        self.clean = self.answers()

    def answers(self, *faults: str) -> list[tuple[object, ...]]:
        _, handler = gateway_with(faults, clock=lambda: 1_790_000_000.0)
        return [visible(handler.handle(request)) for request in self.asked]

    def touches(self, fault: str) -> bool:
        return self.answers(fault) != self.clean


def visible(reply: GatewayReply) -> tuple[object, ...]:
    return reply.status, reply.headers, encode(reply), reply.ending, reply.delay_ms
