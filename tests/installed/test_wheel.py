"""The wheel away from its checkout: one importable name, every command, whatever lies in the folder."""

import email
import json
import re
import subprocess
import sys
import zipfile

import pytest

from tests.installed.conftest import ROOT

ROOMS = ("conformance", "gateway", "load", "reports", "schemas", "wire")


def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_one_importable_name(wheel):
    tops = {name.partition("/")[0] for name in names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"oaiconf"}


def test_pytest_and_locust_are_left_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (entries,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        text = archive.read(entries).decode()
    assert "pytest11" not in text
    assert "oaiconf = oaiconf.__main__:main" in text
    assert not [name for name in names(wheel) if "locust_plugins" in name]


def test_every_file_of_the_rooms_is_in_it(wheel):
    tracked = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()  # fmt: skip
    if not tracked:
        pytest.skip("not a clone: what belongs in the wheel is not known")
    there = {name.removeprefix("oaiconf/rooms/") for name in names(wheel)}
    assert [name for name in tracked if name not in there and (ROOT / name).exists() and not name.endswith(".md")] == []  # fmt: skip


def test_the_licence_and_the_command_of_the_readme_are_in_it(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (n for n in archive.namelist() if n.endswith("/METADATA"))
        about = email.message_from_bytes(archive.read(path))
    assert about["License-Expression"] == "Apache-2.0"
    assert about["License-File"] == "LICENSE"


def test_a_run_in_a_folder_with_our_names(oaiconf, hostile):
    done = oaiconf("run", "-k", "models.list", PYTEST_ADDOPTS="--no-such-option")
    assert "report: reports/out/report.html" in done.stdout
    report = json.loads((hostile / "reports/out/report.json").read_text())
    assert {row["outcome"] for row in report["results"]} == {"pass"}
    assert report["suite"]["name"] == "openai-gateway-conformance"
    assert report["command"] == "oaiconf run -k models.list"
    kept = {"reports", "pytest.ini", "conftest.py", *(f"{room}.py" for room in ROOMS)}
    assert {path.name for path in hostile.iterdir()} == kept, "left something in the user's folder"


def test_workers_find_the_rooms(oaiconf, hostile):
    done = oaiconf("run", "-k", "models.list", "-n", "2", "--report-dir", "here")
    assert re.search(r" [1-9]\d* passed in ", done.stdout), done.stdout
    assert (hostile / "here/report.html").is_file()


@pytest.mark.installed
def test_a_folder_that_exists_is_a_value_and_no_test(oaiconf, hostile):
    (hostile / "old").mkdir()
    oaiconf("run", "--report-dir", "old", "-k", "models.list-shape or models.list")
    assert (hostile / "old/report.json").is_file()


def test_a_failure_is_named_so_that_it_can_be_repeated(oaiconf):
    fault = ("--gateway-fault", "models.list.object-wrong")
    done = oaiconf("run", "-k", "models.list", *fault, check=False)
    assert done.returncode == 1
    names = re.findall(r"FAILED (conformance/models/\S+\])", done.stdout)
    assert names, done.stdout
    again = oaiconf("run", names[0], *fault, check=False)
    assert re.search(r" 1 failed", again.stdout), again.stdout


@pytest.mark.installed
def test_a_test_by_its_id(oaiconf):
    name = "conformance/models/test_models.py"
    said = oaiconf("run", name, "-k", "models.list").stdout
    assert re.search(r"[1-9]\d* passed, \d+ deselected", said), said


def test_a_url_without_option(oaiconf):
    done = oaiconf("run", "http://127.0.0.1:9/v1", "-k", "models.list", check=False)
    assert done.returncode == 2
    assert "127.0.0.1:9" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.installed
def test_recordings_are_judged(oaiconf, hostile):
    oaiconf("run", "-k", "models.list", "--record", "run.jsonl.gz")
    done = oaiconf("judge", "run.jsonl.gz", "--html", "page.html")
    assert (hostile / "page.html").is_file()
    assert "exchanges judged" in done.stdout


def test_help_names_the_command_that_was_typed(oaiconf):
    for words in (["judge"], ["tap"], ["scrub"], ["gateway"], ["badge"], ["compare"], ["run"]):
        said = oaiconf(*words, "--help").stdout
        assert f"usage: oaiconf {words[0]}" in said
        assert "python -m" not in said


def test_the_gateway_lists_its_faults(oaiconf):
    assert "chat.stream.usage-missing" in oaiconf("gateway", "--list-faults").stdout


def test_load_shows_its_options_and_writes_into_the_users_folder(oaiconf, hostile):
    assert "--ttft-slo" in oaiconf("load", "--help").stdout
    done = oaiconf("load", "--headless", "--rate", "5", "--duration", "1", check=False)
    assert (hostile / "reports/out/load.json").is_file(), done.stdout + done.stderr
    assert (hostile / "reports/out/load.html").is_file(), done.stdout + done.stderr


@pytest.mark.parametrize(("words", "says"), [
    (["rnu"], "did you mean run?"), (["http://127.0.0.1:1"], "oaiconf run http://127.0.0.1:1"),
])  # fmt: skip
def test_a_wrong_word_is_exit_4_with_the_nearest(oaiconf, words, says):
    done = oaiconf(*words, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert says in done.stderr


def test_every_command_of_the_rooms_is_one_of_ours(unpacked):
    """A command that is added to `python -m conformance` or `reports` is found here, too."""
    code = """
import argparse
from oaiconf.home import enter
enter()
from oaiconf.commands import COMMANDS
import conformance.__main__ as c, reports.__main__ as r
for room in (c, r):
    for action in room.parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            print(*sorted(set(action.choices) - set(COMMANDS)))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=unpacked, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stdout.split() == [], done.stderr
