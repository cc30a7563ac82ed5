"""What an answer says, whichever way it came: its text, and the log probabilities of its tokens."""

from typing import Any

from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.responses import fold_responses, output_text


def choices_of(x: Exchange) -> list[dict[str, Any]]:
    """The choices of a chat answer, streamed or not; those that are none are left out."""
    whole: Any = fold_chat(x.reply).as_completion() if x.reply.is_stream else x.reply.json
    choices = whole.get("choices") if isinstance(whole, dict) else None
    return [c for c in choices if isinstance(c, dict)] if isinstance(choices, list) else []


def text_of(x: Exchange) -> str:
    """The text of an answer; empty where there is none."""
    if x.endpoint is Endpoint.RESPONSES:
        given = fold_responses(x.reply).final if x.reply.is_stream else x.reply.json
        return output_text(given) if isinstance(given, dict) else ""
    message = next((choice.get("message") for choice in choices_of(x)), None)
    text = message.get("content") if isinstance(message, dict) else None
    return text if isinstance(text, str) else ""


def logprobs_of(x: Exchange, choice: int = 0) -> list[dict[str, Any]]:
    """The entries of `logprobs.content` of a choice; empty where there are none."""
    choices = choices_of(x)
    held = choices[choice].get("logprobs") if choice < len(choices) else None
    content = held.get("content") if isinstance(held, dict) else None
    return [row for row in content if isinstance(row, dict)] if isinstance(content, list) else []
