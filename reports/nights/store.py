"""A SQLite file beside many run documents: each is read once, and whoever likes SQL may ask it.

Tables: `nights` (one row a document), `causes` (one a night and cause), `clients` (one a night and
client). A document that changed is read anew; one that is gone stays, for that is what history is.
"""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from reports.document import read
from reports.fields import UnreadableError
from reports.nights.night import Night, night_of

MANY: Final = 100
"""From so many documents on a file is kept without being asked for."""
NAME: Final = "history.sqlite"
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS nights (
  path TEXT PRIMARY KEY, modified_ns INTEGER, size INTEGER, started_at TEXT, target TEXT, profile TEXT,
  version TEXT, verdict TEXT, must_fail INTEGER, usd REAL, ttft_ms REAL, tokens_per_s REAL, night TEXT
);
CREATE TABLE IF NOT EXISTS causes (path TEXT, id TEXT, level TEXT, sentence TEXT, PRIMARY KEY (path, id));
CREATE TABLE IF NOT EXISTS clients (path TEXT, name TEXT, ready INTEGER, PRIMARY KEY (path, name));
"""


def nights_of(store: Path, paths: Iterable[Path]) -> tuple[list[Night], list[str]]:
    """All nights that the store has after the files were read, oldest first; and the troubles."""
    troubles = []
    with closing(sqlite3.connect(store)) as base, base:
        base.executescript(SCHEMA)
        known = {
            path: (modified, size)
            for path, modified, size in base.execute("SELECT path, modified_ns, size FROM nights")
        }
        for path in paths:
            try:
                state = path.stat()
                if known.get(str(path)) == (state.st_mtime_ns, state.st_size):
                    continue
                _put(base, night_of(read(path), str(path)), state.st_mtime_ns, state.st_size)
            except UnreadableError as error:
                troubles.append(str(error))
            except OSError as error:
                troubles.append(f"{path}: {error.strerror}")
        rows = base.execute("SELECT night FROM nights ORDER BY started_at").fetchall()
    return [Night.from_json(json.loads(text)) for (text,) in rows], troubles


def _put(base: sqlite3.Connection, night: Night, modified_ns: int, size: int) -> None:
    base.execute(
        "INSERT OR REPLACE INTO nights VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            night.path, modified_ns, size, night.started_at, night.target, night.profile, night.version,
            night.word, night.counts.get("MUST fail", 0), night.usd, night.ttft_ms, night.tokens_per_s,
            json.dumps(night.as_json()),
        ),
    )  # fmt: skip
    for table in ("causes", "clients"):
        base.execute(f"DELETE FROM {table} WHERE path = ?", (night.path,))  # noqa: S608 - our own names
    base.executemany(
        "INSERT INTO causes VALUES (?, ?, ?, ?)",
        [(night.path, name, level, text) for name, (level, text) in night.causes.items()],
    )
    base.executemany(
        "INSERT INTO clients VALUES (?, ?, ?)",
        [(night.path, name, ready) for name, ready in night.clients.items()],
    )
