"""What one run is in a row of many: the verdict, the causes, the clients, cost and speed."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from reports.compare import target_of
from reports.document import Document, read
from reports.fields import UnreadableError, number_in, text_in
from reports.outcome import LEVELS
from reports.tally import requirements
from reports.verdict import verdict

FINGERPRINT: Final = re.compile(r'"system_fingerprint":\s*"([^"]{1,80})"')
SERVER_HEADERS: Final = ("server", "openai-version", "x-powered-by")


@dataclass(frozen=True)
class Night:
    """One run. `causes`: id to level and sentence; `clients`: name to ready, or None when unknown."""

    path: str
    target: str
    base_url: str
    profile: str
    models: tuple[str, ...]
    version: str
    started_at: str
    duration_s: float
    word: str
    short: str
    sentence: str
    counts: Mapping[str, int]
    """`MUST fail` and the like to numbers of requirements."""
    causes: Mapping[str, tuple[str, str]]
    clients: Mapping[str, bool | None]
    usd: float | None
    ttft_ms: float | None
    tokens_per_s: float | None
    streams: int
    fingerprints: tuple[str, ...]

    def count(self, *words: str) -> int:
        return sum(n for name, n in self.counts.items() if name.split(" ", 1)[1] in words)

    @property
    def ready(self) -> str:
        known = [ready for ready in self.clients.values() if ready is not None]
        return f"{sum(known)} of {len(self.clients)}" if known else ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Night":
        values = dict(row)
        values["causes"] = {name: tuple(pair) for name, pair in row["causes"].items()}
        for name in ("models", "fingerprints"):
            values[name] = tuple(row[name])
        return cls(**values)


def night_of(document: Document, path: str = "") -> Night:
    rows = requirements(document)
    counts: dict[str, int] = {}
    for row in rows:
        name = f"{row.first.level} {row.outcome}"
        counts[name] = counts.get(name, 0) + 1
    found = verdict(document)
    return Night(
        path=path,
        target=target_of(document),
        base_url=document.base_url,
        profile=document.profile,
        models=document.models,
        version=document.version,
        started_at=document.started_at,
        duration_s=document.duration_s,
        word=found.word,
        short=found.short,
        sentence=found.sentence,
        counts=counts,
        causes={c.id: (c.level, c.sentence) for c in document.causes if c.kind != "rest"},
        clients={client.name: client.ready for client in document.clients},
        usd=document.cost.get("usd"),
        ttft_ms=number_in(document.speed, "ttft_ms"),
        tokens_per_s=number_in(document.speed, "tokens_per_s"),
        streams=int(number_in(document.speed, "streams") or 0),
        fingerprints=fingerprints(document),
    )


def fingerprints(document: Document) -> tuple[str, ...]:
    """What the server says it is: system fingerprints and the headers that name a software."""
    found: dict[str, None] = {}
    for exchange in document.exchanges.values():
        for text in (exchange.body, *(text for _, text in exchange.frames[:3])):
            found.update(dict.fromkeys(FINGERPRINT.findall(text)))
        for name, value in exchange.headers:
            if name.lower() in SERVER_HEADERS:
                found[f"{name.lower()}: {value[:80]}"] = None
    given = document.raw.get("fingerprint")
    for row in given if isinstance(given, list) else ():
        if isinstance(row, dict) and row.get("tokenizer"):
            offset = number_in(row, "prompt_offset")
            told = f", {offset:+.0f} a prompt" if offset is not None else ""
            found[f"{text_in(row, 'model')} counts with {text_in(row, 'tokenizer')}{told}"[:120]] = None  # fmt: skip
    return tuple(sorted(found))[:20]


def documents_in(paths: Iterable[Path]) -> list[Path]:
    """Files as they are; of a folder, every report.json below it, else every .json in it."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = sorted(path.rglob("report.json")) or sorted(path.glob("*.json"))
            found += below
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def link_to(path: str, folder: Path | None) -> str:
    """The page beside a run document, seen from a folder; empty where there is none."""
    if not path or folder is None:
        return ""
    page = Path(path).with_name("report.html")
    if not page.exists():
        return ""
    return os.path.relpath(page, folder).replace(os.sep, "/")


def read_nights(paths: Iterable[Path]) -> tuple[list[Night], list[str]]:
    """The nights of the files, oldest first, and a line for each file that is none."""
    nights, troubles = [], []
    for path in paths:
        try:
            nights.append(night_of(read(path), str(path)))
        except UnreadableError as error:
            troubles.append(str(error))
    return sorted(nights, key=lambda night: night.started_at), troubles


def gravity(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)
