"""Prepaid credit in SQLite: balances and one line a charge, in whole picodollars.

A picodollar (1e-12) holds any published rate for one token exactly, so nothing is ever rounded.
"""

import sqlite3
import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from gateway.accounts.charge import Charge
from gateway.accounts.prices import cost

_PICO: Final = Decimal(10) ** 12
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS balances (key TEXT PRIMARY KEY, pico INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS charges (
  request_id TEXT NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL, tier TEXT NOT NULL,
  prompt INTEGER NOT NULL, cached INTEGER NOT NULL, completion INTEGER NOT NULL,
  pico INTEGER NOT NULL, at REAL NOT NULL) STRICT;
"""
_CHARGE: Final = "INSERT INTO charges VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Ledger:
    """Balances by key name. Charges of one process are serialised by a lock."""

    def __init__(self, credit: Mapping[str, Decimal], path: str = ":memory:") -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # Losing the last charges in a power cut is better than a disk sync for each answer.
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA journal_mode = MEMORY")
        self._db.executescript(_SCHEMA)
        self._db.executemany(
            "INSERT OR IGNORE INTO balances VALUES (?, ?)",
            [(key, int(dollars * _PICO)) for key, dollars in credit.items()],
        )

    def balance(self, key: str) -> Decimal:
        with self._lock:
            row = self._db.execute("SELECT pico FROM balances WHERE key = ?", (key,)).fetchone()
        return Decimal(row[0] if row else 0) / _PICO

    def debit(self, charge: Charge, at: float) -> Decimal:
        """Takes the price of a charge from its key and gives it back as dollars."""
        dollars = cost(charge)
        pico = int(dollars * _PICO)
        usage = charge.usage
        line = (
            charge.request_id, charge.key, charge.model, charge.tier,
            usage.prompt, usage.cached, usage.completion, pico, at,
        )  # fmt: skip
        with self._lock:
            self._db.execute("BEGIN")
            self._db.execute(
                "UPDATE balances SET pico = pico - ? WHERE key = ?", (pico, charge.key)
            )
            self._db.execute(_CHARGE, line)
            self._db.execute("COMMIT")
        return dollars

    def count(self) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM charges").fetchone()[0])

    def close(self) -> None:
        self._db.close()
