"""The rooms and arrows of ARCHITECTURE.md hold: who may import whom."""

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("wire", "schemas", "gateway", "conformance", "load", "reports", "oaiconf")
ALLOWED = {
    "wire": set(),
    "schemas": set(),
    "gateway": {"wire"},
    "reports": set(),
    "load": {"wire"},
    "conformance": {"wire", "schemas", "reports"},
    "oaiconf": {"conformance", "load"},  # and starts the others by name
}
# reports: only to compare with a baseline and to have pages written at the end of a run.
ONLY_FROM = {
    ("conformance", "reports"): {
        f"conformance/{name}.py" for name in ("state", "__main__", "terminal", "nightly")
    }
}
# Modules directly in a room; what grows beyond that gets a folder.
MOST = {"conformance": 12, "gateway": 14, "load": 14}
# Inside of conformance, from the bottom up: a floor imports its own and what is below, nothing above.
# Areas are the folders with a requirements.toml; `clients` says who needs what.
FLOORS = (
    {"judging"}, {"clients", "causes"}, {"running"}, {"area"}, {"offline"}, {"tap"}, {"root"},
)  # fmt: skip


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


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def graph() -> dict[str, set[str]]:
    """Every module of ours with the modules it imports, inside functions and for typing too."""
    modules = {module_of(path): path for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    found = defaultdict(set)
    for name, path in modules.items():
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    found[name] |= {inner if inner in modules else node.module} & set(modules)
            elif isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names} & set(modules)
        assert not any(
            isinstance(node, ast.ImportFrom) and node.level
            for node in ast.walk(ast.parse(path.read_text()))
        ), f"{path} imports relatively, which this test does not follow"
    return found


def test_no_import_goes_in_a_circle():
    try:
        tuple(TopologicalSorter(graph()).static_order())
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


@pytest.mark.parametrize(("room", "most"), MOST.items())
def test_rooms_are_no_halls(room, most):
    assert len(list((ROOT / room).glob("*.py"))) <= most


def floor(module: str) -> int:
    parts = module.split(".")
    inner = parts[1] if len(parts) > 2 or (ROOT / "conformance" / parts[-1]).is_dir() else "root"
    if (ROOT / "conformance" / inner / "requirements.toml").is_file():
        inner = "area"
    return next(n for n, names in enumerate(FLOORS) if inner in names)


def test_floors_of_conformance():
    """Areas import judging and running; running and judging never import back."""
    for name, imported in graph().items():
        if name.startswith("conformance.") and ".test_" not in name:
            for other in imported:
                if other.startswith("conformance."):
                    assert floor(other) <= floor(name), f"{name} imports {other}"
