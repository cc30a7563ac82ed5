"""What an answer says in plain text, and what it says that it used."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.responses import fold_responses
from wire.tokens.asked import Unknown
from wire.usage import Usage


@dataclass(frozen=True)
class Answered:
    """A finished answer, streamed or plain, in the words that both endpoints share."""

    model: str
    usage: Usage
    texts: tuple[str, ...] | None
    """The text of each choice or part; None where it says something else than text."""
    cut: bool = False
    """It ended at a limit, or what was written was held back."""
    reasoned: bool = False
    """It shows or declares reasoning."""


def answered(exchange: Exchange) -> Answered | Unknown:
    """The answer of a chat or Responses exchange."""
    reply = exchange.reply
    if not exchange.ok:
        return Unknown("there is no answer")
    if exchange.endpoint is Endpoint.CHAT:
        fold = fold_chat(reply) if reply.is_stream else None
        if fold and not fold.whole:
            return Unknown("the stream did not end well")
        return _chat(fold.as_completion() if fold else reply.json)
    if exchange.endpoint is Endpoint.RESPONSES:
        return _responses(fold_responses(reply).final if reply.is_stream else reply.json)
    return Unknown(f"{exchange.endpoint} is not counted")


def _chat(answer: Any) -> Answered | Unknown:
    if not isinstance(answer, dict) or (usage := Usage.of(answer.get("usage"))) is None:
        return Unknown("the answer says no usage")
    texts: list[str] | None = []
    cut = False
    for choice in _dicts(answer.get("choices")):
        message = choice.get("message")
        cut = cut or choice.get("finish_reason") != "stop"
        if not isinstance(message, dict) or message.get("tool_calls") or message.get("audio"):
            texts = None
        if texts is not None and isinstance(message, dict):
            texts.append(f"{message.get('content') or ''}{message.get('refusal') or ''}")
            if message.get("function_call"):
                texts = None
    return Answered(
        str(answer.get("model") or ""),
        usage,
        None if texts is None else tuple(texts),
        cut,
        bool(usage.reasoning_tokens),
    )


def _responses(answer: Any) -> Answered | Unknown:
    if not isinstance(answer, dict) or (usage := Usage.of(answer.get("usage"))) is None:
        return Unknown("the answer says no usage")
    items = list(_dicts(answer.get("output")))
    kinds = {str(item.get("type")) for item in items}
    texts = None
    if kinds <= {"message", "reasoning"}:
        texts = tuple(
            f"{part.get('text') or ''}{part.get('refusal') or ''}"
            for item in items
            for part in _dicts(item.get("content"))
            if item.get("type") == "message"
        )
    return Answered(
        str(answer.get("model") or ""),
        usage,
        texts,
        answer.get("status") != "completed",
        bool(usage.reasoning_tokens) or "reasoning" in kinds,
    )


def _dicts(values: Any) -> Iterator[dict[str, Any]]:
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, dict))
