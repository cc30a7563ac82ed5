"""Rows of input files as people have them: JSON Lines or one JSON array, with a byte order mark, CRLF, blank lines.

A line ends with LF (and a CR before it): U+2028 or U+0085 inside of a string ends none. Every error says
file, line and column.
"""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

MOST_TOKENS: Final = 1e9


class InputError(ValueError):
    """A file of inputs cannot be read; the message begins with file:line:column."""


class Row(NamedTuple):
    """A value with the place where it stands."""

    value: Any
    where: str  # file:line:column


def text_of(path: Path) -> str:
    """The text of a file, without a byte order mark. Raises OSError, InputError."""
    data = path.read_bytes()
    if data.startswith(UTF16):
        raise InputError(f"{path}:1:1: UTF-16, expected UTF-8: save it as UTF-8")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        byte = data[error.start]
        raise InputError(
            f"{path}:{line}:{column}: byte 0x{byte:02x} is not UTF-8: save it as UTF-8"
        ) from None


def json_rows(path: Path) -> Iterator[Row]:
    """The values of a file of JSON Lines, or of one JSON array."""
    text = text_of(path)
    if text.lstrip().startswith("["):
        whole = _array(text)
        if whole is not None:
            yield from (Row(value, f"{path}:{n}:1") for n, value in enumerate(whole, 1))
            return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}:{number}:{error.colno}: not JSON: {error.msg}") from None
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}:{number}:1: not readable: {error}") from None
        yield Row(value, f"{path}:{number}:1")


def _array(text: str) -> list[Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None  # line by line, then: the error has its line
    # Lines of arrays are no array of rows, but one line of one array is.
    return value if isinstance(value, list) else None


def tokens_of(value: Any, where: str, name: str) -> int | None:
    """A number of tokens: 10, 10.0 or "10"; None where there is none."""
    if value is None or value == "":
        return None
    try:
        number = float(value) if isinstance(value, str | int | float) else float("nan")
    except (ValueError, OverflowError):
        number = float("nan")
    if isinstance(value, bool) or not 0 <= number <= MOST_TOKENS or number % 1:
        raise InputError(f"{where}: {name} is {value!r}, expected a number of tokens")
    return int(number)
