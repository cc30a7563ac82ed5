"""A gateway on a socket, in a thread of the test process."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gateway.core import Gateway
from gateway.server import Application, Server, bind, make_server


@dataclass
class Served:
    gateway: Gateway
    application: Application
    port: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def key(self) -> str:
        return self.gateway.keys.secrets["codex"]


@contextmanager
def serving(wrap: Callable[[Gateway], Any] = lambda gateway: gateway) -> Iterator[Served]:
    gateway = Gateway(seed=5)
    sock = bind(0)
    server = make_server(wrap(gateway))
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(server, sock, ready)))
    thread.start()
    ready.wait(10)
    try:
        yield Served(gateway, server.config.app, sock.getsockname()[1])
    finally:
        server.stop()
        thread.join(10)
        sock.close()


async def _serve(server: Server, sock: Any, ready: threading.Event) -> None:
    task = asyncio.create_task(server.serve(sockets=[sock]))
    await server.ready.wait()
    ready.set()
    await task
