"""Dollars: what a run will cost at most, and what it has cost by the server's own usage."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from wire.usage import Usage

DEFAULT_LIMIT_USD: Final = 1.0  # off loopback


class Price(NamedTuple):
    """Dollars for a million tokens."""

    input: float
    cached: float
    output: float


# As published. A model without a price is taken for the dearest: an estimate must not be too low.
PRICES: Final[Mapping[str, Price]] = {
    "gpt-5.5": Price(5, 0.5, 30),
    "gpt-5.4": Price(2.5, 0.25, 15),
    "gpt-5.4-mini": Price(0.75, 0.075, 4.5),
    "gpt-5.4-nano": Price(0.2, 0.02, 1.25),
}
DEAREST: Final = PRICES["gpt-5.5"]
UNKNOWN_OUTPUT: Final = 1024  # tokens of an answer without a limit


def price_of(model: str) -> Price:
    known = [name for name in PRICES if model == name or model.startswith(f"{name}-20")]
    return PRICES[known[0]] if known else DEAREST


def cost_usd(price: Price, tokens: Usage) -> float:
    """Cached tokens are part of the prompt."""
    prompt, cached = tokens.prompt_tokens or 0, tokens.cached_tokens or 0
    dear = (prompt - cached) * price.input + cached * price.cached
    return (dear + (tokens.completion_tokens or 0) * price.output) / 1e6


def estimate_usd(price: Price, body: bytes, output_tokens: int | None) -> float:
    """The most that a request is expected to cost: four bytes a prompt token, all output used."""
    if not body:
        return 0.0
    prompt = len(body) // 4 + 20
    output = UNKNOWN_OUTPUT if output_tokens is None else output_tokens
    return (prompt * price.input + output * price.output) / 1e6


class Budget:
    """One process's share of the limit. What is in flight is reserved, so the limit holds."""

    def __init__(self, limit_usd: float | None, price: Price) -> None:
        self.limit_usd = limit_usd
        self.price = price
        self.spent_usd = 0.0
        self.reserved_usd = 0.0

    def reserve(self, estimate_usd: float) -> bool:
        if (
            self.limit_usd is not None
            and self.spent_usd + self.reserved_usd + estimate_usd > self.limit_usd
        ):
            return False
        self.reserved_usd += estimate_usd
        return True

    def settle(self, estimate_usd: float, tokens: Usage | None, *, charged: bool) -> float:
        """Book what it really was; the estimate where a charged answer does not say."""
        self.reserved_usd -= estimate_usd
        cost = 0.0
        if tokens is not None:
            cost = cost_usd(self.price, tokens)
        elif charged:
            cost = estimate_usd
        self.spent_usd += cost
        return cost
