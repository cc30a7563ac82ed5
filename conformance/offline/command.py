"""`python -m conformance judge`: its options, its progress, its exit code."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from conformance.judging.area import catalogue
from conformance.judging.judge import Outcome
from conformance.judging.requirement import CatalogueError, Level, Requirement
from conformance.offline.answered import NAMED
from conformance.offline.files import STDIN, NoSuchFileError, files, short_names
from conformance.offline.form import form_names
from conformance.offline.recordings import Reader, Trouble
from conformance.offline.report import document, lines
from conformance.offline.tally import Tally
from conformance.offline.verdicts import OfflineJudge
from conformance.running.profiles import ProfileError, load_profile

Page = Callable[[dict[str, Any]], str]
"""Makes the report page of a run document; given by the command, which knows the readers."""
CLEAN, FAILED, COULD_NOT = 0, 1, 2
PROGRESS_S: Final = 0.5
SILENT_S: Final = 2.0  # a file that takes no longer needs no progress
MAX_TROUBLES: Final = 20
MAX_STRANGE: Final = 10_000

HINT: Final = (
    "`python -m conformance judge --help` lists the forms that are read; most proxies and browsers "
    "export HAR, and `python -m conformance tap` records a client as it runs"
)

ABOUT = """\
Judge recorded traffic with the rules that judge a live server. Nothing is sent.

FILE is JSON Lines as `pytest --record` and `python -m conformance tap` write them, or one of the
forms that other tools write (below), gzipped or not. A folder stands for all recordings below it, a
pattern for all files that match it, - for standard input. What else lies in a folder is passed over.

Requests are recognised by path and body on any host and below any prefix; all other traffic is
counted and left alone. A requirement that nothing in the recordings answers is not a pass, it is
not judged."""

EPILOG = """\
exit code: 0 no MUST is violated; 1 at least one is; 2 a file could not be read in full, or there
was nothing to judge (what could be read is judged all the same)

forms that are read (docs/recordings.md says what each of them keeps, and how to convert others):
  {forms}

examples:
  python -m conformance judge support-case.har
  curl -sN $URL -H "$KEY" -d "$BODY" | python -m conformance judge -
  python -m conformance judge tests/cassettes --only 'chat.*' --level must
  python -m conformance judge 'logs/*.jsonl.gz' --host api.example.com --html report.html
  curl -s https://example.com/session.har | python -m conformance judge - --json report.json"""


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "judge",
        help="judge recordings: HAR files, cassettes, output of curl, mocks, JSON Lines",
        description=ABOUT,
        epilog=EPILOG.format(forms="\n  ".join(form_names())),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "file",
        nargs="+",
        metavar="FILE",
        help="recording, folder, pattern, or - for standard input",
    )
    add("--json", metavar="OUT", help="write the run document (schemas/report.json)")
    add("--html", metavar="OUT", help="write the report page")
    add("--only", metavar="GLOB", action="append", default=[], help="judge these requirements, e.g. 'chat.stream.*'; may be repeated")  # fmt: skip
    add("--level", choices=("must", "should", "may"), default="may", help="the lowest level that is judged (default: may, everything)")  # fmt: skip
    add("--host", metavar="H", action="append", default=[], help="judge traffic with this host alone, e.g. api.example.com or '*.example.com'; may be repeated")  # fmt: skip
    add("--endpoint", metavar="PATH", default="", help="what was asked where a response was kept without its request: chat, responses, models, or a path (default: as the response tells)")  # fmt: skip
    add("--profile", metavar="NAME|FILE", help="what the server claims: reference, codex, openai, or a TOML file (default: by host)")  # fmt: skip
    add("--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Judge and say so. Usage errors are one line on standard error."""
    try:
        names = files(arguments.file)
        wanted = selected_requirements(arguments.only, arguments.level)
        profile = load_profile(arguments.profile) if arguments.profile else None
        endpoint = _path_of(arguments.endpoint)
        offline = OfflineJudge(catalogue(), wanted, profile, tuple(arguments.host))
    except (NoSuchFileError, ProfileError, CatalogueError, ValueError) as error:
        print(f"judge: {error}", file=sys.stderr)
        return COULD_NOT
    if not names:
        print(f"judge: no recordings in {', '.join(arguments.file)}", file=sys.stderr)
        return COULD_NOT
    session = Session(offline, arguments.page, arguments.quiet, endpoint)
    session.read(names, named=arguments.file)
    return session.finish(names, arguments.json, arguments.html)


def _path_of(endpoint: str) -> str:
    """The path that --endpoint names."""
    path = NAMED.get(endpoint, endpoint)
    if path and not path.startswith("/"):
        raise ValueError(
            f"--endpoint {endpoint}: {', '.join(NAMED)}, or a path such as /v1/responses"
        )
    return path


def selected_requirements(only: list[str], level: str) -> tuple[Requirement, ...]:
    """The requirements that the options leave. Raises ValueError for a pattern without any."""
    levels = list(Level)[: list(Level).index(Level(level.upper())) + 1]
    rows = [row for row in catalogue().requirements.values() if not row.excluded]
    for pattern in only:
        if not any(fnmatchcase(row.id, pattern) for row in rows):
            raise ValueError(f"--only {pattern}: no requirement has such an id")
    return tuple(
        row
        for row in rows
        if row.level in levels and (not only or any(fnmatchcase(row.id, p) for p in only))
    )


@dataclass
class Session:
    """One judgement from the first file to the exit code."""

    offline: OfflineJudge
    page: Page
    quiet: bool = False
    endpoint: str = ""
    started_at: float = field(default_factory=time.time)
    unread: int = 0
    left_out: int = 0
    foreign: int = 0
    """Files in folders that are no recordings."""
    _of_no_form: bool = False
    _strange: list[Trouble] = field(default_factory=list)
    _shown_at: float = 0.0

    def read(self, names: Iterable[str], named: Collection[str] = ()) -> None:
        """Judge all exchanges of the files; what cannot be read is reported and passed over.

        A file that was not named, but found in a folder, may be something else than a recording.
        """
        clock = time.monotonic()
        short = short_names(names := list(names))
        for name in names:
            reader = Reader(
                name, self._trouble, self.endpoint, "" if name == STDIN else short[name]
            )
            size, read = 0 if name == STDIN else Path(name).stat().st_size, False
            for entry in reader.entries():
                read = True
                self.offline.judge(entry)
                if time.monotonic() - clock > SILENT_S:
                    self._progress(reader, size)
            self.offline.end_of_run()
            self._settle(something_else=not read and name not in named)
        self._clear()

    def _settle(self, *, something_else: bool) -> None:
        """Decide on the parts of a file that are of no form, once the file is read."""
        if self._strange and something_else:
            self.foreign += 1
        else:
            self._of_no_form = self._of_no_form or bool(self._strange)
            for trouble in self._strange:
                self._tell(trouble)
        self._strange = []

    def finish(
        self,
        sources: list[str],
        json_out: str | None = None,
        html_out: str | None = None,
        folder: Callable[[dict[str, Any]], object] | None = None,
    ) -> int:
        """Print the verdicts, write what was asked for, return the exit code."""
        tallies = list(self.offline.verdicts())
        for line in lines(self.offline, tallies, self.unread, self.left_out, self.foreign):
            print(line)
        if self._of_no_form:
            print(f"judge: {HINT}", file=sys.stderr)
        could_not = self._could_not()
        if could_not:
            print(f"judge: {could_not}", file=sys.stderr)
        try:
            if json_out or html_out or folder:
                whole = self._document(tallies, sources, could_not)
                if json_out:
                    _put(json_out, json.dumps(whole, ensure_ascii=False, indent=1) + "\n")
                if html_out:
                    _put(html_out, self.page(whole))
                if folder:
                    folder(whole)
        except OSError as error:
            print(f"judge: {error.filename}: {error.strerror}", file=sys.stderr)
            return COULD_NOT
        if could_not:
            return COULD_NOT
        bad = {Outcome.FAIL, Outcome.ERROR}
        return FAILED if any(tally.outcome in bad for tally in tallies) else CLEAN

    def _could_not(self) -> str | None:
        if self.unread:
            return f"{self.unread} part{'s' * (self.unread != 1)} could not be read"
        if not self.offline.judged:
            return "nothing to judge: no exchange of the API was found"
        return None

    def _document(
        self, tallies: list[Tally], sources: list[str], could_not: str | None
    ) -> dict[str, Any]:
        return document(
            self.offline,
            tallies,
            sources,
            started_at=self.started_at,
            duration_s=time.time() - self.started_at,
            could_not=could_not,
        )

    def _trouble(self, trouble: Trouble) -> None:
        if trouble.foreign and len(self._strange) < MAX_STRANGE:
            self._strange.append(trouble)
        else:
            self._tell(trouble)

    def _tell(self, trouble: Trouble) -> None:
        self._clear()
        self.unread += not trouble.left_out
        self.left_out += trouble.left_out
        if (number := self.unread + self.left_out) <= MAX_TROUBLES:
            print(trouble, file=sys.stderr)
        elif number == MAX_TROUBLES + 1:
            print("… more is counted, not shown", file=sys.stderr)

    def _progress(self, reader: Reader, size: int) -> None:
        now = time.monotonic()
        if self.quiet or now - self._shown_at < PROGRESS_S or not sys.stderr.isatty():
            return
        self._shown_at = now
        share = f" {100 * reader.consumed() // size} %" if size else ""
        print(
            f"\r\x1b[2K{Path(reader.name).name}{share}, {self.offline.judged} judged",
            end="",
            file=sys.stderr,
            flush=True,
        )

    def _clear(self) -> None:
        if self._shown_at:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
            self._shown_at = 0.0


def _put(name: str, text: str) -> None:
    # A lone surrogate, which a server can send as an escape, has no UTF-8.
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(text.encode("utf-8", "backslashreplace"))
