"""`--help` names our options beside Locust's, by groups, and from any folder."""

import os
import subprocess
from argparse import ArgumentParser

import configargparse
import pytest

from load.options import add_options
from locust_plugins import asked_for_ours
from tests.load.streams import LOCUST, ROOT

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
    assert "--processes" in done.stdout


@pytest.mark.parametrize(("words", "found"), [
    (["-f", FILE, "--help"], True), (["-h", f"--locustfile={FILE}"], True), ([f"-f{FILE}", "-h"], True),
    (["-f", f"other.py,{FILE}", "--help"], True), (["-f", FILE], False), (["-f", "other.py", "--help"], False), (["--help"], False),
])  # fmt: skip
def test_help_of_other_locustfiles_stays_theirs(words, found):
    assert asked_for_ours(words, {}) is found


def test_the_locustfile_may_come_from_the_environment():
    assert asked_for_ours(["--help"], {"LOCUST_LOCUSTFILE": FILE})
