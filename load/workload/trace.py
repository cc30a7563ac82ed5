"""Traces of real traffic: when, how long the prompt, how long the answer.

Read are the forms of the public traces and of other tools: Azure (CSV with TIMESTAMP, ContextTokens,
GeneratedTokens), Mooncake and aiperf (JSON Lines with timestamp in milliseconds, input_length,
output_length, hash_ids), guidellm (JSON Lines or CSV with prompt_tokens, output_tokens, seconds).
"""

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from load.workload.rows import InputError, Row, json_rows, text_of, tokens_of

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


class TraceError(InputError):
    """The file is no trace; the message says which line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of a trace. `blocks` are ids of parts of the prompt, equal where it repeats."""

    at_s: float
    input_tokens: int
    output_tokens: int | None  # None: the trace does not say
    blocks: tuple[int, ...] = ()
    text: str | None = None  # what is asked, where the trace has it
    session: str = ""  # requests of one session begin with the same text
    later: tuple[
        "Entry", ...
    ] = ()  # of a conversation: each `at_s` after the answer to the one before


def read_trace(path: Path) -> list[Entry]:
    """All entries in order of time; the first one is at 0."""
    found: list[Entry] = []
    first_of: dict[str, int] = {}  # the last entry with a time, of each session
    for row in _rows(path):
        try:
            entry, follows = _entry(row)
            place = first_of.get(entry.session)
            if follows and place is None:
                raise TraceError(f"{row.where}: a delay without an entry of its session before it")
            if follows and place is not None:
                found[place] = replace(found[place], later=(*found[place].later, entry))
                continue
            if entry.session:
                first_of[entry.session] = len(found)
            found.append(entry)
        except InputError:
            raise
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            said = error.args[0] if error.args else error
            raise TraceError(f"{row.where}: {said}") from error
    if not found:
        raise TraceError(f"{path}:1:1: a trace without entries")
    first = min(entry.at_s for entry in found)
    return sorted(
        (replace(entry, at_s=entry.at_s - first) for entry in found), key=lambda entry: entry.at_s
    )


def _rows(path: Path) -> Iterator[Row]:
    text = text_of(path)
    if text.lstrip()[:1] in {"{", "["}:
        for row in json_rows(path):
            if not isinstance(row.value, dict):
                raise TraceError(f"{row.where}: expected an object: an entry of a trace")
            yield row
        return
    # By hand at LF, as everywhere: the csv module would also end lines at a lone CR.
    reader = csv.DictReader(text.split("\n"))
    if not set(reader.fieldnames or ()) & {*TIMES_MS, *TIMES_S, *CLOCKS}:
        shown = ", ".join(reader.fieldnames or ["nothing"])
        raise TraceError(
            f"{path}:1:1: a trace without a column of times: found {shown[:200]}; expected one of "
            f"{', '.join((*TIMES_MS, *TIMES_S, *CLOCKS))}, separated by commas"
        )
    try:
        for value in reader:
            yield Row(value, f"{path}:{reader.line_num}:1")
    except csv.Error as error:
        raise TraceError(f"{path}:{reader.line_num}:1: {error}") from None


def _entry(row: Row) -> tuple[Entry, bool]:
    """And whether it follows the one before it in its session, after a `delay` in milliseconds."""
    value, where = row
    session = value.get("session_id")
    delay = value.get("delay")
    follows = delay not in (None, "") and not any(value.get(name) not in (None, "") for name in (*TIMES_MS, *TIMES_S, *CLOCKS))  # fmt: skip
    blocks = value.get("hash_ids")
    text = value.get("text_input") or value.get("prompt")
    text = text if isinstance(text, str) else None
    output = next((value[name] for name in OUTPUTS if value.get(name) not in (None, "")), None)
    length = _first(value, INPUTS) if text is None else value.get("input_length")
    asked = tokens_of(length, where, "the input length")
    entry = Entry(
        _seconds(delay) if follows else _time(value),
        (len(text) // 4 if text else 0) if asked is None else asked,
        tokens_of(output, where, "the output length"),
        tuple(int(block) for block in blocks) if isinstance(blocks, list) else (),
        text,
        str(session) if session not in (None, "") else "",
    )
    return entry, follows


def _seconds(delay: Any) -> float:
    seconds = float(delay) / 1000
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"delay is {delay}")
    return seconds


def _time(row: Mapping[str, Any]) -> float:
    for names, unit in ((TIMES_MS, 1000), (TIMES_S, 1)):
        for name in names:
            if row.get(name) in (None, ""):
                continue
            try:
                at = float(row[name]) / unit
            except ValueError:
                return _clock(str(row[name]))
            if not math.isfinite(at):
                raise ValueError(f"{name} is {row[name]}")
            return at
    return _clock(str(_first(row, CLOCKS)))


def _clock(text: str) -> float:
    """Seconds, or a date and a time of day."""
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
        if row.get(name) not in (None, ""):
            return row[name]
    raise KeyError(f"it has none of {', '.join(names)}")
