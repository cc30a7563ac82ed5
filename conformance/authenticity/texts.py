"""Twelve texts that tokenizers cut differently: scripts, joined emoji, code, JSON, digits, spaces."""

import tomllib
from pathlib import Path
from typing import Any, Final

_ROWS: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "texts.toml").read_text(encoding="utf-8")
)
TEXTS: Final[dict[str, str]] = {name: row["text"] * row["times"] for name, row in _ROWS.items()}
