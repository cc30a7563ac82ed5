"""Which requests a fault is about: predicates that are put together with `both` and `negated`."""

from collections.abc import Callable
from typing import Any, Final

from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Request

When = Callable[[Request], bool]


def at(*endpoints: Endpoint, method: str | None = None) -> When:
    """Requests to one of these operations."""

    def when(request: Request) -> bool:
        right = method is None or request.method == method
        return right and endpoint_of(request.method, request.path) in endpoints

    return when


def asking(name: str, *values: Any) -> When:
    """Requests whose body has this parameter (any non-null value, or one of `values`)."""

    def when(request: Request) -> bool:
        value = request.params.get(name)
        return value in values if values else value is not None

    return when


def both(*parts: When) -> When:
    return lambda request: all(part(request) for part in parts)


def either(*parts: When) -> When:
    return lambda request: any(part(request) for part in parts)


def negated(part: When) -> When:
    return lambda request: not part(request)


def _streams(request: Request) -> bool:
    return request.params.get("stream") is True


STREAM: Final = _streams
PLAIN: Final = negated(_streams)
CHAT: Final = at(Endpoint.CHAT, method="POST")
CHAT_STREAM: Final = both(CHAT, STREAM)
CHAT_PLAIN: Final = both(CHAT, PLAIN)
RESPONSES: Final = at(Endpoint.RESPONSES, method="POST")
RESPONSES_STREAM: Final = both(RESPONSES, STREAM)
RESPONSES_PLAIN: Final = both(RESPONSES, PLAIN)
PATHS: Final[dict[str, When]] = {
    "chat": CHAT_PLAIN,
    "chat-stream": CHAT_STREAM,
    "responses": RESPONSES_PLAIN,
    "responses-stream": RESPONSES_STREAM,
}
"""The four ways to an answer, by the words that names of faults end with."""
MODELS: Final = at(Endpoint.MODELS, Endpoint.MODEL)
MESSAGES: Final = at(Endpoint.MESSAGES)
