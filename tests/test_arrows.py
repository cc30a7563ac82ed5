"""The rooms and arrows of ARCHITECTURE.md hold: who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("wire", "schemas", "gateway", "conformance", "load", "reports")
ALLOWED = {
    "wire": set(),
    "schemas": set(),
    "gateway": {"wire"},
    "reports": set(),
    "load": {"wire"},
    "conformance": {"wire", "schemas", "reports"},
}
# reports: only to have its pages written at the end of a run.
ONLY_FROM = {("conformance", "reports"): {"conformance/plugin.py", "conformance/__main__.py"}}


def imports(path: Path) -> set[str]:
    """First segments of everything that a module imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found & set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_arrows(room):
    for path in sorted((ROOT / room).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for other in imports(path) - {room}:
            assert other in ALLOWED[room], f"{name} imports {other}"
            assert name in ONLY_FROM.get((room, other), {name}), f"{name} imports {other}"


@pytest.mark.parametrize("room", ROOMS)
def test_no_vague_module_names(room):
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert not [p for p in (ROOT / room).rglob("*.py") if p.stem in vague]


def test_wire_and_rules_do_no_input_or_output():
    for folder in (
        "wire",
        *(f"conformance/{p.parent.name}" for p in ROOT.glob("conformance/*/rules.py")),
    ):
        for path in (ROOT / folder).glob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {
                alias.name.partition(".")[0]
                for node in ast.walk(tree)
                if isinstance(node, ast.Import)
                for alias in node.names
            } | {
                (node.module or "").partition(".")[0]
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom)
            }
            forbidden = {"socket", "httpx", "asyncio", "subprocess", "requests"}
            if not path.name.startswith("test_"):
                forbidden.add("pytest")
            assert not names & forbidden, f"{path} imports {names & forbidden}"
