"""Empty environments with the wheel in them: beside plugins with our words, and how long the first report takes."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.installed

PLUGINS = (
    "pytest-base-url",
    "pytest-playwright",
    "pytest-profiling",
    "pytest-timeout",
    "locust-plugins",
)
FIRST_REPORT_S = 30.0
START_S = 0.020
ROUNDS = 15


class Environment:
    """A virtual environment, and a folder in which its commands run."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.here = folder / "env" / "bin", folder / "here"
        self.here.mkdir()
        subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)

    def install(self, *names):
        self.run("python", "-m", "pip", "install", "-q", *names)

    def run(self, command, *words, check=True, **variables):
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("PYTEST_", "PYTHONPATH", "VIRTUAL_"))
        }
        done = subprocess.run(
            [self.bin / command, *map(str, words)], cwd=self.here, env={**kept, **variables},
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self):
        """Seconds of processor that an unrelated run of pytest takes: the least of many runs."""
        (self.here / "test_theirs.py").write_text("def test_theirs(): pass\n")
        return min(self._processor_seconds() for _ in range(ROUNDS))

    def _processor_seconds(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_theirs.py")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


@pytest.fixture
def empty(tmp_path):
    return Environment(tmp_path)


def test_the_first_report_comes_within_half_a_minute(empty, wheel):
    """One command, `pip install WHEEL && oaiconf run`, with pip's cache warm."""
    Environment(_made(empty.here / "warm")).install(wheel)
    began = time.perf_counter()
    empty.install(wheel)
    installed = time.perf_counter() - began
    done = empty.run("oaiconf", "run")
    whole = time.perf_counter() - began
    print(f"installed after {installed:.1f} s, report after {whole:.1f} s")
    assert (empty.here / "reports/out/report.html").is_file(), done.stdout
    assert whole < FIRST_REPORT_S


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_beside_plugins_that_have_our_words(empty, wheel):
    empty.install(f"{wheel}[load]", *PLUGINS)
    for name in ("schemas", "load", "conformance"):
        (empty.here / f"{name}.py").write_text("raise SystemExit('the file of the user')\n")
    (empty.here / "test_theirs.py").write_text(
        "def test_theirs(base_url): assert base_url == 'http://theirs'\n"
    )
    empty.run("pytest", "-q", "--base-url", "http://theirs", "test_theirs.py")
    empty.run("oaiconf", "run", "-k", "models.list", "-n", "2")
    report = json.loads((empty.here / "reports/out/report.json").read_text())
    assert {row["outcome"] for row in report["results"]} == {"pass"}
    assert "--ttft-slo" in empty.run("oaiconf", "load", "--help").stdout
    theirs = empty.run("python", "-c", "import locust_plugins; print(locust_plugins.__file__)")
    assert "locust_plugins" in theirs.stdout
    for room in ("conformance", "gateway", "load", "reports", "schemas", "wire"):
        found = empty.run("python", "-P", "-c", f"import {room}", check=False)
        assert f"No module named '{room}'" in found.stderr


def test_an_unrelated_run_of_pytest_starts_as_before(empty, wheel):
    empty.install("pytest>=9", "pytest-xdist")
    before = empty.start()
    empty.install(wheel)
    installed = empty.start()
    # Plugins of what we depend on (Hypothesis, anyio) are theirs, and stand in both measurements.
    empty.run("python", "-m", "pip", "uninstall", "-q", "-y", "openai-gateway-conformance")
    without = empty.start()
    print(f"bare {before:.3f} s, dependencies {without:.3f} s, with the wheel {installed:.3f} s")
    assert installed - without < START_S
