"""How many tokens a prompt must be: to the token, or between two bounds."""

from typing import Final, NamedTuple

from wire.endpoint import Endpoint
from wire.tokens.asked import Asked, Unknown
from wire.tokens.family import Family, Written
from wire.tokens.rendered import plain_schema, plain_tools, schema_text, tools_text
from wire.tokens.vocabulary import Vocabulary

MESSAGE: Final = 3  # what each message costs beside its role and text, in every family


class Bounds(NamedTuple):
    """The least and the most that a count can be; equal where it is known to the token."""

    low: int
    high: int

    @property
    def exact(self) -> bool:
        return self.low == self.high

    def plus(self, low: int, high: int) -> "Bounds":
        return Bounds(self.low + low, self.high + high)

    def off(self, claimed: int) -> int:
        """How far a claim lies outside: positive above, negative below, 0 inside."""
        return max(claimed - self.high, 0) + min(claimed - self.low, 0)


def text_tokens(asked: Asked, words: Vocabulary) -> int:
    """What the messages alone cost, roles and texts, with any vocabulary."""
    return sum(MESSAGE + words.count(m.role) + words.count(m.text) for m in asked.messages)


def prompt_bounds(asked: Asked, endpoint: Endpoint, model: str, family: Family) -> Bounds | Unknown:
    """The tokens of a prompt of plain text with function tools or a schema.

    `model` is the name that belongs to the family. Unknown where no recorded answer shows how such
    a prompt is counted.
    """
    constants = family.endpoints.get(endpoint)
    base = constants.base(model) if constants else None
    if constants is None or base is None:
        return Unknown(f"{model} was never measured at {endpoint}")
    if asked.functions and asked.schema:
        return Unknown("tools and a schema together were never measured")
    if family.history_unknown and asked.answers:
        return Unknown(f"a history of {family.name} was never measured")
    words = family.vocabulary
    total = base + text_tokens(asked, words) + constants.history * asked.answers
    bounds = Bounds(total, total)
    if asked.functions:
        if constants.tools is None:
            return Unknown(f"tools of {family.name} at {endpoint} were never measured")
        text = tools_text(asked.functions)
        plain = plain_tools(asked.functions) and not asked.directed
        return _written(bounds, asked, constants.tools, text, "", words, plain=plain)
    if asked.schema:
        if constants.schema is None:
            return Unknown(f"schemas of {family.name} at {endpoint} were never measured")
        text, name = schema_text(asked.schema), str(asked.schema.get("name"))
        plain = plain_schema(asked.schema)
        return _written(bounds, asked, constants.schema, text, name, words, plain=plain)
    return bounds


def prompt_tokens(asked: Asked, endpoint: Endpoint, model: str, family: Family) -> int:
    """The tokens of a prompt, to the token where that is known, else the likeliest number."""
    constants = family.endpoints[endpoint]
    words = family.vocabulary
    total = (constants.base(model) or 0) + text_tokens(asked, words)
    total += constants.history * asked.answers
    functions, schema = constants.tools or Written(), constants.schema or Written()
    if asked.functions:
        total += _cost(asked, functions, tools_text(asked.functions), "", words)[0]
    if asked.schema:
        name = str(asked.schema.get("name"))
        total += _cost(asked, schema, schema_text(asked.schema), name, words)[0]
    return total


def _written(
    bounds: Bounds,
    asked: Asked,
    cost: Written,
    text: str,
    name: str,
    words: Vocabulary,
    *,
    plain: bool,
) -> Bounds | Unknown:
    """The bounds with a text that is written in front of the messages, or behind the first."""
    if (cost.joined if asked.instructed else cost.alone) is None:
        return Unknown("such a text behind a system message, or without one, was never measured")
    low, high = _cost(asked, cost, text, name, words)
    if plain:
        return bounds.plus(low, high)
    # How defaults, titles and forced calls are written is not published: recorded counts lie
    # between half and twice of what is, and some way around it.
    return bounds.plus(low // 2 - 40, 2 * high + 120)


def _cost(asked: Asked, cost: Written, text: str, name: str, words: Vocabulary) -> tuple[int, int]:
    if asked.instructed:
        span, first = cost.joined, asked.messages[0].text
        tokens = words.count(f"{first}\n\n{text}") - words.count(first)
    else:
        span, tokens = cost.alone, words.count(text)
    low, high = span or (0, 0)
    more = tokens + cost.history * asked.answers + (words.count(name) if cost.named else 0)
    return more + low, more + high
