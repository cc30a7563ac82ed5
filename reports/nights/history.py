"""history.html: the nights of each target, what came and what went."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from reports.charts import Words, line
from reports.nights.night import Night, gravity, link_to
from reports.page import render

STRIP: Final = 60  # nights in the strip of a cause
LISTED: Final = 60  # nights in the table
CAUSES: Final = 40


@dataclass(frozen=True)
class Life:
    """A cause over the nights: `seen` has one entry a night of the strip, oldest first."""

    id: str
    level: str
    sentence: str
    seen: tuple[bool, ...]
    nights: int
    first: str
    last: str
    state: str
    """new, back, still, gone"""


@dataclass(frozen=True)
class Row:
    night: Night
    came: tuple[str, ...]
    went: tuple[str, ...]
    changed: tuple[str, ...]
    """What the server says it is that it did not say the night before, or no longer does."""
    link: str


@dataclass(frozen=True)
class Story:
    """One target and profile."""

    target: str
    profile: str
    rows: tuple[Row, ...]
    lives: tuple[Life, ...]
    charts: tuple[Markup, ...]

    @property
    def last(self) -> Row:
        return self.rows[0]


def stories(nights: Sequence[Night], folder: Path | None = None) -> list[Story]:
    """A story a target and profile, the one with the latest night first. `folder`: of the page."""
    by_target: dict[tuple[str, str], list[Night]] = {}
    for night in sorted(nights, key=lambda one: one.started_at):
        by_target.setdefault((night.target, night.profile), []).append(night)
    made = [
        Story(target, profile, _rows(own, folder), _lives(own), _charts(own))
        for (target, profile), own in by_target.items()
    ]
    return sorted(made, key=lambda story: story.last.night.started_at, reverse=True)


def _rows(nights: list[Night], folder: Path | None) -> tuple[Row, ...]:
    rows = []
    before: Night | None = None
    for night in nights:
        old = before.causes if before else night.causes
        was = set(before.fingerprints) if before else set(night.fingerprints)
        told = set(night.fingerprints)
        changed = [f"now {n}" for n in sorted(told - was)] + [
            f"no longer {n}" for n in sorted(was - told)
        ]
        rows.append(
            Row(
                night,
                tuple(text for name, (_, text) in night.causes.items() if name not in old),
                tuple(text for name, (_, text) in old.items() if name not in night.causes),
                tuple(changed) if told and was else (),
                link_to(night.path, folder),
            )
        )
        before = night
    return tuple(reversed(rows))


def _lives(nights: list[Night]) -> tuple[Life, ...]:
    recent = nights[-STRIP:]
    lives = []
    for name in dict.fromkeys(name for night in reversed(nights) for name in night.causes):
        having = [night for night in nights if name in night.causes]
        level, sentence = having[-1].causes[name]
        seen = tuple(name in night.causes for night in recent)
        now = name in nights[-1].causes
        earlier = len(nights) > 1 and name in nights[-2].causes
        state = ("still" if earlier or len(nights) == 1 else "back" if len(having) > 1 else "new") if now else "gone"  # fmt: skip
        lives.append(Life(name, level, sentence, seen, len(having), having[0].started_at, having[-1].started_at, state))  # fmt: skip
    order = {"new": 0, "back": 1, "still": 2, "gone": 3}
    lives.sort(key=lambda life: (order[life.state], gravity(life.level), -life.nights))
    return tuple(lives[:CAUSES])


def _charts(nights: list[Night]) -> tuple[Markup, ...]:
    if len(nights) < 2:
        return ()

    def over(values: Sequence[float | None]) -> list[tuple[float, float | None]]:
        return [(float(n), value) for n, value in enumerate(values, 1)]

    must = [float(night.counts.get("MUST fail", 0)) for night in nights]
    should = [float(night.count("advisory")) for night in nights]
    charts = [
        line({"MUST fail": over(must), "advisory": over(should)}, Words("Requirements that do not hold", "night", "requirements")),
        line({"TTFT": over([night.ttft_ms for night in nights])}, Words("Time to first token, median", "night", "ms")),
        line({"rate": over([night.tokens_per_s for night in nights])}, Words("Tokens a second, median", "night", "tokens/s")),
        line({"cost": over([night.usd for night in nights])}, Words("Cost of the run", "night", "USD")),
    ]  # fmt: skip
    return tuple(charts)


def history(nights: Sequence[Night], folder: Path | None = None, troubles: Sequence[str] = ()) -> str:  # fmt: skip
    """The whole page. `troubles`: files that could not be read, one line each."""
    values: dict[str, Any] = {
        "stories": stories(nights, folder),
        "total": len(nights),
        "troubles": list(troubles),
        "listed_nights": LISTED,
    }
    return render("history", **values)
