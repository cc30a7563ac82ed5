"""The one sentence that a run comes to."""

from collections.abc import Iterable
from dataclasses import dataclass

from reports.document import Document, Result
from reports.obstacle import deeper
from reports.outcome import LEVELS, UNJUDGED
from reports.text import listed, number_of, one_line


@dataclass(frozen=True)
class Verdict:
    """`word` is for machines and badges: conforms, partly, fails, unknown."""

    word: str
    sentence: str
    short: str

    @property
    def parts(self) -> tuple[str, str]:
        """The judgement, and what it rests on: a page may set them apart."""
        lead, colon, rest = self.sentence.partition(": ")
        return lead + colon.strip(), f" {rest}" if rest else ""


def verdict(document: Document) -> Verdict:
    """What the run says about its target, in the plainest honest words."""
    if document.could_not_run:
        reason = one_line(document.could_not_run)
        return Verdict("unknown", f"Could not run: {reason}", "could not run")
    failed = [result for result in document.results if result.outcome == "fail"]
    if failed:
        return _fails(document, failed)
    passed = _ids(r for r in document.results if r.outcome == "pass" and r.level == "MUST")
    unjudged = [r for r in document.results if r.outcome in UNJUDGED]
    open_musts = _ids(r for r in unjudged if r.level == "MUST" and not deeper(r))
    left = _ids(r for r in unjudged if deeper(r))
    advised = _ids(r for r in document.results if r.outcome == "advisory")
    stale = {note.requirement for note in document.stale} if document.strict_known else set()
    if stale and passed:
        n = number_of(len(stale), "known deviation")
        verb = "does" if len(stale) == 1 else "do"
        return Verdict(
            "partly",
            f"The profile is not up to date: {n} {verb} not occur any more; nothing else deviates.",
            "stale deviations",
        )
    errors = _ids(r for r in document.results if r.outcome == "error")
    if not passed:
        why = " before it was interrupted" if document.interrupted else ""
        return Verdict(
            "unknown", f"Nothing can be said: no MUST requirement was judged{why}.", "not judged"
        )
    also = f"; {number_of(len(advised), 'recommendation')} not followed" if advised else ""
    if left:
        also += f"; {len(left):,} more asked with more depth"
    held = f"{number_of(len(passed), 'MUST requirement')} {'holds' if len(passed) == 1 else 'hold'}"
    if errors:
        n = number_of(len(errors), "requirement")
        sentence = f"The suite itself failed on {n}; nothing else deviates: {held}{also}."
        return Verdict("partly", sentence, "suite error")
    if document.interrupted or open_musts:
        rest = f", {len(open_musts):,} could not be judged" if open_musts else ""
        start = "Interrupted; conforms" if document.interrupted else "Conforms"
        sentence = f"{start} as far as it was judged: {held}{rest}{also}."
        return Verdict(
            "partly",
            sentence,
            f"{len(open_musts)} MUST not judged" if open_musts else "interrupted",
        )
    return Verdict("conforms", f"Conforms: {held}{also}.", "conforms")


def _fails(document: Document, failed: list[Result]) -> Verdict:
    by_level = [(level, len(_ids(r for r in failed if r.level == level))) for level in LEVELS]
    counts = [f"{n:,} {level}" for level, n in by_level if n]
    total = sum(n for _, n in by_level)
    noun = "requirement fails" if total == 1 else "requirements fail"
    broken = [client.name for client in document.clients if client.ready is False]
    hurt = ""
    if broken:
        breaks = "client breaks" if len(broken) == 1 else "clients break"
        hurt = f"; {len(broken)} {breaks} ({listed(broken)})"
    start = "Interrupted, and does not conform" if document.interrupted else "Does not conform"
    what = f"{' and '.join(counts)} {noun}{_on_models(failed)}"
    return Verdict(
        "fails",
        f"{start}: {what}{hurt}.",
        f"{' + '.join(counts)} {'fails' if total == 1 else 'fail'}",
    )


def _on_models(failed: list[Result]) -> str:
    """` on gpt-5.5`, or how many on each where the models differ."""
    models = list(dict.fromkeys(result.model for result in failed if result.model))
    if not models:
        return ""
    sets = {model: _ids(r for r in failed if r.model == model) for model in models}
    if len({frozenset(ids) for ids in sets.values()}) == 1:
        return " on " + listed(models)
    return " (" + ", ".join(f"{len(ids)} on {model}" for model, ids in sets.items()) + ")"


def _ids(results: Iterable[Result]) -> set[str]:
    return {result.requirement for result in results}
