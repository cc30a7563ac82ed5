"""The run document: everything a report needs, as the JSON of `schemas/report.json`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from conformance.causes.cause import causes
from conformance.clients.readiness import clients_hurt, readiness
from conformance.judging.finding import Finding, apart
from conformance.judging.judge import Outcome, Result
from conformance.judging.profile import Known, Profile
from conformance.running.budget import Budget
from conformance.running.evidence import transcript
from conformance.running.speed import speed
from wire.exchange import Exchange

SUITE_NAME: Final = "openai-gateway-conformance"
EXCHANGES_A_RESULT: Final = 3


def suite_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(SUITE_NAME)
    except PackageNotFoundError:
        return "0.0.0"


def result_row(result: Result) -> dict[str, Any]:
    """One entry of `results`: plain values only, so that it can cross a process border."""
    requirement = result.requirement
    return {
        "requirement": requirement.id,
        "level": requirement.level.value,
        "outcome": result.outcome.value,
        "area": requirement.area,
        "model": result.model,
        "probe": result.probe,
        "text": requirement.text,
        "source": requirement.source,
        "reason": result.reason,
        "findings": [_finding(f) for f in result.findings],
        "exchanges": list(result.exchanges[:EXCHANGES_A_RESULT]),
        "clients": list(clients_hurt(requirement))
        if result.outcome in {Outcome.FAIL, Outcome.ADVISORY}
        else [],
    }


def _finding(f: Finding) -> dict[str, Any]:
    """Long values that begin alike are shown from where they part."""
    expected, found = apart(f.expected, f.found)
    return {
        "where": f.where,
        "message": f"expected {expected}, found {found}",
        "expected": expected,
        "found": found,
        "exchange": f.exchange,
        "event": f.event,
    }


def cost_row(budget: Budget, plan_usd: float) -> dict[str, Any]:
    """What was announced and counted; `plan_usd` is what the whole plan costs without a limit."""
    announced_usd = budget.announced_usd
    return {
        "requests": budget.requests,
        "billable_requests": budget.billable_requests,
        "prompt_tokens": budget.prompt_tokens,
        "completion_tokens": budget.completion_tokens,
        "usd": round(float(budget.spent_usd), 6),
        "announced_usd": None if announced_usd is None else round(float(announced_usd), 6),
        "largest": [spent.as_json() for spent in budget.largest],
        "estimate_usd": round(plan_usd, 6),
        "limit_usd": None if budget.limit_usd is None else float(budget.limit_usd),
    }


def run_document(
    *,
    target: Mapping[str, Any],
    started_at: str,
    duration_s: float,
    cost: Mapping[str, Any],
    rows: Sequence[dict[str, Any]],
    exchanges: Iterable[Exchange],
    base_url: str,
    profile: Profile | None,
    interrupted: bool = False,
    could_not_run: str | None = None,
    selection: tuple[int, int] | None = None,
    depth: str = "default",
) -> dict[str, Any]:
    """Assemble the document. Of the exchanges those are kept that show a verdict."""
    exchanges = list(exchanges)
    known = profile.known if profile else ()
    foretold = readiness(rows)
    found = causes(rows, exchanges, [(entry.requirement, entry.model) for entry in known])
    for cause in found:  # who minds a row in general, and is ready all the same, is not hurt here
        ready = {client["name"] for client in foretold if client["ready"]}
        cause["clients"] = [name for name in cause["clients"] if name not in ready]
    wanted = _shown(rows) | {cause["exchange"] for cause in found}
    kept = {x.id: transcript(x, base_url) for x in exchanges if x.id in wanted}
    for row in rows:
        row["exchanges"] = [name for name in row["exchanges"] if name in kept]
    whole = selection is None or selection[0] >= selection[1]
    return {
        "schema_version": 1,
        "suite": {"name": SUITE_NAME, "version": suite_version()},
        "target": dict(target),
        "started_at": started_at,
        "duration_s": round(duration_s, 3),
        "interrupted": interrupted,
        "could_not_run": could_not_run,
        "cost": dict(cost),
        "speed": speed(exchanges),
        "causes": found,
        "results": list(rows),
        "exchanges": kept,
        "depth": depth,
        "selection": None if selection is None else {"selected": selection[0], "of": selection[1]},
        "clients": [
            # Of a part of the requirements nobody can say that a client is served.
            {**client, "ready": client["ready"] if whole or not client["ready"] else None}
            for client in foretold
        ],
        "known": _known(rows, known, {"fail", "advisory"}),
        "stale": _known(rows, known, {"pass"}),
        "baseline": None,
    }


def _shown(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """The exchanges that have to be kept: those with findings, and one at least a passed row.

    What several rows were judged by is taken first, so that few exchanges show many rows.
    """
    wanted = {
        name
        for row in rows
        if row["outcome"] in {"fail", "advisory", "inconclusive", "error"}
        for name in [*(f["exchange"] for f in row["findings"][:2]), *row["exchanges"][:1]]
        if name
    }
    passed = [row["exchanges"] for row in rows if row["outcome"] == "pass" and row["exchanges"]]
    shared = Counter(name for names in passed for name in names)
    for names in sorted(passed, key=lambda names: -max(shared[name] for name in names)):
        if wanted.isdisjoint(names):
            wanted.add(max(names, key=lambda name: shared[name]))
    return wanted


def _known(
    rows: Sequence[dict[str, Any]], known: Iterable[Known], outcomes: set[str]
) -> list[dict[str, Any]]:
    """Known deviations whose requirement had one of the outcomes."""
    return [
        {"requirement": entry.requirement, "model": row["model"], "reason": entry.reason}
        for entry in known
        for row in rows
        if row["requirement"] == entry.requirement
        and entry.model in {"", row["model"]}
        and row["outcome"] in outcomes
    ]
