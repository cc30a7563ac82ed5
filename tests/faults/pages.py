"""The published proof, as pages: fault x requirement, and requirement -> source, rule, fault."""

from collections import defaultdict
from pathlib import Path

from conformance.judging.area import catalogue
from conformance.judging.requirement import Requirement
from conformance.judging.rule import Rule, RunRule
from gateway.faults.machinery.fault import all_faults

DOCS = Path(__file__).parent.parent.parent / "docs"
INTRODUCTION = """Each fault is a named way of being wrong that the reference gateway can be given
(`python -m gateway --fault NAME`). Beside it stand all requirements that fail with it; no others do.
"""
MADE = "Made by `python -m tests.faults.declare`; a test holds it.\n"


def faults_by_requirement() -> dict[str, list[str]]:
    """Requirement -> names of the faults that make it fail."""
    table: defaultdict[str, list[str]] = defaultdict(list)
    for name, fault in all_faults().items():
        for requirement in fault.breaks:
            table[requirement].append(name)
    return table


def kill_matrix() -> str:
    """Every fault with the exact set of requirements that fail with it."""
    faults = all_faults()
    families = sorted({fault.family.value for fault in faults.values()})
    pairs = sum(len(fault.breaks) for fault in faults.values())
    lines = [
        "# Kill matrix\n",
        f"{MADE}",
        INTRODUCTION,
        f"{len(faults)} faults of {len(families)} families, {pairs} pairs of fault and requirement.\n",
    ]
    area = ""
    for name in sorted(faults):
        fault = faults[name]
        if name.partition(".")[0] != area:
            area = name.partition(".")[0]
            lines += [
                f"\n## {area}\n",
                "| fault | what is wrong | family | fails |",
                "|---|---|---|---|",
            ]
        broken = ", ".join(f"`{row}`" for row in fault.breaks)
        lines.append(f"| `{name}` | {_cell(fault.says)} | {fault.family.value} | {broken} |")
    return "\n".join(lines) + "\n"


def traceability() -> str:
    """Every requirement with its source, its rule, its faults, or the reason why it is not judged."""
    known = catalogue()
    faults = faults_by_requirement()
    where = _rule_names()
    rows = known.requirements.values()
    excluded = [row for row in rows if row.excluded]
    judged = len(rows) - len(excluded)
    lines = [
        "# Traceability\n",
        f"{MADE}",
        f"{judged} requirements judged by {len(known.rules)} rules, {len(excluded)} excluded.\n",
    ]
    for area in known.areas:
        lines += [
            f"\n## {area.name}\n",
            "| requirement | level | says | source | judged in | faults |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            _row(row, where.get(row.id, ""), faults.get(row.id, [])) for row in area.requirements
        ]
    return "\n".join(lines) + "\n"


def _row(row: Requirement, rule: str, faults: list[str]) -> str:
    judged = f"not judged: {row.excluded}" if row.excluded else f"`{rule}`"
    shown = ", ".join(f"`{name}`" for name in sorted(faults)[:3])
    more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
    cells = (f"`{row.id}`", row.level.value, row.text, row.source, judged, shown + more)
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _rule_names() -> dict[str, str]:
    """Requirement -> module of the first rule that judges it."""
    found: dict[str, str] = {}
    for rule in catalogue().rules:
        assert isinstance(rule, Rule | RunRule)
        for name in rule.requirements:
            found.setdefault(name, rule.check.__module__.replace(".", "/") + ".py")
    return found


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


PAGES = {"kill-matrix.md": kill_matrix, "traceability.md": traceability}


def write() -> list[Path]:
    DOCS.mkdir(exist_ok=True)
    paths = []
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
        paths.append(DOCS / name)
    return paths
