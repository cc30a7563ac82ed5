"""A broken server tried in a moment, in this process: `python -m tests.hostile.at_once [CASE …]`.

A dozen requests go through real sockets by the suite's own sender, all rows are judged of what came, and the
same bytes go through the load part's reader. For cases by the dozen; whole runs are `tests.hostile.bounded`.
"""

import argparse
import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Final

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome
from conformance.running import planned
from conformance.running.budget import Budget
from conformance.running.pace import Pace
from conformance.running.profiles import load_profile
from conformance.running.schedule import Schedule, Terms
from conformance.running.sender import Sender
from conformance.running.target import Target
from tests.hostile.load_at_once import outcome
from tests.hostile.server import HostileServer

ALLOWED: Final = (
    "chunks-with-extensions", "chunk-sizes-of-many-digits", "chunks-with-trailers", "chunks-of-one-byte",
    "connection-close-said", "connection-close-twice", "content-encoding-identity", "content-encoding-empty",
    "retry-after-on-success", "status-without-reason", "status-reason-of-60-kb", "times-out-unasked",
    "resets-after-the-answer", "unasked-second-answer", "trailing-bytes", "events-of-cr", "events-of-crlf",
    "events-without-space", "events-of-two-lines", "events-with-retry", "events-with-retry-of-digits",
    "events-with-comments", "events-named-all-alike", "http-1-0", "early-hints",
)  # fmt: skip
"""Rare, and right: no MUST row may fail, and an arrival is ok."""
BLAMED: Final[dict[str, str]] = {
    "chunk-extensions-of-3-mb": "http.whole", "chunk-sizes-with-a-plus": "http.whole", "chunk-sizes-with-0x": "http.whole",
    "chunk-lines-of-lf": "http.whole", "content-type-twice": "http.header-once", "status-204": "chat.response.status",
    "status-206": "chat.response.status", "status-304": "chat.response.status", "status-417": "chat.response.status",
    "gzip-in-members": "http.encoding.asked", "gzip-cut": "http.encoding.asked",
    "gzip-with-a-wrong-sum": "http.encoding.asked", "gzip-with-more-behind": "http.encoding.asked",
    "gzip-of-empty-members": "http.encoding.asked", "deflate-raw": "http.encoding.asked",
    "brotli-cut": "http.encoding.asked", "zstd-cut": "http.encoding.asked", "answers-the-previous": "models.retrieve.*",
    "events-with-id-of-nul": "chat.stream.no-id", "events-with-unknown-fields": "chat.stream.fields",
    "events-with-bom-each": "chat.stream.no-bom", "events-of-data-without-colon": "chat.stream.no-empty-event",
    "events-after-done": "chat.stream.nothing-after-done", "events-done-in-small-letters": "chat.stream.json",
    "events-without-last-line-end": "chat.stream.terminated", "events-none": "chat.stream.begun",
    "events-only-comments": "chat.stream.begun", "events-of-json-lines": "chat.stream.fields",
    "event-100-000-levels": "chat.stream.json", "event-number-of-10-000-digits": "chat.stream.json",
    "event-index-of-a-billion": "chat.answer.choices", "event-names-of-1-mb": "chat.stream.no-empty-event",
    "usage-negative": "usage.counts", "usage-nan": "chat.response.json", "usage-of-infinity": "usage.counts",
    "usage-of-10-000-digits": "chat.response.json", "usage-huge": "usage.sum.chat", "usage-of-fractions": "usage.counts",
    "created-as-text": "chat.response.created", "ids-equal": "models.list.unique", "ids-empty": "models.list.unique",
    "ids-null": "chat.response.id", "texts-of-keys": "models.list.unique", "models-none": "models.list.*",
    "models-null": "models.*", "models-of-text": "models.*", "models-equal": "models.list.unique",
}  # fmt: skip
"""What is wrong, and a row that says so. Of the rest only this is asked: an end, no exception, one class."""

PROBES: Final = (
    "models.list", "models.retrieve", "chat.echo", "chat.echo-stream", "chat.tool-stream", "responses.echo",
    "responses.stream.echo",
)  # fmt: skip
WAIT_S: Final = 3.0


@dataclass(frozen=True)
class Tried:
    """What became of it: MUST rows that failed, rows that broke, the outcomes of the load part."""

    blames: tuple[str, ...]
    errors: tuple[str, ...]
    outcomes: tuple[str, ...]
    seconds: float

    def wrong(self, case: str) -> str:
        """What may not be, or nothing."""
        if self.errors:
            return self.errors[0]
        if case in ALLOWED and (self.blames or set(self.outcomes) != {"ok"}):
            return f"blamed: {', '.join((*self.blames, *self.outcomes))}"
        due = BLAMED.get(case)
        return f"{due} holds" if due and not any(fnmatchcase(b, due) for b in self.blames) else ""


@contextlib.contextmanager
def served(case: str) -> Iterator[tuple[HostileServer, int]]:
    server = HostileServer(case, "first")
    stop = threading.Event()

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=server.serve, args=(connection, stop), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        yield server, listener.getsockname()[1]
        stop.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


@cache
def _planned() -> tuple[planned.Step, ...]:
    known = catalogue()
    every = planned.probes(known)
    return tuple(
        planned.plan(every, [n for n in PROBES if n in every], load_profile("codex"), ["gpt-5.5"])
    )


def tried(case: str) -> Tried:
    profile, known, started = load_profile("codex"), catalogue(), time.monotonic()
    with served(case) as (server, port):
        keys = {"main": server.gateway.keys.secrets["codex"]}

        async def ask() -> Schedule:
            target = Target(f"http://127.0.0.1:{port}/v1", keys)
            terms = Terms(pace=Pace(flat_s=WAIT_S, told=True), seconds=30)
            async with Sender(target) as sender:
                schedule = Schedule(sender, profile, Budget(profile), terms=terms)
                await schedule.run(list(_planned()))
                return schedule

        traffic = asyncio.run(ask()).traffic
        outcomes = tuple(outcome(case, server, stream=stream) for stream in (True, False))
    assert not traffic.broken, traffic.broken
    judge = Judge(known, profile, tuple(traffic.all()), traffic.unsent, traffic.absent)
    rows = [
        judge.result(row, "gpt-5.5" if row.per_model else "")
        for row in known.requirements.values()
        if not row.excluded
    ]
    failed = [r for r in rows if r.outcome is Outcome.FAIL and r.requirement.level == "MUST"]
    broken = [f"{r.requirement.id}: {r.reason}" for r in rows if r.outcome is Outcome.ERROR]
    blames = tuple(r.requirement.id for r in failed)
    return Tried(blames, tuple(broken), outcomes, time.monotonic() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*", default=[*ALLOWED, *BLAMED])
    bad = 0
    for case in parser.parse_args().case:
        seen = tried(case)
        wrong = seen.wrong(case)
        bad += bool(wrong)
        print(
            f"{case:32}{seen.seconds:6.1f} s  {wrong or 'handled'}: load {' '.join(seen.outcomes)}, "
            f"{', '.join(seen.blames[:12])}{' …' if len(seen.blames) > 12 else ''}",
            flush=True,
        )
    raise SystemExit(int(bad > 0))


if __name__ == "__main__":
    main()
