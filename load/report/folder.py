"""Writes the report of a run: the document first, then the pages made from it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from load.measure.claims import sentence as claims_sentence
from load.report.baseline import lines as baseline_lines
from load.report.document import REQUIRED
from load.report.stages import lines as stage_lines
from wire.redaction import Redactor

ROOT: Final = Path(__file__).parents[2]
PAGES_TIMEOUT_S: Final = 60
DEVIATION: Final = 0.1  # of lengths in tokens, above which it is said


def as_text(document: dict[str, Any], redactor: Redactor) -> str:
    """The document as it is written: the last place where a secret is taken out."""
    return redactor.text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def write_report(
    document: dict[str, Any], folder: Path, redactor: Redactor, baseline: str = ""
) -> Iterator[str]:
    """Lines to show: the stamp first, then what was found and where it lies."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "load.json"
    text = as_text(document, redactor)
    write(path, text)
    yield from lines(json.loads(text))
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            [
                sys.executable,
                "-m",
                "reports.load.page",
                str(path),
                *([baseline] if baseline else []),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PAGES_TIMEOUT_S,
            check=False,
        )
        problem = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    except (OSError, subprocess.SubprocessError) as error:
        problem = [str(error)]
    if problem:
        yield f"the pages could not be written: {problem[0]}"
    yield f"report: {path if problem else path.with_suffix('.html')}"


def write(path: Path, text: str) -> None:
    """Put the whole text in place at once; a reader sees the old file or the new one."""
    data = text.encode("utf-8", "backslashreplace")
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        temporary = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    temporary.chmod(0o644)
    temporary.replace(path)


def lines(document: dict[str, Any]) -> Iterator[str]:
    """The run in a few lines; the first says whether to believe it."""
    stamp = document["validity"]["stamp"]
    yield f"{stamp}{': ' + '; '.join(document['validity']['reasons']) if document['validity']['reasons'] else ''}"
    ended = {name: n for name, n in document["outcomes"].items() if n}
    yield f"arrivals {document['arrivals']['happened']}: " + ", ".join(f"{name} {n}" for name, n in ended.items())  # fmt: skip
    for scenario, times in document["by_scenario"].items():
        for name, metric in times.items():
            yield f"{f'{scenario} {name}':26} {_row(metric)}"
    for name in REQUIRED:
        yield f"{name:18} {_row(document['metrics'][name])}"
    rates = document["rates"]
    window = rates["window"]
    yield (
        f"rates from {window['from_s']:g} s to {window['to_s']:g} s: offered {rates['offered_per_s']:g}/s, "
        f"completed {rates['completed_per_s']:g}/s{_later(rates)}, {_tokens(rates)}, ${document['usage']['usd']:.4f}"
    )
    if document["spent_usd"] > document["usage"]["usd"]:
        yield f"spent by all runs of this session: ${document['spent_usd']:.4f}"
    yield from _noticed(document)
    if document["claims"]:
        yield claims_sentence(document["claims"])
    for one in document["server"]:
        yield _server(one)
    yield from stage_lines(document)
    if "search" in document:
        yield f"search: {document['search']['sentence']}"
    for requirement, n in document["conformance"].items():
        yield f"violated in {n} streams: {requirement}"
    yield from _sample(document.get("sample") or {})
    yield from baseline_lines(document)
    for gate in document["gates"]:
        shown = (
            f"cannot be judged: {gate['why']}"
            if gate["value"] is None
            else f"{gate['value']:g} {gate['unit']}"
        )
        why = f": {gate['why']}" if gate["why"] and gate["value"] is not None else ""
        yield f"gate {gate['gate']}: {'passed' if gate['passed'] else 'FAILED'} ({shown}{why})"


def _later(rates: dict[str, Any]) -> str:
    late = rates["phases"]["drain"]["completed"]
    return f" (and {late} in the drain)" if late else ""


def _tokens(rates: dict[str, Any]) -> str:
    if not rates["output_tokens_per_s"] and rates["input_tokens_per_s"]:
        return f"{rates['input_tokens_per_s']:g} input tokens/s"
    if rates["output_tokens_per_s"] is None:
        return f"{rates['chunks_per_s']:g} chunks/s (no usage, no tokenizer: tokens are not known)"
    by = "" if rates["tokens_by"] in {"", "usage"} else f" by {rates['tokens_by']}"
    return f"{rates['output_tokens_per_s']:g} output tokens/s{by}"


def _noticed(document: dict[str, Any]) -> Iterator[str]:
    """What the figures alone would not tell."""
    rates, streaming = document["rates"], document["streaming"]
    if rates["saturated"]:
        queue = rates["in_flight"]
        yield (
            f"the server falls behind: {queue[len(queue) // 2]} requests in flight in the middle, {queue[-1]} at "
            f"the end; it completes {rates['completed_per_s']:g}/s of {rates['offered_per_s']:g}/s"
        )
    if streaming["at_once"]:
        yield (
            f"{streaming['at_once']} of {streaming['streams']} streams came all at once: not streamed, or kept back by "
            "something between; their first token is the whole answer, they have no time per token"
        )
    elif streaming["gaps_of_none"] > streaming["gaps"] / 2 > 0:
        yield (
            f"{streaming['gaps_of_none'] / streaming['gaps']:.0%} of the chunks came together with the one before"
        )
    for name, one in document["lengths"].items():
        if abs(one["deviation"]) > DEVIATION:
            yield f"{name} lengths: {one['deviation']:+.0%} against what was asked for, by usage"


def _server(one: dict[str, Any]) -> str:
    """What the server said of itself, or why nothing is known."""
    highest = [
        f"{name.replace('_', ' ')} at most {max(values):g}"
        for name in ("running", "waiting", "kv_use")
        if (values := [value for value in one.get(name, ()) if value is not None])
    ]
    shown = ", ".join([*highest, *([one["problem"]] if one["problem"] else [])])
    return f"server metrics of {one['url']}: {shown or 'nothing was read'}"


def _sample(sample: dict[str, Any]) -> Iterator[str]:
    if "failed" in sample:
        shown = ", ".join(sample["failed"]) or "none"
        yield (
            f"a sample of {sample['exchanges']} exchanges judged by {sample['requirements']} requirements: "
            f"{len(sample['failed'])} failed ({shown})"
        )
    elif "problem" in sample:
        yield f"the sample could not be judged: {sample['problem']}"


def _row(metric: dict[str, Any]) -> str:
    def shown(value: float | None) -> str:
        return "n/a" if value is None else f"{value:.2f}"

    names = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
    return f"n={metric['count']:<6} " + " ".join(f"{name}={shown(metric[name])}" for name in names)
