"""Building blocks of faults of HTTP: their names and kinds of requests."""

from typing import Final

from gateway.faults.machinery.fault import Family, Fault, always, rows
from gateway.faults.machinery.selection import When, at
from gateway.faults.machinery.transform import ReplyChange
from wire.endpoint import Endpoint
from wire.exchange import Request

CREATES: Final = at(Endpoint.CHAT, Endpoint.RESPONSES, method="POST")


def fault(
    name: str, breaks: str, says: str, family: Family, reply: ReplyChange, when: When = always
) -> Fault:
    """A fault of replies. `breaks` lists requirements."""
    return Fault(f"http.{name}", rows(breaks), says, family, when=when, reply=reply)


def method(*names: str) -> When:
    return lambda request: request.method in names


def has_header(name: str, value: str = "") -> When:
    def when(request: Request) -> bool:
        given = request.header(name)
        return given is not None and value in given

    return when
