"""junit.xml: one test case a result, with the requirement's id, level and source as properties."""

from collections.abc import Iterable
from typing import Final
from xml.etree import ElementTree as ET

from reports.document import Document, Result
from reports.failure import sightings
from reports.text import one_line, visible

SKIPPED: Final = frozenset({"blocked", "inconclusive", "not-claimed", "not-offered", "known"})


def junit(document: Document) -> str:
    """The whole file."""
    root = ET.Element("testsuites", name=visible(document.suite) or "conformance")
    areas: dict[str, list[Result]] = {}
    for result in _by_cause(document):
        areas.setdefault(result.area, []).append(result)
    if document.could_not_run:
        suite = ET.SubElement(
            root, "testsuite", name="run", tests="1", errors="1", failures="0", skipped="0"
        )
        case = ET.SubElement(suite, "testcase", classname="run", name="could not run", time="0")
        ET.SubElement(case, "error", message=one_line(document.could_not_run))
    for area, results in areas.items():
        suite = ET.SubElement(root, "testsuite", _counts(results), name=visible(area))
        suite.set("timestamp", visible(document.started_at))
        properties = ET.SubElement(suite, "properties")
        for name, value in (("target", document.base_url), ("profile", document.profile)):
            ET.SubElement(properties, "property", name=name, value=visible(value))
        for result in results:
            _case(suite, result, document)
    failed = (result.outcome == "fail" for result in document.results)
    stale = len(document.stale) * document.strict_known
    root.set("tests", str(len(document.results) + bool(document.could_not_run) + stale))
    if stale:
        _stale(root, document)
    root.set("failures", str(sum(failed) + stale))
    root.set("time", f"{document.duration_s:.3f}")
    ET.indent(root, " ")
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _stale(root: ET.Element, document: Document) -> None:
    """A failing case for each known deviation that no longer occurs."""
    number = str(len(document.stale))
    suite = ET.SubElement(root, "testsuite", name="known deviations", tests=number, errors="0", failures=number, skipped="0")  # fmt: skip
    for note in document.stale:
        case = ET.SubElement(suite, "testcase", classname="conformance.known", name=visible(note.requirement), time="0")  # fmt: skip
        message = f"stale: no longer deviates, take it out of the profile ({note.reason})"
        ET.SubElement(case, "failure", message=one_line(message, 500), type="stale")


def _by_cause(document: Document) -> list[Result]:
    """The results as they are, those of the first cause first: what is read first is what to mend."""
    rank = {name: n for n, cause in enumerate(document.causes) for name in cause.requirements}
    last = len(document.causes)
    return sorted(document.results, key=lambda result: rank.get(result.requirement, last))


def _counts(results: list[Result]) -> dict[str, str]:
    skipped = sum(r.outcome in SKIPPED for r in results)
    errors = sum(r.outcome == "error" for r in results)
    failures = sum(r.outcome == "fail" for r in results)
    counted = {"tests": len(results), "failures": failures, "errors": errors, "skipped": skipped}
    return {name: str(number) for name, number in counted.items()}


def _case(suite: ET.Element, result: Result, document: Document) -> None:
    model = f"[{result.model}]" if result.model else ""
    case = ET.SubElement(
        suite,
        "testcase",
        classname=visible(f"conformance.{result.area}"),
        name=visible(result.requirement + model),
        time="0",
    )
    properties = ET.SubElement(case, "properties")
    described = {
        "requirement": result.requirement,
        "level": result.level,
        "outcome": result.outcome,
        "source": result.source,
        "model": result.model,
        "clients": ", ".join(result.clients),
        "cause": next(
            (c.sentence for c in document.causes if result.requirement in c.requirements), ""
        ),
    }
    for name, value in described.items():
        if value:
            ET.SubElement(properties, "property", name=name, value=visible(value))
    match result.outcome:
        case "fail":
            failure = ET.SubElement(case, "failure", message=one_line(_message(result), 500))
            failure.set("type", result.level)
            failure.text = "\n".join(_details(result, document))
        case "error":
            message = one_line(result.reason or "a fault of the suite", 500)
            ET.SubElement(case, "error", message=message, type="suite")
        case word if word in SKIPPED:
            reason = one_line(f"{result.outcome}: {result.reason or 'no reason given'}", 500)
            ET.SubElement(case, "skipped", message=reason)
        case "advisory":
            output = ET.SubElement(case, "system-out")
            output.text = "\n".join([f"advisory: {_message(result)}", *_details(result, document)])


def _message(result: Result) -> str:
    if result.findings:
        finding = result.findings[0]
        return f"{finding.where}: {finding.message}" if finding.where else finding.message
    return result.reason or result.text or result.requirement


def _details(result: Result, document: Document) -> Iterable[str]:
    yield visible(result.text)
    if result.source:
        yield f"source: {visible(result.source)}"
    kinds = sightings([result])
    for seen in kinds[:20]:
        more = f" and {len(seen.places) - 1} more" if len(seen.places) > 1 else ""
        yield f"{one_line(seen.first.where)}{more}: {one_line(seen.message, 800)}"
    if len(kinds) > 20:
        yield f"and {len(kinds) - 20} more findings"
    curl = next(
        (document.exchanges[n].curl for n in result.exchanges if n in document.exchanges), ""
    )
    if curl:
        yield visible(curl)
