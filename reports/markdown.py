"""summary.md: the run for a CI step summary or a pull request, safe against what servers say."""

import re
from collections.abc import Iterator
from typing import Final

from reports.bill import bill_of
from reports.compare import drift_of, headline, names_of
from reports.document import Document
from reports.failure import Failure, Sighting, failures
from reports.obstacle import obstacles
from reports.outcome import LEVELS, OUTCOME, UNJUDGED
from reports.page import dollars, duration, moment
from reports.tally import Row, requirements, table, totals
from reports.text import listed, number_of, one_line, shortened, visible
from reports.verdict import verdict

SHOWN: Final = 40  # failures with their evidence; a step summary may have 1 MiB
LISTED: Final = 60
SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>#|~&@!$])")


def markdown(document: Document) -> str:
    """The whole summary."""
    return "\n".join(_parts(document)).rstrip() + "\n"


def _parts(document: Document) -> Iterator[str]:
    rows = requirements(document)
    yield f"# {plain(verdict(document).sentence)}\n"
    yield _facts(document) + "\n"
    counted = [f"{n:,} {OUTCOME[word].plural}" for word, n in totals(rows).items()]
    if counted:
        yield f"**{len(rows):,} requirements:** {', '.join(counted)}\n"
    yield from _since(document)
    yield from _bill(document)
    yield from _causes(document)
    if document.clients:
        yield "## Clients\n\n| client | foretold | because | tried |\n|---|---|---|---|"
        words = {True: "✓ ready", False: "✗ not ready", None: "? not known"}
        for client in document.clients:
            because = listed([code(name) for name in client.because], 6)
            sign = {True: "✓ ", False: "✗ ", None: ""}[client.tried]
            yield (
                f"| {plain(client.name)} {plain(client.version)} | {words[client.ready]} | {because} "
                f"| {sign}{plain(client.said)} |"
            )
        yield ""
    if rows:
        yield "## By area\n\n| area | " + " | ".join(LEVELS) + " |\n|---|---|---|---|"
        yield from (_row(row) for row in table(rows))
        yield ""
    yield from _failures(failures(document, rows, "fail"), document)
    advisories = failures(document, rows, "advisory")
    if advisories:
        yield f"## Advisories ({len(advisories)})\n"
        yield from (f"- {code(one.requirement)} {plain(one.text)}" for one in advisories[:LISTED])
        yield from _rest(len(advisories), LISTED)
        yield ""
    open_rows = obstacles(document)
    if open_rows:
        yield "## What could not be judged\n"
        for row in open_rows[:LISTED]:
            n = number_of(len(row.requirements), "requirement")
            yield f"- **{row.outcome}**, {n}: {plain(row.reason)}. {plain(row.remedy)}"
        yield ""


def _since(document: Document) -> Iterator[str]:
    """What changed since the baseline, first of all."""
    if not document.baseline:
        return
    yield f"**{plain(headline(document.baseline))}**\n"
    for sentence in drift_of(document.baseline):
        yield f"> {plain(sentence)}\n"
    for warning in document.baseline.get("warnings") or []:
        yield f"> Not quite the same run: {plain(str(warning))}\n"
    for kind in ("regressed", "fixed", "new", "gone"):
        names = names_of(document.baseline, kind)
        if names:
            yield f"- {kind} {len(names)}: {listed([code(name) for name in names], 8)}"
    yield ""


def _bill(document: Document) -> Iterator[str]:
    """The bill on one line."""
    if bill := bill_of(document):
        told = f"{bill.claimed:,} tokens claimed, {bill.counted:,} counted"
        yield f"**Bill:** {plain(bill.sentence)} ({told})\n"


def _causes(document: Document) -> Iterator[str]:
    """What to mend: a line a cause."""
    if not document.causes:
        return
    yield f"## Causes ({len(document.causes)})\n"
    for n, cause in enumerate(document.causes, 1):
        many = number_of(len(cause.requirements), "requirement")
        hurt = f"; breaks {plain(listed(cause.clients, 9))}" if cause.clients and cause.level == "MUST" else ""  # fmt: skip
        yield f"{n}. **{cause.level}** {plain(cause.sentence)}{hurt}. {many}: {listed([code(name) for name in cause.requirements], 4)}"
    yield ""


def _facts(document: Document) -> str:
    cost = document.cost
    facts = [
        code(document.base_url),
        f"profile {plain(document.profile)}",
        plain(", ".join(document.models)),
        moment(document.started_at),
        duration(document.duration_s) + (" (interrupted)" if document.interrupted else ""),
        f"{cost.get('requests', 0):,.0f} requests",
        dollars(cost["usd"]) if "usd" in cost else "",
    ]
    return " · ".join(fact for fact in facts if fact)


def _row(row: Row) -> str:
    cells = []
    for counted in row.cells:
        unjudged = sum(counted[word] for word in UNJUDGED)
        shown = {
            "✓": counted["pass"],
            "✗": counted["fail"],
            "△": counted["advisory"],
            "◌": unjudged,
        }
        parts = [f"{sign} {number}" for sign, number in shown.items() if number]
        cells.append(" · ".join(parts))
    return f"| {plain(row.area)} | {' | '.join(cells)} |"


def _failures(fails: list[Failure], document: Document) -> Iterator[str]:
    if not fails:
        return
    yield f"## Failures ({len(fails)})\n"
    for one in fails[:SHOWN]:
        models = f" on {plain(listed(one.models))}" if one.models else ""
        yield f"### {one.level} {code(one.requirement)}{models}\n"
        yield plain(one.text) + "\n"
        if one.source:
            yield f"- Source: {plain(one.source)}"
        if one.clients:
            yield f"- Breaks: {plain(listed(one.clients, 9))}"
        if one.concerned:
            yield f"- Concerns: {plain(listed(one.concerned, 9))}"
        for seen in one.sightings[:2]:
            yield from _evidence(seen)
        yield from (f"- {line}" for line in _rest(len(one.sightings), 2))
        names = [name for seen in one.sightings for name in seen.exchanges]
        curl = next((document.exchanges[n].curl for n in names if n in document.exchanges), "")
        if curl:
            yield "\n" + fenced(shortened(visible(curl), 1500), "sh")
        yield ""
    yield from _rest(len(fails), SHOWN)


def _evidence(seen: Sighting) -> Iterator[str]:
    more = len(seen.places) - 1
    places = f" and {number_of(more, 'more place')}" if more else ""
    yield f"- Where: {plain(seen.first.where) or 'the whole exchange'}{places}"
    if seen.expected and seen.found:
        yield f"  - expected {code(seen.expected)}"
        yield f"  - found {code(seen.found)}"
    else:
        yield f"  - {plain(seen.message)}"


def _rest(total: int, shown: int) -> Iterator[str]:
    if total > shown:
        yield f"… and {total - shown:,} more in report.html"


def plain(text: str) -> str:
    """Text that Markdown leaves alone: no link, no tag, no mention, no table cell of its own."""
    return SPECIAL.sub(r"\\\1", one_line(text, 400))


def code(text: str) -> str:
    """A code span that its content cannot leave. A pipe would end a table cell even in here."""
    text = one_line(text, 300).replace("|", "¦")
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}" if text else ""


def fenced(text: str, language: str = "") -> str:
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}"
