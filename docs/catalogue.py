"""Hook of mkdocs: the catalogue, a page a requirement, made from the rows, the faults and docs/examples.json."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from mkdocs.structure.files import File, Files  # noqa: E402

from conformance.clients.readiness import clients_hurt  # noqa: E402
from conformance.judging.area import catalogue  # noqa: E402
from conformance.judging.requirement import Requirement  # noqa: E402
from gateway.faults.machinery.fault import Fault, all_faults  # noqa: E402

SHOWN = 12  # faults of a requirement
EXAMPLES = ROOT / "docs" / "examples.json"
CAPITALS = {
    "MUST": "A violation is a failure.",
    "SHOULD": "A violation is advised; it fails the run with `--fail-on should`.",
    "MAY": "Observed and shown.",
}


def pages() -> Iterator[tuple[str, str]]:
    """(path below docs/, Markdown) of the index and of every requirement."""
    known = catalogue()
    faults: defaultdict[str, list[Fault]] = defaultdict(list)
    for fault in all_faults().values():
        for name in fault.breaks:
            faults[name].append(fault)
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    judged_in = {
        name: rule.check.__module__.replace(".", "/") + ".py"
        for rule in reversed(known.rules)
        for name in rule.requirements
    }
    yield "catalogue/index.md", _index(known.areas)
    for row in known.requirements.values():
        yield (
            f"catalogue/{row.id}.md",
            page(row, faults[row.id], examples.get(row.id), judged_in.get(row.id, "")),
        )


def _index(areas: Any) -> str:
    lines = [
        "# Catalogue\n",
        "Every requirement by area. The page of each has its source, an example of a failure and",
    ]
    lines += ["the faults that prove that it can fail.\n"]
    for area in areas:
        lines += [f"\n## {area.name}\n", "| requirement | level | |", "|---|---|---|"]
        lines += [
            f"| [{r.id}]({r.id}.md) | {r.level.value} | {_cell(r.text)} |"
            for r in area.requirements
        ]
    return "\n".join(lines) + "\n"


def page(row: Requirement, faults: list[Fault], example: dict[str, str] | None, rule: str) -> str:
    """One requirement."""
    lines = [
        f"# {row.id}\n",
        f"**{row.level.value}.** {row.text}\n",
        f"{CAPITALS[row.level.value]}\n",
    ]
    lines += [f"| level | {row.level.value} |", "|---|---|", f"| source | {_cell(row.source)} |"]
    lines += [f"| area | [{row.area}](index.md#{row.area}) |"]
    feature = (
        f"`{row.feature}`, [claimed by a profile](../profiles.md)"
        if row.feature
        else "always judged"
    )
    lines += [f"| feature | {feature} |"]
    if row.field:
        lines += [f"| field | `{_cell(row.field)}` |"]
    if row.event:
        lines += [f"| event | `{row.event}` |"]
    if hurt := clients_hurt(row):
        lines += [f"| clients that need it | {', '.join(hurt)} |"]
    if rule:
        lines += [f"| judged in | `{rule}` |"]
    lines += [""]
    if row.excluded:
        return "\n".join([*lines, f"Not judged: {row.excluded}\n"])
    if example:
        lines += [
            "## A failure\n",
            f"With the fault `{example['fault']}` the report says:\n",
            "```text",
        ]
        lines += [
            f"{example['where']}",
            f"expected  {example['expected']}",
            f"found     {example['found']}",
            "```\n",
        ]
        lines += [
            "See it yourself:\n",
            "```console",
            f"oaiconf run --gateway-fault {example['fault']} -k {row.id}",
            "```\n",
        ]
    lines += [f"## Faults that it notices ({len(faults)})\n"]
    first = sorted(
        faults, key=lambda f: (f.name.partition(".")[0] != row.area, len(f.breaks), f.name)
    )
    lines += [f"- `{fault.name}`: {fault.says}" for fault in first[:SHOWN]]
    if len(faults) > SHOWN:
        lines += [f"- and {len(faults) - SHOWN} more ([Kill matrix](../kill-matrix.md))"]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def on_files(files: Files, config: Any) -> Files:
    """Called by mkdocs."""
    for path, text in pages():
        files.append(File.generated(config, path, content=text))
    return files


def on_config(config: Any) -> Any:
    """Called by mkdocs: a page that nobody has put into the navigation stands under the last heading."""
    rest = {path.name for path in Path(__file__).parent.glob("*.md")}
    for entry in config["nav"]:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            rest -= set(value) if isinstance(value, list) else {value}
    (last,) = config["nav"][-1].values()
    last.extend(sorted(rest))
    return config
