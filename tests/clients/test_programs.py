"""Programs of clients: found or said how to install, ended with all that they started, quiet outside."""

import os
import re
import sys
import time
from pathlib import Path

import pytest

from conformance.clients.programs import PROGRAMS
from conformance.clients.programs.program import (
    ANY_MODEL,
    CHECKOUT,
    Target,
    module,
    run_program,
)
from conformance.clients.readiness import clients


def test_every_client_of_the_report_has_a_program_of_that_version():
    assert {(p.name, p.version) for p in PROGRAMS} == {(c.name, c.version) for c in clients()}
    assert len({p.slug for p in PROGRAMS}) == len(PROGRAMS)


def test_the_readme_installs_what_the_table_was_measured_with():
    text = re.sub(r"\\\n\s*", "", (CHECKOUT / "README.md").read_text(encoding="utf-8"))
    line = next(line for line in text.split("\n") if line.startswith("npm install"))
    assert "--legacy-peer-deps" in line
    for program in PROGRAMS:
        if program.install.startswith("npm"):
            assert set(program.install.split()) <= set(line.split())


def test_what_is_not_installed_says_how_to(monkeypatch, tmp_path):
    monkeypatch.setenv("CLIENTS_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    by_npm = [p for p in PROGRAMS if p.file]
    assert all(p.found is None and p.installed_version == "" for p in by_npm)
    assert all(p.missing == f"{p.name} is not installed: {p.install}" for p in by_npm)


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.slug for p in PROGRAMS])
def test_the_command_for_any_model_does_not_hold_its_answer(program):
    said = re.compile(re.escape(ANY_MODEL.said))
    assert not said.search(ANY_MODEL.command)


def script(tmp_path, text):
    path = tmp_path / "client.py"
    path.write_text(text, encoding="utf-8")
    return [sys.executable, str(path)]


def test_a_client_is_ended_with_what_it_started(tmp_path):
    words = script(
        tmp_path,
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('child', 'w').write(str(child.pid))\n"
        "time.sleep(60)\n",
    )
    stop_at = time.monotonic() + 1.5
    target = Target("http://x/v1", "k", tmp_path, must_stop=lambda: time.monotonic() > stop_at)
    ended = run_program(words, target, {}, 30)
    assert ended.code is None
    child = int((tmp_path / "work" / "child").read_text())
    status, until = Path(f"/proc/{child}/stat"), time.monotonic() + 5

    def is_gone():
        return not status.exists() or status.read_text().split(") ")[1].startswith("Z")

    # A signal is sent at once, and takes effect when the machine has time for it.
    while not is_gone() and time.monotonic() < until:
        time.sleep(0.05)
    assert is_gone()


def test_a_client_inherits_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    words = script(tmp_path, "import os, json; print(json.dumps(dict(os.environ)))\n")
    ended = run_program(words, Target("http://x/v1", "k", tmp_path), {"MINE": "1"}, 30)
    assert ended.code == 0
    assert "sk-mine" not in ended.out
    assert '"MINE": "1"' in ended.out
    assert str(tmp_path / "home") in ended.out


def test_words_on_stdin_arrive(tmp_path):
    words = script(tmp_path, "import sys, time; time.sleep(0.7); print(sys.stdin.read())\n")
    ended = run_program(words, Target("http://x/v1", "k", tmp_path), {}, 30, "much " * 40_000)
    assert ended.out.strip() == ("much " * 40_000).strip()


def test_modules_lie_in_the_folder_of_clients(monkeypatch, tmp_path):
    monkeypatch.setenv("CLIENTS_HOME", str(tmp_path))
    assert module(".bin/cline") == tmp_path / "node_modules" / ".bin" / "cline"
    assert os.environ["CLIENTS_HOME"] == str(tmp_path)
