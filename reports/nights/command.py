"""`history`, `fleet`, `metrics` and `notify` of `python -m reports`."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from reports.document import Document, read
from reports.fields import UnreadableError
from reports.folder import DEFAULT
from reports.nights.fleet import exit_code, fleet_page, vendors
from reports.nights.history import history
from reports.nights.night import documents_in, read_nights
from reports.nights.store import MANY, NAME, nights_of
from reports.notification import notification
from reports.open_metrics import open_metrics

COMMANDS: Final = ("history", "fleet", "metrics", "notify")
COULD_NOT: Final = 2


def add_parsers(commands: Any, epilog: str) -> None:
    nights: argparse.ArgumentParser = commands.add_parser(
        "history", help="many nights of one target on one page", epilog=epilog,
        description=f"Reads every report.json below the folders and writes one page: verdict by night, causes that came and went, cost, speed, clients. From {MANY} runs on {NAME} beside the page keeps what was read.",
    )  # fmt: skip
    nights.add_argument("folder", type=Path, nargs="+", metavar="FOLDER", help="folder of run documents, or report.json files")  # fmt: skip
    nights.add_argument("-o", "--out", type=Path, metavar="OUT", help="the page (default: history.html in the first folder)")  # fmt: skip
    nights.add_argument("--sqlite", type=Path, metavar="FILE", help=f"keep what was read here, however few the runs (default: {NAME} beside the page from {MANY} on)")  # fmt: skip
    many: argparse.ArgumentParser = commands.add_parser(
        "fleet", help="many targets side by side", epilog=epilog,
        description="Writes one page with the runs of several targets side by side. Given a config file (TOML with [targets.NAME]), judges each of its targets first, in a process of its own with its own keys and budget. Exit: 0 all clean, 1 a MUST is violated, 2 one could not run.",
    )  # fmt: skip
    many.add_argument("source", type=Path, nargs="+", metavar="FLEET.TOML|FOLDER", help="a config file with targets, or folders and report.json files of runs")  # fmt: skip
    many.add_argument("--report-dir", type=Path, default=DEFAULT, metavar="DIR", help="where the runs of a config file go, one folder a target")  # fmt: skip
    many.add_argument("-o", "--out", type=Path, metavar="OUT", help="the page (default: fleet.html in the folder of the runs)")  # fmt: skip
    sent = commands.add_parser("metrics", help="OpenMetrics text of runs", epilog=epilog, description="Writes OpenMetrics text for a textfile collector; of several runs of a target the latest counts.")  # fmt: skip
    sent.add_argument("folder", type=Path, nargs="+", metavar="FILE", help="report.json of runs, or folders of them")  # fmt: skip
    told = commands.add_parser("notify", help="a run in five lines", epilog=epilog)
    told.add_argument("file", type=Path, metavar="FILE", help="report.json of a run")
    for command in (sent, told):
        command.add_argument("-o", "--out", type=Path, metavar="OUT", help="write here (default: standard output)")  # fmt: skip


def run(options: argparse.Namespace) -> tuple[str, int]:
    """The text for `-o` or standard output, and the exit code; pages are written here."""
    if options.command == "notify":
        return notification(read(options.file)), 0
    if options.command == "metrics":
        return open_metrics([read(path) for path in _some(options.folder)]), 0
    return _fleet(options) if options.command == "fleet" else _history(options)


def _history(options: argparse.Namespace) -> tuple[str, int]:
    paths = _some(options.folder)
    first = options.folder[0]
    out = options.out or (first if first.is_dir() else first.parent) / "history.html"
    store = options.sqlite or (out.with_name(NAME) if len(paths) >= MANY or out.with_name(NAME).exists() else None)  # fmt: skip
    nights, troubles = nights_of(store, paths) if store else read_nights(paths)
    for trouble in troubles:
        print(f"reports: {trouble}", file=sys.stderr)
    if not nights:
        raise UnreadableError("none of the files is a run document")
    options.out = out
    return history(nights, out.parent, troubles), 0


def _fleet(options: argparse.Namespace) -> tuple[str, int]:
    sources: list[Path] = list(options.source)
    worst = 0
    if sources[0].suffix == ".toml":
        if len(sources) > 1:
            raise UnreadableError("a fleet has one config file, or folders of runs")
        words = ["run", f"--config={sources[0]}", f"--report-dir={options.report_dir}"]
        done = subprocess.run([sys.executable, "-m", "oaiconf", *words], check=False)  # noqa: S603 - this suite
        worst = done.returncode if done.returncode >= 0 else COULD_NOT
        if worst not in {0, 1, COULD_NOT}:
            return "", worst
        sources = [options.report_dir]
    paths = _some(sources)
    named: list[tuple[str, Document, Path | None]] = []
    for path in paths:
        document = read(path)
        name = path.parent.name if len(paths) > 1 else document.base_url
        named.append((name or document.base_url, document, path))
    top = sources[0] if sources[0].is_dir() else sources[0].parent
    options.out = options.out or top / "fleet.html"
    page = fleet_page(vendors(_unique(named), options.out.parent))
    return page, max(worst, exit_code([document for _, document, _ in named]))


def _unique(named: list[tuple[str, Document, Path | None]]) -> list[tuple[str, Document, Path | None]]:  # fmt: skip
    """Names that stand once: folders of the same name are told apart by the whole path."""
    names = [name for name, _, _ in named]
    return [
        (str(path.parent) if path and names.count(name) > 1 else name, document, path)
        for name, document, path in named
    ]


def _some(sources: list[Path]) -> list[Path]:
    paths = documents_in(sources)
    if not paths:
        raise UnreadableError(f"{sources[0]}: no report.json below it")
    return paths
