"""Traces of real traffic: when, how long the prompt, how long the answer.

Read are the forms of the public traces and of other tools: Azure (CSV with TIMESTAMP, ContextTokens,
GeneratedTokens), Mooncake and aiperf (JSON Lines with timestamp in milliseconds, input_length,
output_length, hash_ids), guidellm (JSON Lines or CSV with prompt_tokens, output_tokens, seconds).
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

TIMES_MS: Final = ("timestamp", "timestamp_ms")
TIMES_S: Final = ("timestamp_s", "time", "at_s", "arrival_time", "relative_timestamp")
CLOCKS: Final = ("TIMESTAMP", "Timestamp")
INPUTS: Final = (
    "input_length", "input_tokens", "prompt_tokens", "prompt_tokens_count", "ContextTokens",
    "Request tokens", "num_prefill_tokens",
)  # fmt: skip
OUTPUTS: Final = (
    "output_length", "output_tokens", "output_tokens_count", "completion_tokens", "GeneratedTokens",
    "Response tokens", "num_decode_tokens",
)  # fmt: skip


class TraceError(ValueError):
    """The file is no trace; the message says which line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a trace. `blocks` are ids of parts of the prompt, equal where it repeats."""

    at_s: float
    input_tokens: int
    output_tokens: int
    blocks: tuple[int, ...] = ()


def read_trace(path: Path) -> list[Entry]:
    """All entries in order of time; the first one is at 0."""
    found = []
    for number, row in enumerate(_stats(path), 1):
        try:
            found.append(_entry(row))
        except (KeyError, TypeError, ValueError) as error:
            raise TraceError(f"{path}: entry {number}: {error}") from error
    if not found:
        raise TraceError(f"{path}: no entries")
    first = min(entry.at_s for entry in found)
    moved = [
        Entry(entry.at_s - first, entry.input_tokens, entry.output_tokens, entry.blocks)
        for entry in found
    ]
    return sorted(moved, key=lambda entry: entry.at_s)


def _stats(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(1)
        file.seek(0)
        if start != "{":
            yield from csv.DictReader(file)
            return
        for line in file:
            if line.strip():
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise TraceError(f"{path}: a line that is no object")
                yield value


def _entry(row: Mapping[str, Any]) -> Entry:
    blocks = row.get("hash_ids")
    return Entry(
        _time(row),
        int(float(_first(row, INPUTS))),
        int(float(_first(row, OUTPUTS))),
        tuple(int(block) for block in blocks) if isinstance(blocks, list) else (),
    )


def _time(row: Mapping[str, Any]) -> float:
    for name in TIMES_MS:
        if name in row:
            return float(row[name]) / 1000
    for name in TIMES_S:
        if name in row:
            return float(row[name])
    text = str(_first(row, CLOCKS))
    try:
        return float(text)
    except ValueError:
        # Azure writes seven digits of a second; Python reads six.
        whole, _, rest = text.strip().replace("T", " ").partition(".")
        at = datetime.fromisoformat(whole)
        fraction = "".join(digit for digit in rest.partition("+")[0] if digit.isdigit())
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return at.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if row.get(name) not in {None, ""}:
            return row[name]
    raise KeyError(f"none of {', '.join(names)}")
