"""`--help` names our options beside Locust's, by groups, and from any folder."""

import os
import re
import subprocess
import sys
from argparse import ArgumentParser

import configargparse
import pytest

from load.options import add_options
from locust_plugins import asked_for_ours
from tests.load.streams import LOCUST, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
FILE = str(ROOT / "load" / "locustfile.py")


def titles(parser: ArgumentParser):
    return [group.title for group in parser._action_groups if group.title.startswith("Load: ")]


def test_help_shows_our_options_in_their_groups(tmp_path):
    parser = configargparse.ArgumentParser()
    add_options(parser)
    # The module of that name is found from the project's folder where the package is not installed.
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    done = subprocess.run([LOCUST, "-f", FILE, "--help"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    for title in titles(parser):
        assert f"{title}:" in done.stdout
    for action in parser._actions:
        assert action.option_strings[-1] in done.stdout
    _, _, table = README.partition("<!-- options: locust")
    named = re.findall(r"^\| `(--[a-z-]+)", table.partition("<!-- end -->")[0], re.MULTILINE)
    assert "--processes" in named
    assert not [name for name in named if name not in done.stdout]


PARSE = """
import shlex, sys
from locust.argument_parser import get_parser
from load.options import add_options

for line in sys.stdin:
    parser = get_parser()
    add_options(parser)
    options = parser.parse_args(shlex.split(line)[1:])
    assert options.locustfile == "load/locustfile.py", line
"""


def test_every_command_of_the_readme_is_parsed_to_its_end():
    """`--help` ends before it looks at what follows it, so that test alone would let a typo pass."""
    lines = [line for line in README.splitlines() if line.startswith(".venv/bin/locust ")]
    assert len(lines) > 8
    done = subprocess.run([sys.executable, "-c", PARSE], cwd=ROOT, input="\n".join(lines), capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("words", "found"), [
    (["-f", FILE, "--help"], True), (["-h", f"--locustfile={FILE}"], True), ([f"-f{FILE}", "-h"], True),
    (["-f", f"other.py,{FILE}", "--help"], True), (["-f", FILE], False), (["-f", "other.py", "--help"], False), (["--help"], False),
])  # fmt: skip
def test_help_of_other_locustfiles_stays_theirs(words, found):
    assert asked_for_ours(words, {}) is found


def test_the_locustfile_may_come_from_the_environment():
    assert asked_for_ours(["--help"], {"LOCUST_LOCUSTFILE": FILE})
