"""Who sends: this process alone, or the workers of a Locust master."""

from collections.abc import Callable
from typing import Any, Protocol

from locust.runners import STATE_MISSING, MasterRunner

from load.measure.tally import Tally

Handler = Callable[[str, dict[str, Any]], None]


class Crew(Protocol):
    """The processes that send: one here, or workers elsewhere."""

    def roster(self) -> list[str]: ...
    def tell(self, member: str, kind: str, data: dict[str, Any]) -> None: ...
    def gone(self, member: str) -> bool: ...


class Alone:
    """The process itself is the whole fleet."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def roster(self) -> list[str]:
        return ["here"]

    def tell(self, _member: str, kind: str, data: dict[str, Any]) -> None:
        self._handle(kind, data)

    def gone(self, _member: str) -> bool:
        return False


class Workers:
    """The workers of a master, by Locust's own messages."""

    def __init__(self, runner: MasterRunner) -> None:
        self._runner = runner

    def roster(self) -> list[str]:
        clients = sorted(self._runner.clients.all, key=lambda client: client.id)
        return [client.id for client in clients if client.state != STATE_MISSING]

    def tell(self, member: str, kind: str, data: dict[str, Any]) -> None:
        self._runner.send_message(kind, data, member)

    def gone(self, member: str) -> bool:
        client = self._runner.clients.get(member)
        return client is None or client.state == STATE_MISSING


def packed(part: dict[str, Any]) -> dict[str, Any]:
    """A part for the way to another process."""
    return part | {"tally": part["tally"].as_message()}


def unpacked(part: dict[str, Any]) -> dict[str, Any]:
    return part | {"tally": Tally.of_message(part["tally"])}
