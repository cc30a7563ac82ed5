"""The earlier run beside this one in its document, and the gate that fails where this one is worse."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from load.measure.comparison import compared, worse_than
from load.measure.gate import Verdict
from load.report.document import Result
from load.workload.rows import text_of


def beside(found: Result, path: Path, share: float | None) -> Result:
    """The document with its comparison; `share`: of worse figures that fail the run."""
    before = json.loads(text_of(path))
    document = found.document
    document["comparison"] = compared(before, document)
    if share is None:
        return found
    worst, worse, why = worse_than(before, document, share)
    verdict = Verdict(f"--fail-if-worse {100 * share:g}%", worst, 100 * share, not worse and not why, "%", why or "; ".join(worse))  # fmt: skip
    document["gates"].append(verdict.as_json())
    if verdict.passed or found.exit_code not in {0, 1}:
        return found
    return replace(found, exit_code=3)


def lines(document: dict[str, Any]) -> Iterator[str]:
    """What the earlier run has in another way, and what changed beyond chance."""
    comparison = document.get("comparison")
    if not comparison:
        return
    for one in comparison["differs"]:
        yield f"compared with another kind of run: {one}"
    if comparison["before"]["stamp"] != "VALID":
        yield "compared with an INVALID run"
    for row in comparison["rows"]:
        if row["worse"]:
            name = f"{row['name']} {row['point']}".strip()
            unit = " points" if row["name"] in {"error_share", "goodput"} else "%"
            change, low, high = (100 * row[end] for end in ("change", "low", "high"))
            yield f"{row['worse']}: {name} {row['before']:g}, now {row['now']:g} ({change:+.1f}{unit}, {low:+.1f} to {high:+.1f})"  # fmt: skip
