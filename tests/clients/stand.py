"""The reference gateway on a socket inside this process, broken anew for each run of a client."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from gateway.core import Gateway
from gateway.faults.machinery.fault import Faulty, Handler, all_faults
from gateway.frames import GatewayReply
from gateway.server import bind, make_server
from wire.exchange import Request

SEED = 1


def gateway_with(
    faults: Sequence[str], clock: Callable[[], float] = time.time
) -> tuple[Gateway, Handler]:
    """A fresh gateway, whose keys and ids are always the same, and what stands before it."""
    gateway = Gateway(seed=SEED, clock=clock)
    broken = tuple(all_faults()[name] for name in faults)
    return gateway, Faulty(gateway, broken) if broken else gateway


class Stand:
    """A handler that can be exchanged, with what it was asked since."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.asked: list[Request] = []
        self.statuses: list[int] = []
        self.use()

    def use(self, *faults: str) -> None:
        gateway, self._handler = gateway_with(faults)
        self.key = gateway.keys.secrets["codex"]
        self.asked, self.statuses = [], []

    def handle(self, request: Request) -> GatewayReply:
        self.asked.append(request)
        reply = self._handler.handle(request)
        self.statuses.append(reply.status)
        return reply

    def settle(self, reply: GatewayReply, sent: int | None = None) -> None:
        self._handler.settle(reply, sent)


@contextmanager
def stand() -> Iterator[Stand]:
    """Serve on a free loopback port until the block ends."""
    sock = bind(0)
    here = Stand(sock.getsockname()[1])
    server = make_server(here)
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[sock])), name="stand", daemon=True
    )
    thread.start()
    try:
        yield here
    finally:
        server.stop()
        thread.join(10)
