"""Lists obey the selection, suggest the nearest, and end quietly when nobody reads on."""

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.judging.area import catalogue
from conformance.lists import lines

ROOT = Path(__file__).parents[2]


def ids(words="", marks=""):
    return [
        line.split("  ")[0] for line in lines(catalogue(), words, marks) if "\n    source" in line
    ]


@pytest.mark.parametrize(("words", "marks", "holds"), [
    ("chat.stream.usage", "", lambda row: "chat.stream.usage" in row.id),
    ("models and not list", "", lambda row: "models" in row.id and "list" not in row.id),
    ("", "must and tools", lambda row: row.level == "MUST" and "tools" in row.tags),
    ("USAGE", "should", lambda row: row.level == "SHOULD"),
])  # fmt: skip
def test_the_catalogue_obeys_the_selection(words, marks, holds):
    chosen = ids(words, marks)
    assert 0 < len(chosen) < len(catalogue().requirements)
    assert all(holds(catalogue().requirements[name]) for name in chosen)


def test_the_last_line_says_how_many_of_how_many():
    assert (
        list(lines(catalogue(), "models.list"))[-1]
        .split(",")[0]
        .endswith(f"of {len(catalogue().requirements)} requirements")
    )


def test_an_expression_that_cannot_be_read_is_wrong_usage():
    with pytest.raises(pytest.UsageError, match="-k or -m"):
        ids("chat and (")


@pytest.mark.parametrize("words", [
    "-m pytest --list-requirements", "-m pytest --list-faults", "-m gateway --list-faults", "-m gateway --list-faults --json",
    "-m oaiconf gateway --list-faults", "-m oaiconf run --list-requirements",
])  # fmt: skip
def test_head_reads_a_line_and_nothing_complains(words):
    process = subprocess.Popen(
        [sys.executable, "-u", *words.split()], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    assert process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(60) == 0


def test_an_unknown_fault_suggests_the_nearest():
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "--fault", "chat.stream.usage-mising"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "did you mean chat.stream.usage-missing?" in done.stderr


def test_a_run_that_nobody_listens_to_is_no_pass(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "oaiconf", "run", "-k", "models.list", "--report-dir", tmp_path],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline()
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 2
