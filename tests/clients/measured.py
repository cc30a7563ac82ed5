"""What was measured: for each client the faults that it was run against, and what became of it."""

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_suffix(".toml")
HEAD = """\
# Real clients against the reference gateway with one fault at a time: those with which the client did
# its task, and those with which it did not, with what its user saw.
# Made by `python -m tests.clients.measure`.
"""
SAW_LENGTH = 110
# What differs from run to run and says nothing.
_PASSING = re.compile(
    r"sk-[\w-]+|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{20,}|\b(?:req|resp|msg|call|chatcmpl)[_-]\w{8,}"
    r"|127\.0\.0\.1:\d+|/tmp/[\w./-]+|Chunk ID: \w+|Wall time: [\d.]+ seconds"
)


@dataclass(frozen=True)
class Measured:
    """One client of one version: faults with which it works, faults with which it breaks and how."""

    client: str
    version: str
    task: str
    works: frozenset[str]
    breaks: dict[str, str]

    @property
    def faults(self) -> frozenset[str]:
        return self.works | frozenset(self.breaks)


def read() -> dict[str, Measured]:
    """By the client's name."""
    text = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    rows = tomllib.loads(text).get("client", [])
    return {
        row["name"]: Measured(
            row["name"], row["version"], row["task"], frozenset(row["works"]), row["breaks"]
        )
        for row in rows
    }


def write(rows: Iterable[Measured]) -> None:
    TABLE.write_text(HEAD + "".join(_lines(row) for row in rows), encoding="utf-8")


def _lines(row: Measured) -> str:
    head = {"name": row.client, "version": row.version, "task": row.task}
    lines = ["", "[[client]]", *(f"{key} = {_text(value)}" for key, value in head.items())]
    lines += ["works = [", *(f"  {_text(name)}," for name in sorted(row.works)), "]"]
    lines += ["[client.breaks]"]
    lines += [f"{_text(name)} = {_text(row.breaks[name])}" for name in sorted(row.breaks)]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def lasting(saw: str) -> str:
    """What the user saw, on one line, without what is different each time."""
    printable = "".join(c if c.isprintable() else " " for c in saw)
    return " ".join(_PASSING.sub("…", printable).split())[:SAW_LENGTH].rstrip()
