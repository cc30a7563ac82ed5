"""The run document: read, checked, and given as frozen values.

Reading is strict about what a verdict rests on (version, requirement, level, outcome) and lenient
about what only decorates it, so that a document of a later suite with more fields still opens.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from reports.fields import (
    UnreadableError,
    kind,
    list_in,
    number_in,
    object_in,
    objects_in,
    shown,
    text_in,
    texts_in,
)
from reports.outcome import DEVIATES, LEVELS, OUTCOME

SCHEMA_VERSION: Final = 1


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
    """What is foretold from the requirements that the client cannot do without."""
    because: tuple[str, ...]
    tried: bool | None = None
    """Whether it did its task when it was let try; None when it was not."""
    said: str = ""
    """How the trial went, or why there was none; empty where none was asked for."""


@dataclass(frozen=True)
class Cause:
    """Failures that one mend would remove; the first requirement is the one to read."""

    id: str
    sentence: str
    level: str
    requirements: tuple[str, ...]
    exchange: str = ""
    clients: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Note:
    """A known deviation of the profile, or one that no longer occurs."""

    requirement: str
    reason: str
    model: str = ""


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
    causes: tuple[Cause, ...] = ()
    speed: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    seed: int | None = None
    strict_known: bool = False
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
        raise UnreadableError(f"not a run document: {kind(raw)} instead of an object")
    if "schema_version" not in raw or "results" not in raw:
        raise UnreadableError("not a run document: it has no schema_version or no results")
    if raw["schema_version"] != SCHEMA_VERSION:
        found = raw["schema_version"]
        raise UnreadableError(f"schema_version is {found!r}, this reader knows {SCHEMA_VERSION}")
    target, suite = object_in(raw, "target"), object_in(raw, "suite")
    exchanges = object_in(raw, "exchanges")
    keys, cost = object_in(target, "keys"), object_in(raw, "cost")
    known = tuple(_note(row) for row in objects_in(raw, "known"))
    results = [_result(row, f"results[{n}]") for n, row in enumerate(list_in(raw, "results"))]
    return Document(
        suite=text_in(suite, "name"),
        version=text_in(suite, "version"),
        base_url=text_in(target, "base_url"),
        profile=text_in(target, "profile"),
        models=texts_in(target, "models"),
        keys={str(name): bool(there) for name, there in keys.items()},
        started_at=text_in(raw, "started_at"),
        duration_s=number_in(raw, "duration_s") or 0.0,
        interrupted=bool(raw.get("interrupted")),
        could_not_run=text_in(raw, "could_not_run"),
        cost={name: value for name in cost if (value := number_in(cost, name)) is not None},
        results=tuple(_spared(result, known) for result in results),
        exchanges={name: _exchange(name, body) for name, body in exchanges.items()},
        clients=tuple(_client(row) for row in objects_in(raw, "clients")),
        known=known,
        stale=tuple(_note(row) for row in objects_in(raw, "stale")),
        baseline=object_in(raw, "baseline") or None,
        causes=tuple(_cause(row) for row in objects_in(raw, "causes")),
        speed=object_in(raw, "speed"),
        command=text_in(raw, "command"),
        strict_known=bool(raw.get("strict_known")),
        seed=int(seed) if (seed := number_in(raw, "seed")) is not None else None,
        raw=raw,
    )


def _result(row: Any, where: str) -> Result:
    if not isinstance(row, dict):
        raise UnreadableError(f"{where} is {kind(row)}, expected an object")
    for name in ("requirement", "level", "outcome"):
        if not isinstance(row.get(name), str):
            raise UnreadableError(f"{where}.{name} is {kind(row.get(name))}, expected a string")
    for name, words in (("level", LEVELS), ("outcome", tuple(OUTCOME))):
        if row[name] not in words:
            choice = ", ".join(words)
            raise UnreadableError(f"{where}.{name} is {row[name]!r:.60}, expected one of {choice}")
    requirement = row["requirement"]
    return Result(
        requirement=requirement,
        level=row["level"],
        outcome=row["outcome"],
        area=text_in(row, "area") or requirement.partition(".")[0],
        model=text_in(row, "model"),
        probe=text_in(row, "probe"),
        text=text_in(row, "text"),
        source=text_in(row, "source"),
        reason=text_in(row, "reason"),
        findings=tuple(_finding(finding) for finding in objects_in(row, "findings")),
        exchanges=texts_in(row, "exchanges"),
        clients=texts_in(row, "clients"),
    )


def _finding(row: Mapping[str, Any]) -> Finding:
    event = row.get("event")
    return Finding(
        where=text_in(row, "where"),
        message=text_in(row, "message"),
        expected=text_in(row, "expected"),
        found=text_in(row, "found"),
        exchange=text_in(row, "exchange"),
        event=event if isinstance(event, int) and not isinstance(event, bool) else None,
    )


def _exchange(name: str, row: Any) -> Exchange:
    row = row if isinstance(row, dict) else {}
    request, response = object_in(row, "request"), object_in(row, "response")
    connection = object_in(row, "connection")
    return Exchange(
        id=name,
        probe=text_in(row, "probe"),
        model=text_in(row, "model"),
        method=text_in(request, "method"),
        path=text_in(request, "path"),
        request_headers=_headers(request),
        request_body=text_in(request, "body_text") or text_in(request, "body"),
        status=int(number_in(response, "status") or 0),
        headers=_headers(response),
        body=text_in(response, "body_text"),
        frames=tuple(
            (float(frame[0]), shown(frame[1]))
            for frame in list_in(row, "frames")
            if isinstance(frame, list) and len(frame) == 2 and isinstance(frame[0], int | float)
        ),
        ended=text_in(connection, "ended"),
        error=text_in(connection, "error"),
        total_ms=number_in(connection, "total_ms"),
        curl=text_in(row, "curl"),
        truncated=bool(row.get("truncated")),
    )


def _client(row: Mapping[str, Any]) -> Client:
    ready = row.get("ready")
    return Client(
        name=text_in(row, "name"),
        version=text_in(row, "version"),
        ready=ready if isinstance(ready, bool) else None,
        because=texts_in(row, "because"),
        tried=works if isinstance(works := object_in(row, "tried").get("works"), bool) else None,
        said=_trial(object_in(row, "tried")),
    )


def _trial(tried: Mapping[str, Any]) -> str:
    """One line of a trial: what became of it, what it cost, what was wrong in what the client got."""
    if not tried:
        return ""
    if not isinstance(works := tried.get("works"), bool):
        return f"not tried: {text_in(tried, 'saw')}"
    paid = int(number_in(tried, "billable_requests") or 0)
    cost = f"{paid} paid requests, ${number_in(tried, 'usd') or 0:.4f}"
    done = "did its task" if works else f"did not do its task: {text_in(tried, 'saw')}"
    wrong = [text_in(finding, "requirement") for finding in objects_in(tried, "findings")]
    more = f"; its traffic breaks {', '.join(wrong)}" if wrong else ""
    return f"{text_in(tried, 'version')} {done} ({cost}){more}".strip()


def _spared(result: Result, known: tuple[Note, ...]) -> Result:
    """A deviation that the profile knows is called so: no headline, badge or test case counts it."""
    if result.outcome not in DEVIATES:
        return result
    for note in known:
        if note.requirement == result.requirement and note.model in {"", result.model}:
            return replace(result, outcome="known", reason=note.reason or result.reason)
    return result


def _cause(row: Mapping[str, Any]) -> Cause:
    level = text_in(row, "level")
    return Cause(
        id=text_in(row, "id"),
        sentence=text_in(row, "sentence"),
        level=level if level in LEVELS else LEVELS[0],
        requirements=texts_in(row, "requirements"),
        exchange=text_in(row, "exchange"),
        clients=texts_in(row, "clients"),
        kind=text_in(row, "kind"),
    )


def _note(row: Mapping[str, Any]) -> Note:
    return Note(text_in(row, "requirement"), text_in(row, "reason"), text_in(row, "model"))


def _headers(message: Mapping[str, Any]) -> Headers:
    headers = message.get("headers")
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    if not isinstance(pairs, list):
        return ()
    return tuple(
        (shown(pair[0]), shown(pair[1]))
        for pair in pairs
        if isinstance(pair, list | tuple) and len(pair) == 2
    )
