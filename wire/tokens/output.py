"""How many tokens an answer must be: between the bounds that recorded answers leave."""

from wire.endpoint import Endpoint
from wire.tokens.answered import Answered
from wire.tokens.asked import Asked, Unknown
from wire.tokens.family import Family
from wire.tokens.prompt import Bounds


def output_bounds(
    answered: Answered, asked: Asked, endpoint: Endpoint, family: Family, limit: int | None = None
) -> Bounds | Unknown:
    """The output tokens of an answer in plain text, its declared reasoning included.

    `limit` is the most that the request allows: an answer never costs more.
    """
    constants = family.endpoints.get(endpoint)
    if constants is None:
        return Unknown(f"{family.name} was never measured at {endpoint}")
    if answered.texts is None:
        return Unknown("the answer is more than text")
    if endpoint is Endpoint.RESPONSES and len(answered.texts) != 1:
        return Unknown("the answer has not one text")
    over = constants.overhead(
        reasoning=answered.reasoned, tools=bool(asked.functions), schema=asked.schema is not None
    )
    if over is None:
        return Unknown("such an answer was never measured")
    words = family.vocabulary
    text = sum(words.count(text) for text in answered.texts) + (
        answered.usage.reasoning_tokens or 0
    )
    choices = max(len(answered.texts), 1)
    # An answer that was cut lacks the tokens that end it, and some of its last character.
    low = text + (-choices if answered.cut else over.low * choices)
    high = text + over.high * choices
    if limit is not None and text <= limit * choices:
        low, high = min(low, limit * choices), min(high, limit * choices)
    return Bounds(low, high)
