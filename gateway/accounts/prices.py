"""What tokens cost, read from `prices.toml`; all arithmetic is decimal."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

from gateway.accounts.charge import Charge
from gateway.model.usage import Usage

MILLION: Final = Decimal(1_000_000)
_RATE_OF_TIER: Final = {"flex": "flex", "batch": "flex", "priority": "priority", "fast": "priority"}


@dataclass(frozen=True)
class Rates:
    """Dollars for a million tokens."""

    input: Decimal
    cached: Decimal
    output: Decimal

    def cost(self, usage: Usage) -> Decimal:
        """Cached tokens are inside the prompt, reasoning tokens inside the completion."""
        fresh = usage.prompt - usage.cached
        dollars = fresh * self.input + usage.cached * self.cached + usage.completion * self.output
        return dollars / MILLION


@dataclass(frozen=True)
class Model:
    """A served model; the dated snapshot is served and priced like its alias."""

    id: str
    snapshot: str
    created: int
    context: int
    max_output: int
    rates: Mapping[str, Rates]


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("gateway.accounts").joinpath("prices.toml").read_text("utf-8"))


@cache
def models() -> Mapping[str, Model]:
    """Every name that may be asked for: aliases and snapshots."""
    found: dict[str, Model] = {}
    for name, row in _table()["models"].items():
        rates = {
            kind: Rates(**{word: Decimal(text) for word, text in given.items()})
            for kind, given in row["rates"].items()
        }
        model = Model(
            name, row["snapshot"], row["created"], row["context"], row["max_output"], rates
        )
        found[name] = found[row["snapshot"]] = model
    return found


def price(model: str, tier: str, usage: Usage) -> Decimal:
    """Dollars for one answer, by the tier that was used."""
    rates = models()[model].rates
    kind = _RATE_OF_TIER.get(tier, "default")
    if usage.prompt > _table()["long_above"] and kind != "priority":
        kind = "long_flex" if kind == "flex" else "long"
    return rates[kind].cost(usage)


def cost(charge: Charge) -> Decimal:
    searches = charge.tool_calls * Decimal(_table()["search_call"])
    amount = (price(charge.model, charge.tier, charge.usage) + searches) * charge.times
    if charge.step is None:
        return amount
    return (amount / charge.step).to_integral_value(charge.rounding) * charge.step
