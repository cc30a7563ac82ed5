"""What an answer should cost by the published rates, from its own usage and service tier."""

import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from wire.usage import Usage

MILLION = Decimal(1_000_000)
# `fast` is the newer name of `priority`; both are billed at its rates.
TIERS = {
    "default": "default",
    "auto": "default",
    "flex": "flex",
    "priority": "priority",
    "fast": "priority",
}


@cache
def _table() -> dict[str, Any]:
    text = (Path(__file__).parent / "rates.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def charges(model: str, tier: str | None, usage: Usage) -> tuple[Decimal, ...]:
    """The right charges in dollars (several where the published rates are rounded); none unknown.

    Cached tokens are part of the prompt and cost their own rate, reasoning tokens are part of the
    output, and writing to the cache costs nothing extra on these models.
    """
    names = sorted((n for n in _table()["models"] if model.startswith(n)), key=len)
    prompt, output = usage.prompt_tokens, usage.completion_tokens
    if not names or prompt is None or output is None:
        return ()
    column = TIERS.get(tier or "default")
    if column == "default" and prompt > _table()["long_above"]:
        column = "long"
    rates = _table()["models"][names[-1]].get(column)
    if rates is None:
        return ()
    cached = usage.cached_tokens or 0
    fixed = (prompt - cached) * Decimal(rates["input"]) + output * Decimal(rates["output"])
    return tuple((fixed + cached * Decimal(rate)) / MILLION for rate in rates["cached"])


def dollars(amount: Decimal) -> str:
    """An amount without the zeros at its end: `$0.00058`."""
    return f"${amount.normalize():f}"


def spoken(usage: Usage | None) -> str:
    """A usage in words: `12 prompt tokens (8 of them cached) and 5 completion tokens`."""
    if usage is None:
        return "no usage"
    cached = f" ({usage.cached_tokens} of them cached)" if usage.cached_tokens else ""
    prompt, output = (
        "an unreadable number of" if number is None else number
        for number in (usage.prompt_tokens, usage.completion_tokens)
    )
    return f"{prompt} prompt tokens{cached} and {output} completion tokens"
