"""Lets `--report-dir DIR` and its like work when DIR exists.

Pytest chooses its configuration before it knows our options, and takes the value of an unknown option
for a test path when something of that name exists. `pytest --report-dir out` would so look for its
configuration in out and not find us. This module is loaded from the package's entry point, early
enough to start over with `--report-dir=out`.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WITH_VALUE = frozenset({
    "--base-url", "--profile", "--model", "--report-dir", "--max-cost", "--fail-on", "--baseline",
    "--record", "--notify-file", "--metrics-file", "--gateway-fault", "--property-seed",
    "--depth", "--max-time", "--timeout", "--concurrency", "--header", "--extra-body", "--cacert",
})  # fmt: skip

_WORKERS = re.compile(r"-n|--numprocesses")


def joined(arguments: Sequence[str]) -> list[str]:
    """The arguments with our options and their values made one word each."""
    words: list[str] = []
    rest = iter(arguments)
    for word in rest:
        value = next(rest, None) if word in WITH_VALUE else None
        words.append(word if value is None else f"{word}={value}")
    return words


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    given = list(early_config.invocation_params.args)
    here = early_config.invocation_params.dir
    misled = early_config.inipath != ROOT / "pyproject.toml" and here.is_relative_to(ROOT)
    # Workers read the same words later, when the report folder exists; one of them cannot start over.
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    has_workers = here.is_relative_to(ROOT) and any(_WORKERS.match(word) for word in given)
    if not is_worker and (misled or has_workers) and joined(given) != given:
        # A wrapper runs before pytest redirects the standard streams, so nothing is lost here.
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *joined(given)])  # noqa: S606
    return (yield)
