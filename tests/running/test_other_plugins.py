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


@pytest.mark.parametrize(("name", "option"), [
    ("base_url", "--base-url"), ("profiling", "--profile"), ("timeout", "--timeout"),
])  # fmt: skip
def test_an_option_of_another_plugin(tmp_path, name, option):
    """Stands for pytest-base-url, pytest-profiling and pytest-timeout, which call their plugins so."""
    (tmp_path / "theirs.py").write_text(PLUGIN.format(option=option))
    about = tmp_path / "theirs-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[pytest11]\n{name} = theirs\n")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--list-requirements"],
        cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "requirements, " in done.stdout
