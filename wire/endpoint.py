"""Which operation of the API a request addresses, recognised from its path alone."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Endpoint(StrEnum):
    CHAT = "chat"
    STORED_CHAT = "stored_chat"
    RESPONSES = "responses"
    RESPONSE = "response"
    INPUT_ITEMS = "input_items"
    CANCEL = "cancel"
    COMPACT = "compact"
    INPUT_TOKENS = "input_tokens"
    MODELS = "models"
    MODEL = "model"
    MESSAGES = "messages"
    OTHER = "other"


BELOW: Final[Mapping[Endpoint, Endpoint]] = {
    Endpoint.STORED_CHAT: Endpoint.CHAT,
    Endpoint.RESPONSE: Endpoint.RESPONSES,
    Endpoint.INPUT_ITEMS: Endpoint.RESPONSES,
    Endpoint.CANCEL: Endpoint.RESPONSES,
    Endpoint.COMPACT: Endpoint.RESPONSES,
    Endpoint.INPUT_TOKENS: Endpoint.RESPONSES,
    Endpoint.MODEL: Endpoint.MODELS,
}
"""Operations whose paths go on from another's: where that one is absent, they are."""

# First match wins. Any prefix before the operation is allowed: gateways mount the API anywhere.
_PATTERNS: tuple[tuple[str, str, Endpoint], ...] = (
    ("*", r"/chat/completions", Endpoint.CHAT),
    ("*", r"/chat/completions/[^/]+(/messages)?", Endpoint.STORED_CHAT),
    ("POST", r"/responses/compact", Endpoint.COMPACT),
    ("POST", r"/responses/input_tokens", Endpoint.INPUT_TOKENS),
    ("*", r"/responses/[^/]+/input_items", Endpoint.INPUT_ITEMS),
    ("*", r"/responses/[^/]+/cancel", Endpoint.CANCEL),
    ("*", r"/responses/[^/]+", Endpoint.RESPONSE),
    ("*", r"/responses", Endpoint.RESPONSES),
    ("*", r"/messages(/count_tokens|/batches)?", Endpoint.MESSAGES),
    ("*", r"/models", Endpoint.MODELS),
    ("POST", r"/models/.+", Endpoint.OTHER),  # `…:generateContent`, predictions: another's API
    ("*", r"/models/.+", Endpoint.MODEL),
)
_COMPILED = tuple(
    (method, re.compile(rf"(?:.*?){pattern}/?$"), endpoint)
    for method, pattern, endpoint in _PATTERNS
)


def endpoint_of(method: str, path: str) -> Endpoint:
    """The operation that `method` and `path` (a query is ignored) address."""
    bare = path.partition("?")[0]
    for wanted, pattern, endpoint in _COMPILED:
        if wanted in {"*", method} and pattern.match(bare):
            return endpoint
    return Endpoint.OTHER
