"""Who sends: this process alone, or the workers of a Locust master."""

from collections.abc import Callable
from typing import Any, Protocol

from locust.runners import STATE_MISSING, MasterRunner

from load.measure.tally import Tally

Handler = Callable[[str, dict[str, Any]], None]


class Processes(Protocol):
    """The processes that send: one here, or workers elsewhere."""

    local: bool

    def ids(self) -> list[str]: ...
    def send(self, process: str, kind: str, data: dict[str, Any]) -> None: ...
    def missing(self, process: str) -> bool: ...


class LocalProcess:
    """The process itself is the whole fleet."""

    local = True

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def ids(self) -> list[str]:
        return ["here"]

    def send(self, _process: str, kind: str, data: dict[str, Any]) -> None:
        self._handle(kind, data)

    def missing(self, _process: str) -> bool:
        return False


class WorkerProcesses:
    """The workers of a master, by Locust's own messages."""

    local = False

    def __init__(self, runner: MasterRunner) -> None:
        self._runner = runner

    def ids(self) -> list[str]:
        clients = sorted(self._runner.clients.all, key=lambda client: client.id)
        return [client.id for client in clients if client.state != STATE_MISSING]

    def send(self, process: str, kind: str, data: dict[str, Any]) -> None:
        self._runner.send_message(kind, data, process)

    def missing(self, process: str) -> bool:
        client = self._runner.clients.get(process)
        return client is None or client.state == STATE_MISSING


def packed(report: dict[str, Any]) -> dict[str, Any]:
    """A worker's report for the way to another process."""
    return report | {"tally": report["tally"].as_message()}


def unpacked(report: dict[str, Any]) -> dict[str, Any]:
    return report | {"tally": Tally.of_message(report["tally"])}
