"""Plugins of pytest that have options of our names do not break a checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGIN = """
def pytest_addoption(parser):
    parser.addoption({option!r}, action="store", default=None)
"""


def list_requirements(folder, name, option):
    """`pytest --list-requirements` in an environment that has a plugin with this option."""
    (folder / "theirs.py").write_text(PLUGIN.format(option=option))
    about = folder / "theirs-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[pytest11]\n{name} = theirs\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--list-requirements"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "option"), [
    ("base_url", "--base-url"), ("profiling", "--profile"), ("timeout", "--timeout"),
])  # fmt: skip
def test_an_option_of_another_plugin(tmp_path, name, option):
    """Stands for pytest-base-url, pytest-profiling and pytest-timeout, which call their plugins so."""
    done = list_requirements(tmp_path, name, option)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "requirements, " in done.stdout


def test_an_option_of_a_plugin_that_nobody_knows_is_one_line(tmp_path):
    done = list_requirements(tmp_path, "unheard_of", "--max-cost")
    assert done.returncode == 4
    assert "another plugin of pytest has an option of ours" in done.stderr
    assert "--max-cost" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
