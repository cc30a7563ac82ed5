"""What the entries of a profile's file may be: one reader of a value for each name."""

import difflib
import math
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from conformance.judging.profile import KEY_VARIABLES

Reader = Callable[[Any], Any]


class BadEntryError(ValueError):
    """An entry that cannot be used; the message names it and says what it should be."""


def entries(
    table: Any, readers: Mapping[str, Reader], where: str = "", *, whole: bool = False
) -> dict[str, Any]:
    """The entries of a table, each read; `whole`: none may be missing."""
    dot = f"{where}." if where else ""
    if not isinstance(table, dict):
        raise BadEntryError(f"{where} must be a table")
    for name in table:
        if name not in readers:
            near = difflib.get_close_matches(str(name), readers, 1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise BadEntryError(f"unknown entry {dot + str(name)!r}{hint}")
    if whole and (missing := [name for name in readers if name not in table]):
        raise BadEntryError(f"{where} lacks {missing[0]!r}")
    read = {}
    for name, value in table.items():
        try:
            read[name] = readers[name](value)
        except (TypeError, ValueError, InvalidOperation) as error:
            raise BadEntryError(f"{dot}{name} must be {error}, not {str(value)[:60]!r}") from error
    return read


def text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("text that is not empty")
    return value


def word(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise TypeError("a list of texts")
    return tuple(value)


def one_or_more(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) and value else texts(value)


def whole_number(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 256:
        raise ValueError("a whole number from 1 to 256")
    return value


def tokens(value: Any) -> int:
    if type(value) is not int or not 1_000 <= value <= 10_000_000:
        raise ValueError("a whole number of tokens from 1000 to 10000000")
    return value


def seconds(value: Any) -> float:
    if type(value) not in {int, float} or not math.isfinite(value) or not 0 < value <= 3600:
        raise ValueError("seconds, more than 0 and at most 3600")
    return float(value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def dollars(value: Any) -> Decimal:
    expected = 'dollars for a million tokens, such as "2.50"'
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError(expected)
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(expected) from None
    if not amount.is_finite() or not 0 <= amount <= 10**6:
        raise ValueError(expected)
    return amount


def amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError("a number")
    number = Decimal(str(value))
    if not number.is_finite() or number < 0:
        raise ValueError("a number")
    return number


def statuses(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(type(n) is int and 100 <= n < 600 for n in value):
        raise TypeError("a list of statuses")
    return tuple(value)


def table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a table")
    return value


def tables(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("tables")
    return value


def headers(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise TypeError("a table of texts")
    return {name.lower(): given for name, given in value.items()}


ENTRIES: Final[Mapping[str, Reader]] = {
    "name": text, "models": texts, "claims": texts, "unclaimed": texts, "hosts": texts,
    "prices": table, "balance_path": word, "balance_field": word, "key_variables": table,
    "known": tables, "concurrency": whole_number, "timeout_s": seconds, "scripted": flag,
    "headers": headers, "extra_body": table, "balance_scale": amount, "balance_step": amount,
    "levels": tables, "sold": table, "context_tokens": tokens, "no_credit_status": statuses, "no_credit_code": texts,
}  # fmt: skip
PRICE: Final[Mapping[str, Reader]] = {"input": dollars, "cached": dollars, "output": dollars}
KNOWN: Final[Mapping[str, Reader]] = {"requirement": text, "reason": text, "model": word}
KEY_KINDS: Final[Mapping[str, Reader]] = dict.fromkeys(KEY_VARIABLES, one_or_more)
