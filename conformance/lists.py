"""What can be asked without a run: `--list-requirements`, with `-k` and `-m`, and `--list-faults`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark.expression import Expression

from conformance.judging.area import Catalogue, catalogue
from conformance.judging.requirement import Requirement

ROOT = Path(__file__).parent.parent


def answer(config: pytest.Config) -> int | None:
    """Print the list that was asked for and return the exit code; None where none was."""
    try:
        if config.getoption("--list-requirements"):
            words, marks = config.option.keyword, config.option.markexpr
            for line in lines(catalogue(), words, marks):
                print(line)
            sys.stdout.flush()
            return 0
        if config.getoption("--list-faults"):
            sys.stdout.flush()
            # The gateway is a program of its own; it says what it can be given.
            words = [sys.executable, "-m", "gateway", "--list-faults"]
            return subprocess.run(words, cwd=ROOT, check=False).returncode  # noqa: S603
    except BrokenPipeError:  # `… | head`: who reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return None


def lines(known: Catalogue, words: str = "", marks: str = "") -> Iterator[str]:
    """The catalogue as plain lines: id, level, sentence, source; reasons where not judged.

    `words` and `marks` are the expressions of `-k` and `-m`, read as pytest reads them. Raises
    `pytest.UsageError` for one that cannot be read.
    """
    rows = [row for row in known.requirements.values() if _selected(row, words, marks)]
    for row in rows:
        refs = f" [{', '.join(row.ref)}]" if row.ref else ""
        yield f"{row.id}  {row.level}{refs}\n    {row.text}\n    source: {row.source}"
        if row.excluded:
            yield f"    not judged: {row.excluded}"
    judged = sum(1 for row in rows if not row.excluded)
    of_all = f" of {len(known.requirements)}" if len(rows) < len(known.requirements) else ""
    yield f"{len(rows)}{of_all} requirements, {judged} judged, {len(rows) - judged} excluded with a reason"


def _selected(row: Requirement, words: str, marks: str) -> bool:
    # What the test of a requirement is called, and how it is marked.
    names = [row.id, row.area, f"test_{row.area}.py", "test_rule", "conformance", *marks_of(row)]
    lower = [name.lower() for name in names]

    def is_named(word: str, /, **_: str | int | bool | None) -> bool:
        return any(word.lower() in name for name in lower)

    def is_marked(mark: str, /, **_: str | int | bool | None) -> bool:
        return mark in marks_of(row)

    try:
        return (not words or Expression.compile(words).evaluate(is_named)) and (
            not marks or Expression.compile(marks).evaluate(is_marked)
        )
    except SyntaxError as error:
        raise pytest.UsageError(f"-k or -m cannot be read: {error}") from None


def marks_of(row: Requirement) -> list[str]:
    """Names of the marks of a requirement's test."""
    return [row.level.lower(), row.area, *row.tags]
