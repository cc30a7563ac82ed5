"""The causes of a run, as the run document has them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.causes.grouping import Failure, Group, grouped
from conformance.causes.member import one_of, path_of
from conformance.causes.sentence import sentence
from conformance.causes.survey import Survey
from conformance.causes.trait import Sight
from conformance.causes.traits import traits
from wire.exchange import Exchange

LEVELS = ("MUST", "SHOULD", "MAY")
SHOWN = 15
FEW = 40
DEVIATES = frozenset({"fail", "advisory"})

Row = Mapping[str, Any]


def causes(
    rows: Sequence[Row], exchanges: Iterable[Exchange], known: Iterable[tuple[str, str]] = ()
) -> list[dict[str, Any]]:
    """`causes` of the run document: the gravest and those that carry most first.

    `rows` are results of the run document. `known`: requirement and model (or no model) of
    deviations that the profile knows; they have no cause here. Each requirement is in one cause.
    """
    seen = {x.id: x for x in exchanges}
    survey = Survey.of(seen.values())
    spared = set(known)
    survey.few = len({row["requirement"] for row in rows if row["outcome"] in DEVIATES}) <= FEW
    failures = _failures(rows, seen, survey, spared)
    made = [_cause(group, seen, survey) for group in grouped(failures, few=survey.few)]
    made.sort(key=_gravity)
    return _named(_at_most(made))


def _gravity(cause: Mapping[str, Any]) -> tuple[Any, ...]:
    """What must be first; of that what hurts a client; of that what most rows come from."""
    names = cause["requirements"]
    return LEVELS.index(cause["level"]), not cause["clients"], -len(names), names[0]


def _at_most(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Most causes as they are; of the smallest, one entry for what must and one for the rest.

    A list that nobody reads to its end helps nobody; each requirement keeps its own row.
    """
    if len(made) <= SHOWN:
        return made
    least = sorted(made, key=lambda cause: (cause["level"] == "MUST", len(cause["requirements"])))
    tail = [cause for cause in made if any(cause is one for one in least[: len(made) - SHOWN + 2])]
    heads = [cause for cause in made if not any(cause is one for one in tail)]
    for musts in (True, False):
        small = [cause for cause in tail if (cause["level"] == "MUST") == musts]
        if len(small) == 1:
            heads += small
        elif small:
            heads.append(_rest(small))
    return heads


def _rest(small: list[dict[str, Any]]) -> dict[str, Any]:
    names = [name for cause in small for name in cause["requirements"]]
    level = small[0]["level"]
    what = "smaller deviations from a MUST" if level == "MUST" else "recommendations that are not followed"  # fmt: skip
    return {
        "id": "",
        "kind": "rest",
        "sentence": f"{len(small)} {what}, each for its own reason",
        "level": level,
        "requirements": names,
        "exchange": small[0]["exchange"],
        "clients": list(dict.fromkeys(name for cause in small for name in cause["clients"])),
    }


def _failures(
    rows: Sequence[Row],
    seen: Mapping[str, Exchange],
    survey: Survey,
    spared: set[tuple[str, str]],
) -> list[Failure]:
    by_requirement: dict[str, list[Row]] = {}
    for row in rows:
        name, model = row["requirement"], row.get("model") or ""
        if row["outcome"] in DEVIATES and not spared & {(name, model), (name, "")}:
            by_requirement.setdefault(name, []).append(row)
    return [_failure(name, members, seen, survey) for name, members in by_requirement.items()]


def _failure(
    name: str, rows: Sequence[Row], seen: Mapping[str, Exchange], survey: Survey
) -> Failure:
    sights = [
        Sight(
            where=finding["where"],
            expected=finding.get("expected") or "",
            found=one_of(finding.get("found") or ""),
            exchange=finding.get("exchange") or "",
            event=finding.get("event"),
            path=path_of(finding["where"]),
            traits=traits(name, finding, seen.get(finding.get("exchange") or ""), survey),
        )
        for row in rows
        for finding in row["findings"]
    ]
    blank = Sight("", "", rows[0].get("reason") or "", "", None, (), frozenset())
    return Failure(
        name,
        rows[0]["level"],
        rows[0].get("text") or "",
        tuple(dict.fromkeys(client for row in rows for client in row["clients"])),
        tuple(sights) or (blank,),
    )


def _cause(group: Group, seen: Mapping[str, Exchange], survey: Survey) -> dict[str, Any]:
    shown = next(
        (
            sight.exchange
            for failure in group.failures
            for sight in failure.sights
            if sight.exchange and (group.trait is None or group.trait in sight.traits)
        ),
        next((s.exchange for f in group.failures for s in f.sights if s.exchange), ""),
    )
    return {
        "id": "",
        "kind": group.trait.kind.value if group.trait else "single",
        "sentence": sentence(group, seen, survey),
        "level": min((f.level for f in group.failures), key=LEVELS.index),
        "requirements": [failure.requirement for failure in group.failures],
        "exchange": shown,
        "clients": list(dict.fromkeys(c for f in group.failures for c in f.clients)),
    }


def _named(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An id that stays the same from night to night: the kind and the primary requirement."""
    for cause in made:
        cause["id"] = f"{cause['kind']}:{cause['requirements'][0]}"
    return made
