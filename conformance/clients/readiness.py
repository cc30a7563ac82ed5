"""Client readiness: which requirements each client cannot do without, and the verdict on each."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from conformance.judging.requirement import Requirement

TABLE = Path(__file__).parent / "clients.toml"


@dataclass(frozen=True)
class Client:
    """A client program, measured at `version`, with globs of requirements it breaks without."""

    name: str
    version: str
    needs: tuple[str, ...]
    minds: tuple[str, ...] = ()
    """What spoils some uses: it counts where it fails, and hides nothing where it was not judged."""

    def needs_requirement(self, requirement: str) -> bool:
        return _named(requirement, (*self.needs, *self.minds))

    def is_hidden_by(self, requirement: str) -> bool:
        """Whether nobody can say that the client is ready while this was not judged."""
        return _named(requirement, self.needs)


def _named(requirement: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(requirement, pattern) for pattern in patterns)


@cache
def clients() -> tuple[Client, ...]:
    document = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(
        Client(row["name"], row["version"], tuple(row["needs"]), tuple(row.get("minds", ())))
        for row in document["client"]
    )


def clients_hurt(requirement: Requirement) -> list[str]:
    """Names of the clients that break when the requirement does not hold."""
    measured = [c.name for c in clients() if c.needs_requirement(requirement.id)]
    return list(dict.fromkeys([*measured, *requirement.clients]))


def readiness(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`clients` of the run document: ready true, false, or null when something was not judged."""
    return [_ready(client, rows) for client in clients()]


def _ready(client: Client, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    mine = [row for row in rows if client.needs_requirement(row["requirement"])]
    decisive = [row for row in mine if client.is_hidden_by(row["requirement"])]
    broken = [r["requirement"] for r in mine if r["outcome"] in {"fail", "advisory"}]
    # What is needed and is not there: a key that nobody asks for is missed by none.
    broken = broken or [r["requirement"] for r in decisive if r["outcome"] == "not-offered"]
    unknown = [r["requirement"] for r in decisive if r["outcome"] in {"blocked", "error"}]
    judged = any(row["outcome"] == "pass" for row in decisive)
    # What the model did not do, and what the target does not claim, speaks neither way.
    ready = False if broken else (True if judged and not unknown else None)
    return {
        "name": client.name,
        "version": client.version,
        "ready": ready,
        "because": list(dict.fromkeys(broken or unknown)),
    }
