"""What the auth rules read in an answer."""

from typing import Any

from conformance.errors.selectors import ERROR, text
from conformance.judging.selector import Selector
from wire.chat import fold_chat
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.responses import fold_responses, output_text

REFUSED_KEY = Selector(
    "a 401 for a wrong key",
    # Recordings lack the probe's name; there the message tells.
    lambda x: (
        ERROR.matches(x)
        and x.reply.status == 401
        and (
            (x.probe or "").startswith(("auth.wrong", "auth.key-", "auth.revoked"))
            or "Incorrect API key" in text(x, "message")
        )
    ),
    ("auth.wrong-*",),
)


def text_of(x: Exchange) -> str:
    """The model's text in an answer of either endpoint, plain or streamed; empty when none."""
    body: Any = x.reply.json
    if x.endpoint is Endpoint.CHAT:
        if x.reply.is_stream:
            return "".join(choice.content or "" for choice in _choices(x))
        choices = body.get("choices") if isinstance(body, dict) else None
        found = [_content(choice) for choice in choices] if isinstance(choices, list) else []
        return "".join(found)
    if x.reply.is_stream:
        return fold_responses(x.reply).output_text
    return output_text(body) if isinstance(body, dict) else ""


def _choices(x: Exchange) -> list[Any]:
    choices = fold_chat(x.reply).choices
    return list(choices.values()) if isinstance(choices, dict) else list(choices)


def _content(choice: Any) -> str:
    message = choice.get("message") if isinstance(choice, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, str) else ""
