"""The run document: read, checked, and given as frozen values.

Reading is strict about what a verdict rests on (version, requirement, level, outcome) and lenient
about what only decorates it, so that a document of a later suite with more fields still opens.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reports.outcome import LEVELS, OUTCOME

SCHEMA_VERSION: Final = 1


class UnreadableError(ValueError):
    """The file is not a run document; the message is one line that says why."""


@dataclass(frozen=True)
class Finding:
    where: str
    message: str
    expected: str = ""
    found: str = ""
    exchange: str = ""
    event: int | None = None


@dataclass(frozen=True)
class Result:
    """One requirement judged on one model; `model` is empty where no model is involved."""

    requirement: str
    level: str
    outcome: str
    area: str
    model: str = ""
    probe: str = ""
    text: str = ""
    source: str = ""
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    exchanges: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()


Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Exchange:
    id: str
    probe: str = ""
    model: str = ""
    method: str = ""
    path: str = ""
    request_headers: Headers = ()
    request_body: str = ""
    status: int = 0
    headers: Headers = ()
    body: str = ""
    frames: tuple[tuple[float, str], ...] = ()
    ended: str = ""
    error: str = ""
    total_ms: float | None = None
    curl: str = ""
    truncated: bool = False


@dataclass(frozen=True)
class Client:
    name: str
    version: str
    ready: bool | None
    because: tuple[str, ...]


@dataclass(frozen=True)
class Note:
    """A known deviation of the profile, or one that no longer occurs."""

    requirement: str
    reason: str


@dataclass(frozen=True)
class Document:
    suite: str
    version: str
    base_url: str
    profile: str
    models: tuple[str, ...]
    keys: Mapping[str, bool]
    started_at: str
    duration_s: float
    interrupted: bool
    could_not_run: str
    cost: Mapping[str, float]
    results: tuple[Result, ...]
    exchanges: Mapping[str, Exchange]
    clients: tuple[Client, ...]
    known: tuple[Note, ...] = ()
    stale: tuple[Note, ...] = ()
    baseline: Mapping[str, Any] | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def read(path: Path) -> Document:
    """The run document in a file, or `UnreadableError` with one clear line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UnreadableError(f"{path}: {reason}") from None
    if not text.strip():
        raise UnreadableError(f"{path}: the file is empty")
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{path}: torn or not JSON ({error})") from None
    try:
        return parse(raw)
    except UnreadableError as error:
        raise UnreadableError(f"{path}: {error}") from None


def parse(raw: Any) -> Document:
    """The run document in a JSON value."""
    if not isinstance(raw, dict):
        raise UnreadableError(f"not a run document: {_kind(raw)} instead of an object")
    if "schema_version" not in raw or "results" not in raw:
        raise UnreadableError("not a run document: it has no schema_version or no results")
    if raw["schema_version"] != SCHEMA_VERSION:
        found = raw["schema_version"]
        raise UnreadableError(f"schema_version is {found!r}, this reader knows {SCHEMA_VERSION}")
    target, suite = _object(raw, "target"), _object(raw, "suite")
    exchanges = _object(raw, "exchanges")
    keys, cost = _object(target, "keys"), _object(raw, "cost")
    return Document(
        suite=_text(suite, "name"),
        version=_text(suite, "version"),
        base_url=_text(target, "base_url"),
        profile=_text(target, "profile"),
        models=_texts(target, "models"),
        keys={str(name): bool(there) for name, there in keys.items()},
        started_at=_text(raw, "started_at"),
        duration_s=_number(raw, "duration_s") or 0.0,
        interrupted=bool(raw.get("interrupted")),
        could_not_run=_text(raw, "could_not_run"),
        cost={name: value for name in cost if (value := _number(cost, name)) is not None},
        results=tuple(_result(row, f"results[{n}]") for n, row in enumerate(_list(raw, "results"))),
        exchanges={name: _exchange(name, body) for name, body in exchanges.items()},
        clients=tuple(_client(row) for row in _objects(raw, "clients")),
        known=tuple(_note(row) for row in _objects(raw, "known")),
        stale=tuple(_note(row) for row in _objects(raw, "stale")),
        baseline=_object(raw, "baseline") or None,
        raw=raw,
    )


def _result(row: Any, where: str) -> Result:
    if not isinstance(row, dict):
        raise UnreadableError(f"{where} is {_kind(row)}, expected an object")
    for name in ("requirement", "level", "outcome"):
        if not isinstance(row.get(name), str):
            raise UnreadableError(f"{where}.{name} is {_kind(row.get(name))}, expected a string")
    for name, words in (("level", LEVELS), ("outcome", tuple(OUTCOME))):
        if row[name] not in words:
            choice = ", ".join(words)
            raise UnreadableError(f"{where}.{name} is {row[name]!r:.60}, expected one of {choice}")
    requirement = row["requirement"]
    return Result(
        requirement=requirement,
        level=row["level"],
        outcome=row["outcome"],
        area=_text(row, "area") or requirement.partition(".")[0],
        model=_text(row, "model"),
        probe=_text(row, "probe"),
        text=_text(row, "text"),
        source=_text(row, "source"),
        reason=_text(row, "reason"),
        findings=tuple(_finding(finding) for finding in _objects(row, "findings")),
        exchanges=_texts(row, "exchanges"),
        clients=_texts(row, "clients"),
    )


def _finding(row: Mapping[str, Any]) -> Finding:
    event = row.get("event")
    return Finding(
        where=_text(row, "where"),
        message=_text(row, "message"),
        expected=_text(row, "expected"),
        found=_text(row, "found"),
        exchange=_text(row, "exchange"),
        event=event if isinstance(event, int) and not isinstance(event, bool) else None,
    )


def _exchange(name: str, row: Any) -> Exchange:
    row = row if isinstance(row, dict) else {}
    request, response = _object(row, "request"), _object(row, "response")
    connection = _object(row, "connection")
    return Exchange(
        id=name,
        probe=_text(row, "probe"),
        model=_text(row, "model"),
        method=_text(request, "method"),
        path=_text(request, "path"),
        request_headers=_headers(request),
        request_body=_text(request, "body_text") or _text(request, "body"),
        status=int(_number(response, "status") or 0),
        headers=_headers(response),
        body=_text(response, "body_text"),
        frames=tuple(
            (float(frame[0]), _shown(frame[1]))
            for frame in _list(row, "frames")
            if isinstance(frame, list) and len(frame) == 2 and isinstance(frame[0], int | float)
        ),
        ended=_text(connection, "ended"),
        error=_text(connection, "error"),
        total_ms=_number(connection, "total_ms"),
        curl=_text(row, "curl"),
        truncated=bool(row.get("truncated")),
    )


def _client(row: Mapping[str, Any]) -> Client:
    ready = row.get("ready")
    return Client(
        name=_text(row, "name"),
        version=_text(row, "version"),
        ready=ready if isinstance(ready, bool) else None,
        because=_texts(row, "because"),
    )


def _note(row: Mapping[str, Any]) -> Note:
    return Note(_text(row, "requirement"), _text(row, "reason"))


def _headers(message: Mapping[str, Any]) -> Headers:
    headers = message.get("headers")
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    if not isinstance(pairs, list):
        return ()
    return tuple(
        (_shown(pair[0]), _shown(pair[1]))
        for pair in pairs
        if isinstance(pair, list | tuple) and len(pair) == 2
    )


def _object(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadableError(f"{name} is {_kind(value)}, expected an object")
    return value


def _list(parent: Mapping[str, Any], name: str) -> list[Any]:
    value = parent.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnreadableError(f"{name} is {_kind(value)}, expected an array")
    return value


def _objects(parent: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return [row for row in _list(parent, name) if isinstance(row, dict)]


def _texts(parent: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(_shown(value) for value in _list(parent, name))


def _text(parent: Mapping[str, Any], name: str) -> str:
    return _shown(parent.get(name))


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _number(parent: Mapping[str, Any], name: str) -> float | None:
    value = parent.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return "missing" if value is None else names.get(type(value), "a number")
