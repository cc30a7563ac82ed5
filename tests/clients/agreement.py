"""Prediction against measurement: whether the needs of clients.toml say what real clients do.

A fault's `breaks` are exactly the requirements that fail with it, which other tests hold. A client
that needs one of them is said to break.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.clients.readiness import Client, clients
from gateway.faults.machinery.fault import all_faults
from tests.clients.measured import Measured, read

LEFT = Path(__file__).with_name("disagreements.toml")


@dataclass(frozen=True)
class Agreement:
    """One client: the faults of which the needs say ready and it breaks, and the other way round."""

    measured: Measured
    missed: frozenset[str]
    alarms: frozenset[str]

    @property
    def share(self) -> float:
        total = len(self.measured.faults)
        return (total - len(self.missed) - len(self.alarms)) / total


@dataclass(frozen=True)
class Disagreement:
    """Faults about which the needs are wrong on purpose for these clients, and why that is better."""

    clients: tuple[str, ...]
    faults: tuple[str, ...]
    reason: str


def needed(client: Client, fault: str) -> list[str]:
    """The client's needs that fail with a fault."""
    return [name for name in all_faults()[fault].breaks if client.needs_requirement(name)]


def agreements() -> Iterator[Agreement]:
    rows = read()
    for client in clients():
        if row := rows.get(client.name):
            said = {fault for fault in row.faults if needed(client, fault)}
            broken = frozenset(row.breaks)
            yield Agreement(row, broken - said, frozenset(said - broken))


def disagreements() -> tuple[Disagreement, ...]:
    rows = tomllib.loads(LEFT.read_text(encoding="utf-8"))["disagreement"]
    return tuple(Disagreement(tuple(r["clients"]), tuple(r["faults"]), r["reason"]) for r in rows)


def explained(client: str) -> dict[str, str]:
    """Fault -> why the disagreement about this client is left."""
    return {
        fault: row.reason
        for row in disagreements()
        if client in row.clients
        for fault in row.faults
    }
