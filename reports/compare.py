"""Two runs beside each other: what regressed, what was fixed, what is no longer judged."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from reports.document import Document
from reports.outcome import DEVIATES, JUDGED, LEVELS
from reports.page import moment
from reports.text import number_of, one_line

HEADINGS: Final = {
    "regressed": "held before, deviates now",
    "new": "deviates now, was not judged before",
    "fixed": "deviated before, holds now",
    "gone": "was judged before, is not now",
    "still": "deviates in both",
}


@dataclass(frozen=True)
class Change:
    """One requirement on one model. `before` or `now` is empty where the run does not have it."""

    requirement: str
    model: str
    level: str
    before: str
    now: str
    text: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    regressed: tuple[Change, ...]
    fixed: tuple[Change, ...]
    new: tuple[Change, ...]
    gone: tuple[Change, ...]
    still: tuple[Change, ...]

    def failed(self, *, strict: bool = False) -> bool:
        """Whether something regressed to a fail; with `strict` an advisory counts too."""
        return any(strict or change.now == "fail" for change in self.regressed)

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """The form of the run document's `baseline`."""
        return {name: [asdict(change) for change in getattr(self, name)] for name in HEADINGS}


def compare(before: Document, now: Document) -> Comparison:
    """What changed between two runs, requirement by requirement and model by model.

    A verdict that a run did not reach is no verdict: pass to blocked is `gone`, blocked to fail
    is `new`. Only what held and no longer holds is a regression.
    """
    old = {(result.requirement, result.model): result for result in before.results}
    new = {(result.requirement, result.model): result for result in now.results}
    found: dict[str, list[Change]] = {name: [] for name in HEADINGS}
    for key in dict.fromkeys([*new, *old]):
        was, is_ = old.get(key), new.get(key)
        kind = _kind(was.outcome if was else "", is_.outcome if is_ else "")
        shown = is_ or was
        if kind and shown:
            change = Change(
                requirement=shown.requirement,
                model=shown.model,
                level=shown.level,
                before=was.outcome if was else "",
                now=is_.outcome if is_ else "",
                text=shown.text,
                reason=is_.reason if is_ else "",
            )
            found[kind].append(change)
    ordered = {
        name: tuple(sorted(changes, key=lambda change: LEVELS.index(change.level)))
        for name, changes in found.items()
    }
    return Comparison(**ordered)


def since(before: Document, now: Document) -> dict[str, Any]:
    """`baseline` of the run document: the comparison, when the earlier run was, and what differs.

    `warnings` say why the two may not be comparable: another target, model, profile or suite.
    """
    return {
        "started_at": before.started_at,
        "base_url": before.base_url,
        "warnings": list(differences(before, now)),
        **compare(before, now).as_json(),
    }


def differences(before: Document, now: Document) -> Iterator[str]:
    """What the two runs do not share, each in a sentence."""
    if target_of(before) != target_of(now):
        yield f"the target was {one_line(before.base_url, 80)}, now it is {one_line(now.base_url, 80)}"  # fmt: skip
    if sorted(before.models) != sorted(now.models):
        yield f"the models were {one_line(', '.join(before.models), 80)}, now they are {one_line(', '.join(now.models), 80)}"  # fmt: skip
    if before.profile != now.profile:
        yield f"the profile was {one_line(before.profile, 40)}, now it is {one_line(now.profile, 40)}"  # fmt: skip
    if before.version != now.version:
        yield f"the suite was version {one_line(before.version, 20)}, now it is {one_line(now.version, 20)}"  # fmt: skip
    if before.interrupted or before.could_not_run:
        yield "the earlier run did not come to its end"


def target_of(document: Document) -> str:
    """The address; a gateway that the suite starts itself has another port each time."""
    host = urlsplit(document.base_url)
    if document.profile == "reference" and host.hostname in {"127.0.0.1", "localhost", "::1"}:
        return "the reference gateway"
    return document.base_url.rstrip("/").removesuffix("/v1")


def headline(found: Mapping[str, Any]) -> str:
    """`2 regressed since 26 November 2026, 03:00 UTC, same target and model`."""
    bad, started = len(names_of(found, "regressed")), str(found.get("started_at") or "")
    same = "" if found.get("warnings") else ", same target and model"
    return f"{bad or 'nothing'} regressed since {moment(started) if started else 'the baseline'}{same}"  # fmt: skip


def drift_of(found: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Sentences of a run document's `baseline` about models that are not what they were."""
    told = (found or {}).get("drift")
    return tuple(str(one) for one in told if one) if isinstance(told, list) else ()


def names_of(found: Mapping[str, Any], kind: str) -> list[str]:
    """The requirements of a kind of change, each once, however many models it has."""
    entries = found.get(kind)
    rows = entries if isinstance(entries, list) else []
    names = [row.get("requirement", "") if isinstance(row, dict) else row for row in rows]
    return list(dict.fromkeys(str(name) for name in names if name))


def _kind(was: str, is_: str) -> str:
    if is_ == "known":
        return "still" if was in DEVIATES | {"known"} else ""
    if was == "known":
        return {"pass": "fixed", "fail": "still", "advisory": "still"}.get(is_, "")
    if is_ in DEVIATES:
        if was == "pass" or (was == "advisory" and is_ == "fail"):
            return "regressed"
        return "still" if was in DEVIATES else "new"
    if is_ == "pass":
        return "fixed" if was in DEVIATES else ""
    return "gone" if was in JUDGED else ""


def report(comparison: Comparison) -> str:
    """The comparison for a terminal."""
    lines = [
        ", ".join(f"{len(getattr(comparison, name))} {name}" for name in HEADINGS)
        if any(getattr(comparison, name) for name in HEADINGS)
        else "no difference",
    ]
    for name, meaning in HEADINGS.items():
        changes: tuple[Change, ...] = getattr(comparison, name)
        if changes:
            lines += ["", f"{name}: {number_of(len(changes), 'result')} ({meaning})"]
            lines += [_line(change) for change in changes]
    return "\n".join(lines) + "\n"


def _line(change: Change) -> str:
    where = f" [{one_line(change.model, 40)}]" if change.model else ""
    step = f"{change.before or 'absent'} → {change.now or 'absent'}"
    why = (
        f"  {one_line(change.reason, 100)}" if change.reason and change.now not in DEVIATES else ""
    )
    return f"  {change.level:<6} {one_line(change.requirement, 120)}{where}  {step}{why}"
