"""The wheel, built once; tests marked `installed` run only when `-m` asks for them."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = "import setuptools.build_meta as b, sys; print(b.build_wheel(sys.argv[1]))"
PARTS = ("conformance", "gateway", "load", "reports", "schemas", "wire", "oaiconf")
FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE")


def pytest_collection_modifyitems(config, items):
    if "installed" in (config.option.markexpr or ""):
        return
    left = [item for item in items if item.get_closest_marker("installed")]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built from a copy: building leaves a folder behind."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for part in PARTS:
        shutil.copytree(
            ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__", "out")
        )
    for name in FILES:
        shutil.copy(ROOT / name, source)
    done = subprocess.run([sys.executable, "-c", BUILD, str(out)], cwd=source, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def unpacked(wheel, tmp_path_factory):
    """A folder that stands for site-packages, with nothing but the wheel in it."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def hostile(tmp_path):
    """A working directory with names of ours that raise when somebody imports them."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("schemas", "wire", "load", "reports", "gateway", "conformance", "conftest"):
        (folder / f"{name}.py").write_text("raise SystemExit('imported the file of the user')\n")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    return folder


@pytest.fixture
def oaiconf(unpacked, hostile, tmp_path):
    """Runs the command of the unpacked wheel in the user's folder."""

    def run(*words, check=True, **variables):
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("CONFORMANCE_", "OPENAI_", "PYTEST_", "LOAD_", "PYTHONPATH"))
        }
        environ = {**kept, "PYTHONPATH": str(unpacked), "XDG_CACHE_HOME": str(tmp_path / "cache"), **variables}  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", "from oaiconf.__main__ import main; raise SystemExit(main())", *map(str, words)],
            cwd=hostile, env=environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    return run
