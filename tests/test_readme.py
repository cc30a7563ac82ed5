"""The README tells the truth: its commands run, its tables match `--help`, its links lead somewhere."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def commands():
    """Every command line of the README's shell blocks, continuation lines joined."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def help_of(*words):
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# The wheel in an empty environment is the business of tests/installed.
WHEEL = [c for c in commands() if "dist/*.whl" in c]
INSTALLS = [c for c in commands() if "pip install" in c and c not in WHEEL]
EXPORTS = [c for c in commands() if c.startswith("export ")]


@pytest.mark.parametrize("command", INSTALLS)
def test_the_installing_commands_are_what_ci_runs(command):
    assert command in CI


@pytest.mark.parametrize("command", [c for c in commands() if c not in INSTALLS + EXPORTS + WHEEL])
def test_the_other_commands_are_understood(command, tmp_path):
    """Options and modules exist; what needs a server is stopped before anything is sent."""
    words = shlex.split(command.partition(" #")[0])
    assert words[0].startswith((".venv/bin/", "oaiconf"))
    program = words[0].removeprefix(".venv/bin/")
    if program == "pytest":
        words = ["pytest", *words[1:], "--collect-only", "-q", f"--report-dir={tmp_path}"]
    elif program == "locust":
        words = ["locust", *words[1:], "--help"]
    elif words[:2] == ["oaiconf", "run"]:
        words = [*words, "--collect-only", "-q", f"--report-dir={tmp_path}"]
    elif program == "oaiconf":
        words = [*words, "--help"]
    else:
        assert program == "python"
        words = [words[2], *words[3:]] if "--list-faults" in words else [*words[2:], "--help"]
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def tables():
    """(program, options named in its table) for each marked table."""
    return re.findall(r"<!-- options: ([a-z. -]+) -->\n(.*?)<!-- end -->", README, re.DOTALL)


@pytest.mark.parametrize(("program", "table"), tables())
def test_option_tables_are_what_help_says(program, table):
    named = set(re.findall(r"^\| `(--[a-z-]+)", table, re.MULTILINE))
    said = help_of(*program.split(), "--help")
    if program == "pytest":
        section = said.partition("conformance of OpenAI-compatible servers")[2]
        section = re.split(r"\n\n|\n[A-Za-z\[]", section.lstrip("\n:"))[0]
        assert named == set(re.findall(r"^\s+(--[a-z-]+)", section, re.MULTILINE))
    else:
        missing = named - set(re.findall(r"--[a-z-]+", said))
        assert not missing, f"{program} --help does not know {missing}"


def test_links_lead_to_files():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_the_example_profile_is_one(tmp_path):
    from conformance.judging.area import catalogue
    from conformance.running.profiles import load_profile, refuse_unknown

    profile, balance = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    text = balance + profile  # the tables come last
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    example = load_profile(str(path))
    refuse_unknown(example, catalogue())
    assert example.models == tuple(tomllib.loads(text)["models"])


def test_the_changelog_knows_the_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in changelog or f"## [{version}]" in changelog


def test_every_environment_of_tox_uses_a_group_that_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tox = (ROOT / "tox.ini").read_text()
    for group in re.findall(r"dependency_groups = (\w+)", tox):
        assert group in project["dependency-groups"], group
