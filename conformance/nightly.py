"""What a run every night adds: what regressed fails, stale deviations fail, a text and metrics to send on."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from conformance.judging.judge import Outcome, Result


def add_options(parser: pytest.Parser) -> None:
    add = parser.getgroup("conformance").addoption
    add("--strict-known", action="store_true", default=None, help="a known deviation that no longer occurs fails the run (default where CI is set)")  # fmt: skip
    add("--no-strict-known", action="store_false", dest="strict_known", help="it does not, in CI neither")  # fmt: skip
    add("--notify-file", metavar="FILE", help="write five lines for a chat or a mail")
    add("--metrics-file", metavar="FILE", help="write OpenMetrics text, as a textfile collector reads it")  # fmt: skip


def strict_known(config: pytest.Config) -> bool:
    given: bool | None = config.getoption("strict_known")
    in_ci = os.environ.get("CI", "").lower() not in {"", "0", "false"}
    return in_ci if given is None else given


def before(path: Path | None) -> Mapping[tuple[str, str], str]:
    """Requirement and model to outcome in the baseline; a usage error when it cannot be read."""
    if path is None:
        raise pytest.UsageError(
            "--fail-on regression needs --baseline FILE, an earlier report.json"
        )
    from reports.document import read
    from reports.fields import UnreadableError

    try:
        document = read(path)
    except UnreadableError as error:
        raise pytest.UsageError(f"--baseline {error}") from error
    return {(result.requirement, result.model): result.outcome for result in document.results}


def regressed(result: Result, outcomes: Mapping[tuple[str, str], str]) -> bool:
    """Whether a MUST does not hold that held in the baseline."""
    was = outcomes.get((result.requirement.id, result.model), "")
    return result.outcome is Outcome.FAIL and was in {"pass", "advisory"}


def write_files(config: pytest.Config, document: dict[str, Any]) -> list[Path]:
    """Writes the files of `--notify-file` and `--metrics-file` and names them; a page that cannot be written is said so."""
    from reports.document import parse
    from reports.folder import write
    from reports.notification import notification
    from reports.open_metrics import open_metrics

    run, written = parse(document), []
    for option, render in (
        ("--notify-file", notification),
        ("--metrics-file", lambda one: open_metrics([one])),
    ):
        name = config.getoption(option)
        if name:
            path = Path(name)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                written.append(write(path, render(run)))
            except OSError as error:
                raise pytest.UsageError(f"{option} {path}: {error.strerror}") from error
    return written
