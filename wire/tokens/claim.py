"""What an exchange claims to have used, beside what it must have used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.tokens.answered import Answered, answered
from wire.tokens.asked import Asked, Unknown, asked
from wire.tokens.family import Family, family_of
from wire.tokens.output import output_bounds
from wire.tokens.prompt import Bounds, prompt_bounds

# In the first weeks of the Responses API every request cost 18 tokens more, or 58.
RESPONSES_SETTLED: Final = date(2025, 4, 15)


@dataclass(frozen=True)
class Claim:
    """One exchange whose usage can be held against its texts."""

    family: Family
    model: str
    """The name by which it is counted: of the answer, else of the request."""
    endpoint: Endpoint
    streamed: bool
    asked: Asked
    answered: Answered
    prompt: Bounds | Unknown
    output: Bounds | Unknown


def claim(
    exchange: Exchange, family: Callable[[str], Family | None] = family_of
) -> Claim | Unknown:
    """The claim of an exchange. `family` says who counts how, by a model's name."""
    given = answered(exchange)
    if isinstance(given, Unknown):
        return given
    params = exchange.request.params
    name, mine = given.model, family(given.model)
    if mine is None:
        name = str(params.get("model") or "")
        mine = family(name)
    if mine is None:
        return Unknown(f"how {given.model or name} counts is not known")
    read = asked(exchange.endpoint, params)
    if isinstance(read, Unknown):
        return read
    old = exchange.endpoint is Endpoint.RESPONSES and exchange.day and exchange.day < RESPONSES_SETTLED  # fmt: skip
    young = Unknown("Responses of the first weeks were counted otherwise")
    return Claim(
        mine,
        name,
        exchange.endpoint,
        exchange.reply.is_stream,
        read,
        given,
        young if old else prompt_bounds(read, exchange.endpoint, name, mine),
        young if old else output_bounds(given, read, exchange.endpoint, mine, limit_of(params)),
    )


def limit_of(params: Mapping[str, Any]) -> int | None:
    """The most output tokens that a request allows."""
    names = ("max_completion_tokens", "max_output_tokens", "max_tokens")
    return next((params[name] for name in names if type(params.get(name)) is int), None)
