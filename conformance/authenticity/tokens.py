"""Rules over the ledger: what was claimed against what was counted, over all answers of a model."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.authenticity.alterations import ENDS, EVERYWHERE, TURNED
from conformance.authenticity.deviation import LEAST, SHARE, Deviation, Point, Shape, deviation
from conformance.authenticity.fingerprint import foreign
from conformance.authenticity.ledger import Entry, entries, entry
from conformance.authenticity.probes import EDGED
from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.rule import RunRule, Series
from conformance.judging.run import Run
from conformance.judging.substance import succeeded

TEXTS: Final = "authenticity.text-*"
WILD: Final = tuple(f"authenticity.text-{name}" for name in EDGED)
ENDS_ROW: Final = "authenticity.prompt.ends"
VERBATIM_ROW: Final = "authenticity.prompt.verbatim"
LONG: Final = ("authenticity.needle", "authenticity.developer", "authenticity.instructions")
CUT: Final = 0.03  # of a long prompt, so that no other way to count it is taken for a cut
ENOUGH: Final = 20  # prompts known to the token, so that one or two that are off stand out
Conclude = Callable[[Sequence[Entry]], Findings]


def ledger_rule(
    *requirements: str, probes: tuple[str, ...] = (TEXTS,)
) -> Callable[[Conclude], RunRule]:
    """A rule over the ledger of one model, of a run or of recordings."""

    def make(conclude: Conclude) -> RunRule:
        def check(run: Run) -> Findings:
            yield from conclude(entries(run))

        series = Series(entry, lambda note: note.model, _off, conclude)
        return RunRule(requirements, probes, check, sees=succeeded, series=series)

    return make


def _off(each: Entry) -> bool:
    sides = ((each.prompt, each.prompt_claimed), (each.output, each.output_claimed))
    return any(bounds is not None and bounds.off(claimed) != 0 for bounds, claimed in sides)


def prompts(ledger: Sequence[Entry]) -> list[Point]:
    """Prompts of text alone that are known to the token."""
    return [
        Point(
            e.prompt.low,
            e.prompt_claimed,
            e.prompt.off(e.prompt_claimed),
            e.id,
            e.streamed,
            e.at,
            bool(e.probe),
        )
        for e in ledger
        if e.kind == "text" and e.prompt is not None and e.prompt.exact
    ]


@dataclass(frozen=True)
class Change:
    """What happened to texts on their way, which explains why some prompts are counted otherwise."""

    row: str
    what: str
    entries: tuple[Entry, ...]
    """Those that it explains."""
    others: tuple[Entry, ...]


def change_of(ledger: Sequence[Entry]) -> Change | None:
    """The change of texts that explains why some prompts are not counted as they were sent."""
    known = [e for e in ledger if e.kind == "text" and e.prompt is not None and e.prompt.exact]
    off = [e for e in known if e.prompt and e.prompt.off(e.prompt_claimed)]
    wild = [e for e in off if e.probe in WILD]
    if not wild:
        return None
    general = deviation(prompts(ledger))
    tally = Counter(name for e in off for name in dict(e.altered))
    most = max(tally.values(), default=0)
    equal = [name for name, times in tally.items() if times == most]
    ranks = {name: _rank(name, off) for name in equal}
    likely = [name for name in equal if ranks[name] == max(ranks.values())]
    mine = [e for e in off if likely and likely[0] in dict(e.altered)]
    others = [e for e in ledger if e not in mine]
    alone = len(mine) == len(off)
    if (
        any(e in wild for e in mine)
        and TURNED[0] not in likely
        and (alone or general is None or general.shape is not Shape.FACTOR)
        and (len(mine) > 1 or (alone and len(known) > ENOUGH))
        and deviation(prompts(others)) is None
    ):
        row = ENDS_ROW if any(name in ENDS for name in likely) else VERBATIM_ROW
        return Change(row, _named(likely, mine), tuple(mine), tuple(others))
    untold = TURNED[0] not in likely and (general is None or general.shape is Shape.IRREGULAR)
    if untold and len(off) == len(wild) > 1 and len(known) > ENOUGH:
        others = [e for e in ledger if e not in wild]
        what = "white space or rare signs are changed in a way that has no name here"
        return Change(VERBATIM_ROW, what, tuple(wild), tuple(others))
    return None


def _rank(name: str, off: Sequence[Entry]) -> int:
    """How well a change explains: it happened in every message, or everywhere in the same ones, or here and there."""
    places = [{place for each, place in e.altered if each == name} for e in off]
    shared = set.intersection(*(found for found in places if found))
    return 2 if EVERYWHERE in shared else int(bool(shared))


def _named(likely: Sequence[str], mine: Sequence[Entry]) -> str:
    """What may have happened, in few words: the first of what costs the same, and the next two."""
    where = dict.fromkeys(place for e in mine for name, place in e.altered if name == likely[0])
    others = f", or {' or '.join(likely[1:3])}" if likely[1:] else ""
    return f"{likely[0]} {' or '.join(list(where)[:2])}{others}"


def outputs(ledger: Sequence[Entry]) -> list[Point]:
    """Answers of text alone, to requests that asked for no reasoning and were not billed to a limit."""
    return [
        Point(
            e.output.high if e.output_claimed > e.output.high else e.output.low,
            e.output_claimed,
            e.output.off(e.output_claimed),
            e.id,
            e.streamed,
            e.at,
            bool(e.probe),
        )
        for e in ledger
        if e.output is not None and not e.effort and not to_the_limit(e)
    ]


def to_the_limit(e: Entry) -> bool:
    """Whether an answer that ended by itself was billed as if it had used all that it may."""
    return (
        e.limit is not None
        and e.output is not None
        and not e.cut
        and e.output_claimed == e.limit > e.output.high
    )


def _unchanged(ledger: Sequence[Entry]) -> list[Point]:
    change = change_of(ledger)
    return prompts(change.others if change else ledger)


def nothing_known(ledger: Sequence[Entry], points: Sequence[Point]) -> Unsure | None:
    """Why the points say nothing; None where they do."""
    if other := foreign(ledger):
        return Unsure(f"{other}: see authenticity.model.tokenizer")
    if not ledger:
        return Unsure(
            "how this model counts is not said: name its tokenizer in the profile, "
            '[sold."MODEL"] tokenizer = "o200k_base"'
        )
    if not points:
        return Unsure(
            f"the constants of {ledger[0].model} are not known: no answer of it was measured"
        )
    return None


def _said(points: Sequence[Point], what: str) -> Findings:
    found = deviation(points)
    if found is not None:
        yield _finding(found, what)
    elif strays := [point for point in points if point.off]:
        told = ", ".join(f"{point.off:+d} in {point.id}" for point in strays[:3])
        yield Unsure(
            f"{len(strays)} of {len(points)} answers are off ({told}), the others are exact"
        )


def _finding(found: Deviation, what: str) -> Finding:
    return Finding(
        what, "as many tokens as the texts have", str(found), exchange=found.points[0].id
    )


@ledger_rule("authenticity.tokens.prompt-exact")
def prompt_exact(ledger: Sequence[Entry]) -> Findings:
    points = prompts(ledger)
    if unknown := nothing_known(ledger, points):
        yield unknown
    elif change := change_of(ledger):
        yield from _said(prompts(change.others), "prompt tokens")
        yield Unsure(f"{change.what}: see {change.row}")
    else:
        yield from _said(points, "prompt tokens")


@ledger_rule(ENDS_ROW, probes=WILD)
def ends_arrive(ledger: Sequence[Entry]) -> Findings:
    """A prompt that is stripped on its way costs other tokens than it has with what stood at its ends."""
    yield from _changed(ledger, ENDS_ROW)


@ledger_rule(VERBATIM_ROW, probes=WILD)
def verbatim(ledger: Sequence[Entry]) -> Findings:
    """A prompt whose line ends, signs or spaces were changed costs what the changed text has."""
    yield from _changed(ledger, VERBATIM_ROW)


@ledger_rule("authenticity.prompt.whole", probes=LONG)
def whole(ledger: Sequence[Entry]) -> Findings:
    """Of a long prompt that is cut fewer tokens are counted than it has."""
    points = prompts(ledger)
    mine = [e for e in ledger if e.probe in LONG and e.prompt is not None and e.prompt.exact]
    if unknown := nothing_known(ledger, points):
        yield unknown
        return
    if deviation([point for point in points if point.id not in {e.id for e in mine}]):
        yield Unsure("prompts are counted otherwise in general, which is told elsewhere")
        return
    elif not mine:
        yield Unsure("no long prompt was answered")
    for e in mine:
        if e.prompt and e.prompt.off(e.prompt_claimed) < -CUT * e.prompt.low:
            found = f"{e.prompt_claimed}: {e.prompt.low - e.prompt_claimed} tokens did not arrive"
            yield Finding("prompt tokens", f"{e.prompt.low}, of the text as it was sent", found, exchange=e.id)  # fmt: skip


def _changed(ledger: Sequence[Entry], row: str) -> Findings:
    points = prompts(ledger)
    if unknown := nothing_known(ledger, points):
        yield unknown
    elif change := change_of(ledger):
        for e in change.entries if change.row == row else ():
            assert e.prompt is not None
            found = f"{e.prompt_claimed}, as where {change.what}"
            yield Finding("prompt tokens", f"{e.prompt.low}, of the text as it was sent", found, exchange=e.id)  # fmt: skip
    elif deviation(points) is not None:
        yield Unsure("prompts are counted otherwise in general, which is told elsewhere")


@ledger_rule("authenticity.tokens.prompt-factor")
def prompt_factor(ledger: Sequence[Entry]) -> Findings:
    points = _unchanged(ledger) or _relative(ledger)
    if unknown := nothing_known(ledger, points):
        yield unknown
    elif (found := deviation(points)) and found.shape is Shape.FACTOR:
        yield _finding(found, "prompt tokens")


@ledger_rule("authenticity.tokens.prompt-constant")
def prompt_constant(ledger: Sequence[Entry]) -> Findings:
    points = _unchanged(ledger)
    if unknown := nothing_known(ledger, points):
        yield unknown
    elif (found := deviation(points)) and found.shape is Shape.CONSTANT:
        n = int(found.low)
        said = f"a hidden prompt of about {n} tokens: {found}" if n > 0 else str(found)
        yield Finding(
            "prompt tokens", "nothing but what was sent", said, exchange=found.points[0].id
        )


@ledger_rule("authenticity.tokens.output-exact")
def output_exact(ledger: Sequence[Entry]) -> Findings:
    points = outputs(ledger)
    if unknown := nothing_known(ledger, points):
        yield unknown
    else:
        yield from _said(points, "output tokens")


@ledger_rule("authenticity.tokens.reasoning-declared", probes=("authenticity.reasoning",))
def reasoning_declared(ledger: Sequence[Entry]) -> Findings:
    asked = [e for e in ledger if e.effort and e.output is not None and not to_the_limit(e)]
    if unknown := nothing_known(ledger, outputs(ledger)):
        yield unknown
    elif not asked:
        yield Unsure("no answer to a request with reasoning effort was text alone")
    elif deviation(outputs(ledger)) is None:  # else every answer is billed otherwise
        for e in asked:
            assert e.output is not None
            more = e.output.off(e.output_claimed)
            if more > 0:
                said = f"{e.output_claimed}, which is {more} more, with {e.reasoning} declared"
                yield Finding("output tokens", f"at most {e.output.high}: text and declared reasoning", said, exchange=e.id)  # fmt: skip


@ledger_rule("authenticity.tokens.tools-bounds", probes=("usage.with-tool",))
def tools_bounds(ledger: Sequence[Entry]) -> Findings:
    mine = [e for e in ledger if e.kind != "text" and e.prompt is not None]
    if unknown := nothing_known(ledger, prompts(ledger)):
        yield unknown
    elif not mine:
        yield Unsure("no prompt with tools or a schema whose cost is known")
    elif deviation(prompts(ledger)) is None:
        off = [e for e in mine if e.prompt and e.prompt.off(e.prompt_claimed)]
        if len(off) >= max(2, SHARE * len(mine)):
            for e in off:
                assert e.prompt is not None
                between = f"{e.prompt.low} to {e.prompt.high} with its {e.kind}"
                yield Finding("prompt tokens", between, str(e.prompt_claimed), exchange=e.id)


@ledger_rule("authenticity.answer.limit-not-billed")
def limit_not_billed(ledger: Sequence[Entry]) -> Findings:
    limited = [e for e in ledger if e.limit is not None and e.output is not None and not e.cut]
    if unknown := nothing_known(ledger, outputs(ledger)):
        yield unknown
    elif not limited:
        yield Unsure("no answer that ended before its limit")
    for e in limited:
        if to_the_limit(e) and e.output is not None:
            said = f"{e.output_claimed}, which is the limit"
            yield Finding("output tokens", f"at most {e.output.high}, as the text has", said, exchange=e.id)  # fmt: skip


def _relative(ledger: Sequence[Entry]) -> list[Point]:
    """Points of a model whose constants are unknown: the shortest prompt stands for them."""
    mine = sorted((e for e in ledger if e.texts), key=lambda e: e.counted_by(e.tokenizer))
    if len(mine) < LEAST + 1:
        return []
    found = []
    for endpoint in dict.fromkeys(e.endpoint for e in mine):
        group = [e for e in mine if e.endpoint is endpoint]
        first = group[0]
        base = first.prompt_claimed - first.counted_by(first.tokenizer)
        for e in group[1:]:
            counted = e.counted_by(e.tokenizer) - first.counted_by(first.tokenizer)
            claimed = e.prompt_claimed - base - first.counted_by(first.tokenizer)
            found.append(
                Point(counted, claimed, claimed - counted, e.id, e.streamed, e.at, bool(e.probe))
            )
    return found
