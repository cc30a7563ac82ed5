"""One part of the suite against one broken server, as a user would run it, and what it took.

`python -m tests.hostile.bounded [--part conformance|load] [CASE …] [--when …]` prints a row a run and, with
`--keep`, puts it in place of the last of its kind into tests/hostile/measured.jsonl; `--write` makes
docs/hostile.md of that file. Most runs wait for their server, so `--jobs 4` at once are fine on two cores.
What was interrupted goes on with `--missing`: runs that are not in the file, and with `--since DATE|COMMIT`
also those that were measured before. CI tries a few, see test_hostile.
"""

import argparse
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.hostile.due import DUES
from tests.hostile.outages import OTHER
from tests.hostile.places import PLACES
from tests.hostile.server import WHEN

ROOT = Path(__file__).parents[2]
MOST_S, MOST_MB = 180, 400
MOST_BUSY = 3.0
MEASURED = Path(__file__).with_name("measured.jsonl")
PAGE = ROOT / "docs" / "hostile.md"
BEGIN, END = "<!-- table -->", "<!-- end of the table -->"


@dataclass(frozen=True)
class Row:
    """What became of one run: exit code, seconds, megabytes at the most, and the line that says why."""

    part: str
    case: str
    when: str
    exit: int
    seconds: float
    megabytes: int
    says: str
    traceback: bool
    blames: tuple[str, ...] = ()
    """MUST requirements that failed, the gravest causes first; of load the outcomes that arrivals had."""
    at: str = ""
    """When it began, UTC."""
    causes: tuple[str, ...] = ()
    """The first causes of the report in its words."""
    followed: bool = False
    """Whether another host was asked that an answer pointed to."""
    busy: float = 0.0
    """Processes that wanted a core of the machine at the end of it, for each core there is."""

    @property
    def unfair(self) -> bool:
        """Too slow on a machine that had no time for it, or ended by hand: it is measured again."""
        late = self.seconds >= MOST_S and self.busy > MOST_BUSY
        return late or self.exit == -signal.SIGTERM

    @property
    def wrong(self) -> str:
        """What no run may do, or nothing."""
        if self.seconds >= MOST_S:
            return f"took {self.seconds:.0f} s"
        if self.megabytes > MOST_MB:
            return f"took {self.megabytes} MB"
        if self.traceback:
            return "printed a traceback"
        if self.followed:
            return "followed a redirection to another host, and the key with it"
        allowed = {0, 1, 2} if self.part == "conformance" else {0, 1, 2, 3, 4}
        if self.exit not in allowed:
            return f"exit {self.exit}"
        return DUES[self.case].missing(self)


@contextmanager
def hostile(case: str, when: str, other: int = 9) -> Iterator[dict[str, str]]:
    """The server as a process; `other` is the port of a host that it may point to."""
    words = [sys.executable, "-m", "tests.hostile.server", case, when]
    environment = {**os.environ, OTHER: str(other)}
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


SELECTED = ("--depth=quick", "-m", "chat or http or models")
"""What is asked of a broken server: some three hundred requests, so that the table takes no night."""


def conformance(base_url: str, folder: str, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=no", f"--report-dir={folder}",
        f"--base-url={base_url}", "--profile=codex", "--model=gpt-5.5", "--max-cost=1", *more,
    ]  # fmt: skip


def load(base_url: str, folder: str, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--headless", "--host", base_url,
        "--scenario", "chat-stream", "--rate", "20", "--duration", "4", "--report-dir", folder, *more,
    ]  # fmt: skip


PARTS = {"conformance": conformance, "load": load}


def run(part: str, case: str, when: str, *more: str) -> Row:
    """Run it to its end or to the bound; the peak of memory is that of its largest process."""
    more = (*more, *(SELECTED if part == "conformance" else ()))
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        hostile(case, when, other.getsockname()[1]) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        environment = {**os.environ, "CONFORMANCE_API_KEY": server["key"]}
        if server["authorities"]:
            authorities = Path(folder) / "authorities.pem"
            authorities.write_text(server["authorities"], encoding="utf-8")
            environment["SSL_CERT_FILE"] = str(authorities)
        at, started = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", time.monotonic()
        output = Path(folder) / "output"
        with output.open("wb") as file:
            process = subprocess.Popen(
                PARTS[part](server["base_url"], folder, *more),
                cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            )  # fmt: skip
            peak = 0
            while process.poll() is None and time.monotonic() - started < MOST_S:
                peak = max(peak, _megabytes(process.pid))
                time.sleep(0.1)
            if process.poll() is None:
                process.kill()
            process.wait()
        text = output.read_text(encoding="utf-8", errors="replace")
        seconds = time.monotonic() - started
        document = _document(part, Path(folder))
        followed = _was_asked(other)
    return Row(
        part, case, when, process.returncode, round(seconds, 1), peak, _said(text),
        re.search(r"^Traceback \(most", text, re.MULTILINE) is not None, _blamed(part, document), at, _causes(document), followed,
        round(os.getloadavg()[0] / (os.cpu_count() or 1), 1),
    )  # fmt: skip


def _was_asked(listener: socket.socket) -> bool:
    """Whether somebody connected."""
    listener.setblocking(False)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _document(part: str, folder: Path) -> dict[str, Any]:
    name = "report.json" if part == "conformance" else "load.json"
    found = sorted(folder.rglob(name))
    return json.loads(found[0].read_text(encoding="utf-8")) if found else {}


def _causes(document: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        f"{cause['level']} {cause['kind']}: {cause['sentence']}"[:160]
        for cause in document.get("causes", [])[:5]
    )


def _blamed(part: str, document: dict[str, Any]) -> tuple[str, ...]:
    if part == "conformance":
        rows = document.get("results", [])
        names = {r["requirement"] for r in rows if r["outcome"] == "fail"}
        errors = {r["requirement"] + " (error)" for r in rows if r["outcome"] == "error"}
        first = [n for cause in document.get("causes", []) for n in cause["requirements"]]
        ranked = [n for n in dict.fromkeys(first) if n in names]
        return (*sorted(errors), *ranked)
    outcomes = document.get("outcomes", {})
    return tuple(f"{name} {number}" for name, number in outcomes.items() if number)


def _megabytes(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", text)
    return int(found[1]) // 1024 if found else 0


def _said(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [
        line
        for line in lines
        if re.search(
            r"could not run|no verdict|stopped answering|cannot|INVALID|passed|failed", line
        )
    ]
    grave = [line for line in telling if line.startswith("could not run")]
    return (grave or telling or lines or ["nothing"])[-1][:400]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*", default=sorted(DUES))
    parser.add_argument("--part", choices=sorted(PARTS), action="append")
    parser.add_argument("--when", choices=sorted(WHEN), action="append")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many runs at once")
    parser.add_argument("--missing", action="store_true", help="only what is not measured yet")
    parser.add_argument("--since", default="", metavar="DATE|COMMIT", help="older is not measured")
    parser.add_argument("--keep", action="store_true", help="keep the rows in measured.jsonl")
    parser.add_argument("--write", action="store_true", help="write docs/hostile.md")
    arguments = parser.parse_args()
    bad = tried = 0
    parts = arguments.part or (sorted(PARTS) if not arguments.write else [])
    wanted = [
        one
        for one in every()
        if one[0] in parts and one[1] in arguments.case and one[2] in (arguments.when or WHEN)
    ]
    if arguments.missing:
        since = _date(arguments.since)
        fresh = {(row.part, row.case, row.when) for row in measured() if row.at >= since}
        wanted = [one for one in wanted if one not in fresh]
    with ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        for ended in as_completed([pool.submit(run, *one) for one in wanted]):
            row = ended.result()
            tried += 1
            bad += bool(row.wrong)
            print(f"{tried:3}/{len(wanted)} {line(row)}", flush=True)
            if arguments.keep and not row.unfair:
                keep(row)
    if tried:
        print(f"{tried - bad} of {tried} handled")
    if arguments.write:
        write(measured())
    raise SystemExit(int(bad > 0))


def every() -> list[tuple[str, str, str]]:
    """All runs there are: part, case, moment. An address is broken from the first request on."""
    return [
        (part, case, when)
        for when in sorted(WHEN)
        for case in sorted(DUES)
        for part in sorted(PARTS)
        if when == "first" or case not in PLACES
    ]


def _date(text: str) -> str:
    """A date as rows have it: as given, or that of a commit."""
    if not text or re.match(r"\d{4}-\d\d", text):
        return text
    words = ["git", "show", "-s", "--format=%ct", text]
    seconds = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"


def line(row: Row) -> str:
    return (
        f"{row.part:12}{row.case:30}{row.when:9}{row.exit:4}{row.seconds:7.1f} s{row.megabytes:6} MB  "
        f"{row.wrong or 'handled'}: {row.says} | {', '.join(row.blames[:4])}"
    )


def measured() -> list[Row]:
    """The rows that were kept, by part, moment and case."""
    lines = MEASURED.read_text(encoding="utf-8").splitlines() if MEASURED.is_file() else []
    rows = [json.loads(text) for text in lines]
    kept = {
        (r["part"], r["when"], r["case"]): Row(
            **{n: tuple(v) if isinstance(v, list) else v for n, v in r.items()}
        )
        for r in rows
    }
    return [kept[key] for key in sorted(kept)]


def keep(row: Row) -> None:
    """Put a row in place of the last of its kind. Two commands may keep at the same time."""
    folder = os.open(MEASURED.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        rows: Iterable[Row] = [*measured(), row]
        kept = {(r.part, r.when, r.case): r for r in rows}
        lines = [json.dumps(asdict(kept[key])) for key in sorted(kept)]
        MEASURED.write_text("\n".join(lines) + "\n", encoding="utf-8")
    finally:
        os.close(folder)


def write(rows: list[Row]) -> None:
    handled = sum(1 for row in rows if not row.wrong)
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = [
        BEGIN,
        "",
        f"{handled} of {len(rows)} measured runs hold: none over {MOST_S} s or {MOST_MB} MB, no traceback, an exit code",
        f"that says so, blamed as `tests/hostile/due.py` wants, no redirection followed. There are {len(every())} runs in all.",
        f"The slowest took {max(r.seconds for r in rows):.0f} s, the largest {max(r.megabytes for r in rows)} MB.",
        "",
        "| part | when | the server | exit | s | MB | blamed: failed MUST, or outcomes of arrivals | it says |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        says = (row.wrong or row.says).replace("|", "\\|")[:110]
        lines.append(
            f"| {row.part} | {row.when} | {row.case} | {row.exit} | {row.seconds:.0f} | {row.megabytes} "
            f"| {', '.join(row.blames[:3])} | {says} |"
        )
    PAGE.write_text(before + "\n".join([*lines, "", END]) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
