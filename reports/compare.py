"""Two runs beside each other: what regressed, what was fixed, what is no longer judged."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from reports.document import Document
from reports.outcome import DEVIATES, JUDGED, LEVELS
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
