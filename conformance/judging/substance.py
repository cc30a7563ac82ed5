"""Substance: whether an answer has anything in it that a rule could have seen.

A success with `{}` or a stream of nothing but [DONE] breaks no rule about choices, and keeps none.
"""

from collections.abc import Iterator
from typing import Any, Final

from wire.endpoint import Endpoint
from wire.exchange import Exchange

_METHODS: Final = {
    Endpoint.CHAT: "POST", Endpoint.RESPONSES: "POST", Endpoint.RESPONSE: "GET", Endpoint.CANCEL: "POST",
    Endpoint.INPUT_ITEMS: "GET", Endpoint.COMPACT: "POST", Endpoint.INPUT_TOKENS: "POST", Endpoint.MODELS: "GET", Endpoint.MODEL: "GET",
}  # fmt: skip


_COLLECTIONS: Final = frozenset({Endpoint.CHAT, Endpoint.RESPONSES, Endpoint.MODELS})


def says_something(x: Exchange, requirement: str = "") -> bool:  # noqa: ARG001 - for rules that ask by row
    """Whether an exchange is an answer of the kind that its route gives, or a refusal."""
    kept: dict[str, Any] = vars(x.reply)  # as cached_property does
    if "_says_something" not in kept:
        kept["_says_something"] = _says_something(x)
    said: bool = kept["_says_something"]
    return said


def succeeded(x: Exchange, requirement: str = "") -> bool:
    """Whether an exchange is such an answer, and a success: for rules about what was said."""
    return x.ok and says_something(x, requirement)


def streamed(x: Exchange, requirement: str = "") -> bool:
    """Whether it is a success that came as a stream."""
    return x.reply.is_stream and succeeded(x, requirement)


def answered(x: Exchange, requirement: str = "") -> bool:  # noqa: ARG001
    """Whether anything came back at all: enough for rules about status, headers and connections."""
    return bool(x.reply.status)


def _says_something(x: Exchange) -> bool:
    status = x.reply.status
    if not x.ok:
        return bool(status)
    if x.reply.is_stream:
        return any(_object(x.endpoint, payload) for payload in _dicts(x.reply.payloads))
    body = x.reply.json
    if _METHODS.get(x.endpoint) == x.request.method:
        return isinstance(body, dict) and _object(x.endpoint, body)
    if x.endpoint in _COLLECTIONS and x.request.method not in ("HEAD", "OPTIONS"):
        return False  # with another method than its own
    return bool(x.reply.body) or x.request.method in ("HEAD", "OPTIONS", "DELETE")


def _object(endpoint: Endpoint, body: dict[str, Any]) -> bool:
    if body.get("error"):
        return True
    match endpoint:
        case Endpoint.CHAT:
            return any(_dicts(body.get("choices")))
        case Endpoint.RESPONSES | Endpoint.RESPONSE | Endpoint.CANCEL:
            kind = body.get("type")
            event = isinstance(kind, str) and bool(kind)
            return event or body.get("object") == "response" or isinstance(body.get("output"), list)
        case Endpoint.MODELS | Endpoint.INPUT_ITEMS:
            return isinstance(body.get("data"), list)
        case Endpoint.COMPACT | Endpoint.INPUT_TOKENS:
            return isinstance(body.get("object"), str)
        case Endpoint.MODEL:
            return isinstance(body.get("id"), str)
        case _:
            return bool(body)


def _dicts(values: object) -> Iterator[dict[str, Any]]:
    if isinstance(values, (list, tuple)):
        yield from (value for value in values if isinstance(value, dict))
