"""The scripted model's tokens: the published vocabulary of the models that it stands for."""

from collections.abc import Iterable
from typing import Any, Final

from gateway.model.answer import Conversation, FormatType, Generation, Kind
from wire.endpoint import Endpoint
from wire.tokens import asked as counted
from wire.tokens.family import Family, family_of
from wire.tokens.prompt import prompt_tokens as tokens_of_prompt
from wire.tokens.vocabulary import vocabulary

_WORDS: Final = vocabulary("o200k_base")
IMAGE_TOKENS: Final = 85


def count(text: str) -> int:
    return _WORDS.count(text)


def tokenize(text: str) -> list[str]:
    """The tokens of a text as they are streamed: several at once where they share a character.

    Joined they give the text.
    """
    return [piece for piece, _ in _pieces(text)]


def first(text: str, room: int) -> str:
    """The beginning of a text that costs at most `room` tokens, in whole characters."""
    kept, used = [], 0
    for piece, size in _pieces(text):
        if used + size > room:
            break
        kept.append(piece)
        used += size
    return "".join(kept)


def _pieces(text: str) -> Iterable[tuple[str, int]]:
    held, size = b"", 0
    for token in _WORDS.tokens(text):
        held, size = held + token, size + 1
        try:
            piece = held.decode()
        except UnicodeDecodeError:
            continue
        yield piece, size
        held, size = b"", 0
    if held:  # only half of a surrogate pair ends like this
        yield held.decode(errors="replace"), size


def warm() -> None:
    """Read the vocabulary now, so that no request has to wait for it."""
    _WORDS.count("")


def prompt_tokens(conversation: Conversation, asked: Generation) -> int:
    """Tokens of everything that the model was given, as the real API counts them."""
    messages = tuple(counted.Message(turn.role, turn.counted) for turn in conversation.turns)
    functions = tuple(
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        if tool.kind is Kind.FUNCTION
        else {"name": tool.name, "description": tool.description}
        for tool in asked.tools
    )
    form = asked.format
    schema: dict[str, Any] | None = None
    if form.type is FormatType.JSON_SCHEMA:
        schema = {"name": form.name, "description": form.description, "schema": form.schema}
    images = sum(turn.images for turn in conversation.turns) * IMAGE_TOKENS
    read = counted.Asked(messages, functions, schema)
    return images + tokens_of_prompt(read, asked.endpoint, asked.model, _family(asked.model))


def overhead(asked: Generation, *, reasoned: bool) -> int:
    """Tokens of an answer that are neither text nor reasoning."""
    constants = _family(asked.model).endpoints[asked.endpoint]
    schema = asked.format.type is FormatType.JSON_SCHEMA
    row = constants.overhead(reasoning=reasoned, tools=False, schema=schema)
    if row is None:
        row = constants.output[0]
    # Of what is between bounds the most was seen of Responses, the least of chat that reasons.
    return row.low if asked.endpoint is Endpoint.CHAT and not schema else row.high


def _family(model: str) -> Family:
    family = family_of(model) or family_of("gpt-5.5")
    assert family is not None, "the table has gpt-5.5"
    return family
