"""Cases of servers that send elsewhere, or that are away for a while: redirects, 429 and 503 that come and go."""

import os
import socket
import time
from collections.abc import Callable
from typing import Final

from tests.hostile.cases import CASES, Asked, case, whole

OTHER: Final = "HOSTILE_OTHER"
"""The port of another host, in the environment of the server; whoever asks there followed a redirect."""
AWAY_S: Final = 6.0


def _redirect(name: str, place: Callable[[Asked], str]) -> None:
    def send(connection: socket.socket, asked: Asked) -> bool:
        connection.sendall(whole(b"", "307 Temporary Redirect", f"location: {place(asked)}"))
        return True

    CASES[name] = send


def _other(scheme: str, host: str) -> Callable[[Asked], str]:
    return lambda asked: f"{scheme}://{host}:{os.environ.get(OTHER, '9')}{asked.path}"


_redirect("redirect-to-itself", lambda asked: asked.path)
_redirect("redirect-on-the-host", lambda _: "/v1/elsewhere")
_redirect("redirect-to-another-host", _other("http", "localhost"))
_redirect("redirect-to-tls", _other("https", "127.0.0.1"))
_redirect("redirect-to-file", lambda _: "file:///etc/passwd")
_redirect("redirect-nowhere", lambda _: "")


LIMITED: Final = whole(
    b'{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded","param":null}}',
    "429 Too Many Requests",
    "retry-after: 0",
)
AWAY: Final = whole(b"no healthy upstream", "503 Service Unavailable", kind="text/plain")
_seen: dict[str, int] = {}
_began: dict[str, float] = {}


def _by_turns(name: str, refusal: bytes, turn: int) -> None:
    """So many answers refuse, so many are good."""

    def send(connection: socket.socket, asked: Asked) -> bool:
        number = _seen[name] = _seen.get(name, -1) + 1
        connection.sendall(asked.good if number // turn % 2 else refusal)
        return True

    CASES[name] = send


_by_turns("limited-every-other", LIMITED, 1)
_by_turns("unavailable-flapping", AWAY, 5)


@case
def dies_and_returns(connection: socket.socket, asked: Asked) -> bool:
    """Nobody answers for a while; then all is as before."""
    if time.monotonic() - _began.setdefault("died", time.monotonic()) < AWAY_S:
        return False
    connection.sendall(asked.good)
    return True
