"""report.html: the run as one file that can be sent to whoever runs the server."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reports.answers import answers, since_words
from reports.bill import bill_of
from reports.charts import arrivals
from reports.compare import drift_of, names_of
from reports.document import Document
from reports.failure import Failure, Sighting, failures
from reports.obstacle import obstacles
from reports.outcome import LEVELS, OUTCOME, OUTCOMES
from reports.page import render
from reports.tally import Requirement, requirements, table, totals
from reports.transcript import Mark, Transcript, available, excerpt, marks_of, transcript
from reports.verdict import verdict

TRANSCRIPTS: Final = 700_000  # characters for the transcripts of failures, so that it can be mailed
PASSED: Final = 1_400_000  # characters for the transcripts of what passed
WHOLE: Final = 2_800_000  # bytes of a page
EXCERPTS: Final = 150_000
CHANGES: Final = ("regressed", "fixed", "new", "gone")
EVIDENCE: Final = 2  # transcripts a failure: usually one a model
SIGHTINGS: Final = 6


@dataclass(frozen=True)
class Shown:
    """A sighting with the excerpt of its exchange."""

    sighting: Sighting
    at_ms: float | None
    excerpt: Transcript | None
    curl: str


@dataclass(frozen=True)
class Card:
    """A failure as the page shows it. `transcripts` are those that are shown here first."""

    failure: Failure
    shown: tuple[Shown, ...]
    hidden: int
    transcripts: tuple[Transcript, ...]
    elsewhere: tuple[str, ...]  # exchanges whose transcript stands in an earlier card
    dropped: int  # exchanges that found no room


class _Room:
    """Hands out transcripts once each while there is room on the page."""

    def __init__(self, document: Document, marks: Mapping[str, Sequence[Mark]]) -> None:
        self.exchanges = document.exchanges
        self.marks = marks
        self.left = TRANSCRIPTS
        self.excerpts = EXCERPTS
        self.placed: set[str] = set()

    def card(self, failure: Failure) -> Card:
        shown = tuple(self._shown(failure, sighting) for sighting in failure.sightings[:SIGHTINGS])
        names = dict.fromkeys(name for seen in failure.sightings for name in seen.exchanges)
        wanted = [name for name in names if name in self.exchanges][:EVIDENCE]
        here, elsewhere, dropped = [], [], 0
        for name in wanted:
            if name in self.placed:
                elsewhere.append(name)
                continue
            whole = transcript(self.exchanges[name], self.marks.get(name, ()))
            if whole.size > self.left:
                dropped += 1
                continue
            self.left -= whole.size
            self.placed.add(name)
            here.append(whole)
        hidden = max(0, len(failure.sightings) - SIGHTINGS)
        return Card(failure, shown, hidden, tuple(here), tuple(elsewhere), dropped)

    def shelf(self, rows: Iterable[Requirement], room: int) -> tuple[Transcript, ...]:
        """Transcripts of what passed that stand nowhere else yet; several rows share one."""
        self.left = room
        shelf = []
        for row in rows:
            names = [name for result in row.results for name in result.exchanges]
            for exchange in available(self.exchanges, names)[:1]:
                if exchange.id in self.placed:
                    continue
                brief = transcript(exchange, ())
                if brief.size <= self.left:
                    self.left -= brief.size
                    self.placed.add(exchange.id)
                    shelf.append(brief)
        return tuple(shelf)

    def _shown(self, failure: Failure, sighting: Sighting) -> Shown:
        place = sighting.first
        exchange = self.exchanges.get(place.exchange)
        if exchange is None:
            return Shown(sighting, None, None, "")
        part = excerpt(exchange, Mark(failure.requirement, place.where, place.event))
        at = next((s.moment.at_ms for s in part.steps if s.moment.index == place.event), None)
        self.excerpts -= part.size
        return Shown(sighting, at, part if self.excerpts > 0 else None, exchange.curl)


def evidence_of(row: Requirement, placed: set[str]) -> list[str]:
    """Exchanges whose transcript stands on the page and by which a row was judged."""
    names = dict.fromkeys(name for result in row.results for name in result.exchanges)
    return [name for name in names if name in placed][:EVIDENCE]


def html(document: Document, proof: str = "", catalogue: str = "") -> str:
    """The whole page. `proof`: where docs/traceability.md lies, seen from the page's folder.

    `catalogue`: address of a requirement's page, with `{}` for its id; without it nothing is linked.
    """
    rows = requirements(document)
    fails = failures(document, rows, "fail")
    advisories = failures(document, rows, "advisory")
    marks = marks_of([*fails, *advisories])
    room = _Room(document, marks)
    names = list(dict.fromkeys(result.model for result in document.results if result.model))
    carded = {failure.requirement for failure in (*fails, *advisories)}
    cards = [room.card(failure) for failure in fails]
    advised = [room.card(failure) for failure in advisories]
    values: dict[str, Any] = {
        "answers": answers(document),
        "bill": bill_of(document),
        "drift": drift_of(document.baseline),
        "since": since_words(document.baseline or {}),
        "changed": {name: names_of(document.baseline or {}, name) for name in CHANGES},
        "shelf": (),
        "placed": room.placed,
        "evidence_of": evidence_of,
        "document": document,
        "proof": proof,
        "catalogue": catalogue,
        "verdict": verdict(document),
        "rows": rows,
        "table": table(rows),
        "totals": totals(rows),
        "fails": cards,
        "advisories": advised,
        "obstacles": obstacles(document),
        "missing_keys": [name for name, there in document.keys.items() if not there],
        "models": names,
        "areas": list(dict.fromkeys(row.first.area for row in rows)),
        "outcomes": OUTCOMES,
        "outcome": OUTCOME,
        "levels": LEVELS,
        "present": [level for level in LEVELS if any(r.first.level == level for r in rows)],
        "carded": carded,
        "arrivals": arrivals,
    }
    bare = len(render("report", **values).encode())
    passed = (row for row in rows if row.id not in carded)
    values["shelf"] = room.shelf(passed, min(PASSED, max(0, WHOLE - bare)))
    return render("report", **values)
