"""An exchange as evidence: everything that matters, and what was left out said so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Final

from reports.document import Exchange, Headers
from reports.failure import Failure
from reports.gist import gist, speaks
from reports.json_lines import Line, pretty
from reports.text import shortened, visible
from reports.timeline import Moment, moments

BODY_LINES: Final = 160
BODY_TEXT: Final = 8_000
CULPRIT_LINES: Final = 60
MOMENT_TEXT: Final = 260
HEAD, AROUND, TAIL = 8, 3, 4
BRIEF_HEAD, BRIEF_TAIL, BRIEF_LINES = 4, 2, 36  # of a transcript that no deviation points at
OPENED: Final = 40  # events between those that are shown, which the reader can open
LONG_GAP: Final = 4.0  # times the median gap
GAP_MS: Final = 50.0
MARKS: Final = 12
LINE_TEXT: Final = 400
HEADERS: Final = 40


@dataclass(frozen=True)
class Mark:
    """A requirement that points at a place in the exchange."""

    requirement: str
    where: str
    event: int | None


@dataclass(frozen=True)
class Body:
    lines: tuple[Line, ...] = ()
    hidden: str = ""


@dataclass(frozen=True)
class Step:
    """A line of the timeline; `skipped` counts the events left out before it."""

    moment: Moment
    skipped: int
    marks: tuple[Mark, ...]
    named: tuple[Mark, ...]  # those that are pointed out here for the first time
    lines: tuple[Line, ...]  # pretty-printed, for the events that are pointed at
    text: str  # one line for the others
    label: str = ""  # what its moment is: TTFT, a long gap
    before: tuple["Step", ...] = ()  # of the events left out before it, those that can be opened


@dataclass(frozen=True)
class Transcript:
    exchange: Exchange
    request_headers: Headers
    headers: Headers
    request: Body
    body: Body
    steps: tuple[Step, ...]
    skipped_after: int
    events: int
    times: tuple[float, ...]
    marked_times: tuple[float, ...]

    @property
    def size(self) -> int:
        """About how many characters of page it takes."""
        lines = [*self.request.lines, *self.body.lines]
        lines += [line for step in self.steps for line in step.lines]
        text = sum(len(line.text) + 20 for line in lines)
        every = [inner for step in self.steps for inner in (step, *step.before)]
        steps = sum(len(step.text) + 90 for step in every)
        headers = sum(len(k) + len(v) + 40 for k, v in (*self.request_headers, *self.headers))
        return text + steps + headers + 900

    @property
    def ending(self) -> str:
        """How the connection ended, where that is worth a word."""
        word = self.exchange.ended
        return "" if word in ("", "complete", "unknown") else word


def marks_of(failures: Iterable[Failure]) -> dict[str, list[Mark]]:
    """Exchange id to the marks on it, of all failures: one transcript shows them all."""
    found: dict[str, list[Mark]] = {}
    for failure in failures:
        for sighting in failure.sightings:
            for place in sighting.places:
                marks = found.setdefault(place.exchange, [])
                if sum(mark.requirement == failure.requirement for mark in marks) < MARKS:
                    marks.append(Mark(failure.requirement, place.where, place.event))
    return found


def transcript(exchange: Exchange, marks: Iterable[Mark]) -> Transcript:
    """The whole exchange within limits."""
    marks = list(marks)
    stream = moments(exchange)
    brief = not marks
    head, tail = (BRIEF_HEAD, BRIEF_TAIL) if brief else (HEAD, TAIL)
    steps, after = _steps(stream, marks, head, AROUND, tail, opened=0 if brief else OPENED)
    wheres = [mark.where for mark in marks if mark.event is None]
    most = BRIEF_LINES if brief else BODY_LINES
    request = body_of(exchange.request_body, "", most)
    body = Body() if stream else body_of(exchange.body, wheres[0] if wheres else "", most)
    pointed = {mark.event for mark in marks}
    return Transcript(
        exchange=exchange,
        request_headers=_headers(exchange.request_headers),
        headers=_headers(exchange.headers),
        request=request,
        body=body,
        steps=tuple(steps),
        skipped_after=after,
        events=sum(moment.index is not None for moment in stream),
        times=tuple(m.at_ms for m in stream if m.at_ms is not None),
        marked_times=tuple(m.at_ms for m in stream if m.at_ms is not None and m.index in pointed),
    )


def excerpt(exchange: Exchange, mark: Mark) -> Transcript:
    """Only what is around one mark: the part of the evidence that is always visible."""
    stream = moments(exchange)
    if stream:
        steps, _ = _steps(stream, [mark], 0, 1, 0)
        if not steps and mark.event is not None:  # what is missing after the last event
            steps, _ = _steps(stream, [], 0, 0, 2)
        times = () if steps else tuple(m.at_ms for m in stream if m.at_ms is not None)
        return Transcript(exchange, (), (), Body(), Body(), tuple(steps), 0, len(stream), times, ())
    body = _near(body_of(exchange.body, mark.where))
    return Transcript(exchange, (), (), Body(), body, (), 0, 0, (), ())


def body_of(text: str, where: str, most: int = BODY_LINES) -> Body:
    """A body as lines: JSON pretty-printed, anything else as it came."""
    lines = pretty(text, where)
    if lines is None:
        shown = visible(text[:BODY_TEXT]).split("\n")
        rest = f"{len(text) - BODY_TEXT:,} more characters" if len(text) > BODY_TEXT else ""
        if len(shown) > most:
            rest = f"{len(shown) - most:,} more lines" + (f" and {rest}" if rest else "")
        return Body(tuple(Line(0, line) for line in shown[:most] if text), rest)
    kept = _around_marks(lines, most)
    rest = f"{len(lines) - len(kept):,} more lines" if len(kept) < len(lines) else ""
    return Body(tuple(_fit(line) for line in kept), rest)


def _fit(line: Line) -> Line:
    limit = 4 * LINE_TEXT if line.marked else LINE_TEXT
    return line._replace(text=shortened(visible(line.text), limit))


def _around_marks(lines: list[Line], limit: int) -> list[Line]:
    """The first lines, or, where the marked one lies further down, the lines around it."""
    if len(lines) <= limit:
        return lines
    first = next((n for n, line in enumerate(lines) if line.marked), 0)
    start = max(0, first - limit // 2)
    return lines[start : start + limit]


def _near(body: Body) -> Body:
    """Some lines around the marked one; a few from the top when nothing is marked."""
    first = next((n for n, line in enumerate(body.lines) if line.marked), None)
    if first is None:
        return Body(body.lines[:10], "") if len(body.lines) <= 10 else Body(body.lines[:8], "more")
    kept = body.lines[max(0, first - 3) : first + 6]
    return Body(kept, "more" if len(kept) < len(body.lines) else "")


def _steps(
    stream: list[Moment],
    marks: list[Mark],
    head: int,
    around: int,
    tail: int,
    *,
    opened: int = 0,
) -> tuple[list[Step], int]:
    position = {moment.index: n for n, moment in enumerate(stream) if moment.index is not None}
    marked: dict[int, list[Mark]] = {}
    for mark in marks:
        if mark.event in position:
            marked.setdefault(position[mark.event], []).append(mark)
    centres = list(marked)[:MARKS]
    labels = labels_of(stream)
    shown = set(range(head)) | set(range(len(stream) - tail, len(stream)))
    for centre in centres:
        shown |= set(range(centre - around, centre + around + 1))
    if head:
        shown |= set(labels)
    steps: list[Step] = []
    explained: set[str] = set()
    last = -1
    for n in sorted(shown & set(range(len(stream)))):
        here = _unique(marked[n]) if n in centres else ()
        named = tuple(mark for mark in here if mark.requirement not in explained)
        explained |= {mark.requirement for mark in here}
        between = range(last + 1, n)
        hidden = tuple(_step(stream[k], 0, (), ()) for k in between[:opened])
        step = _step(stream[n], n - last - 1, here, named, whole=n == 0)
        steps.append(replace(step, label=labels.get(n, ""), before=hidden))
        last = n
    return steps, len(stream) - last - 1


def labels_of(stream: list[Moment]) -> dict[int, str]:
    """Where the first piece of the answer came, and where the stream paused: position to words."""
    labels: dict[int, str] = {}
    times = [moment.at_ms for moment in stream]
    first = next((n for n, m in enumerate(stream) if m.at_ms is not None and speaks(m.data)), None)
    if first is not None:
        labels[first] = "TTFT"
    gaps = [
        (n, after - before)
        for n, (before, after) in enumerate(pairwise(times), 1)
        if before is not None and after is not None and (first is None or n > first)
    ]
    if len(gaps) >= 3:
        usual = median(gap for _, gap in gaps)
        long = sorted((g for g in gaps if g[1] > max(GAP_MS, LONG_GAP * usual)), key=lambda g: -g[1])  # fmt: skip
        labels |= {n: f"gap {gap:,.0f} ms" for n, gap in long[:3]}
    return labels


def _step(
    moment: Moment,
    skipped: int,
    marks: tuple[Mark, ...],
    named: tuple[Mark, ...],
    *,
    whole: bool = False,
) -> Step:
    """The event in full where a requirement points at one for the first time, else its gist."""
    lines: tuple[Line, ...] = ()
    if named:
        found = pretty(moment.data, named[0].where)
        if found is not None:
            lines = tuple(_fit(line) for line in _around_marks(found, CULPRIT_LINES))
    shown = moment.data if moment.index is not None else moment.raw
    if not marks and not whole and moment.index is not None:
        shown = gist(moment.data) or shown
    limit = 4 * MOMENT_TEXT if marks else MOMENT_TEXT
    text = "" if lines else shortened(visible(shown), limit)
    return Step(moment, skipped, marks, named, lines, text)


def _unique(marks: list[Mark]) -> tuple[Mark, ...]:
    return tuple({mark.requirement: mark for mark in marks}.values())


def _headers(headers: Headers) -> Headers:
    return tuple(
        (visible(name), shortened(visible(value), 300)) for name, value in headers[:HEADERS]
    )


def available(exchanges: Mapping[str, Exchange], names: Iterable[str]) -> list[Exchange]:
    return [exchanges[name] for name in names if name in exchanges]
