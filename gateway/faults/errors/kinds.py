"""Faults by which one kind of request alone is refused for its rate, now and for ever."""

from typing import Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import (
    MODELS,
    PATHS,
    When,
    asking,
    at,
    both,
    either,
)
from gateway.frames import GatewayReply
from wire.endpoint import Endpoint
from wire.exchange import Request

_RATE: Final = {"message": "Rate limit reached.", "type": "requests", "param": None, "code": "rate_limit_exceeded"}  # fmt: skip


def _later(_: Request, reply: GatewayReply) -> GatewayReply:
    """Refused before anything is generated, with the headers of a limit."""
    if reply.status >= 400:
        return reply
    kept = tuple(h for h in reply.headers if h[0] != "content-type")
    headers = (("content-type", "application/json"), ("retry-after", "1"), *kept)
    return GatewayReply(429, headers, {"error": _RATE}, request_id=reply.request_id)


def _has(word: bytes) -> When:
    return lambda request: word in request.body


def _several(request: Request) -> bool:
    number = request.params.get("n")
    return isinstance(number, int) and number > 1


_KINDS: Final[dict[str, tuple[str, When, tuple[str, ...]]]] = {
    "all": ("Every call is", lambda _: True, tuple(PATHS)),
    "tools": ("Calls with tools are", asking("tools"), tuple(PATHS)),
    "images": ("Calls with an image are", _has(b'"image_url"'), ("chat", "responses")),
    "schema": ("Calls for JSON by a schema are", _has(b'"json_schema"'), ("chat", "responses-stream")),
    "effort": ("Calls with reasoning effort are", either(asking("reasoning_effort"), asking("reasoning")), ("chat", "responses")),
    "choices": ("Calls for several choices are", _several, ("chat",)),
    "background": ("Calls in the background are", asking("background", True), ("responses",)),
    "previous": ("Turns by previous_response_id are", asking("previous_response_id"), ("responses",)),
}  # fmt: skip
FAULTS: tuple[Fault, ...] = (
    *(
        Fault(f"errors.limit-kind-{name}-{path}", (), f"{says} refused with 429, always ({path}).", Family.STATUS,
              both(PATHS[path], when), reply=_later)
        for name, (says, when, paths) in _KINDS.items() for path in paths
    ),
    Fault("errors.limit-kind-models", (), "The list of models is refused with 429, always.", Family.STATUS,
          at(Endpoint.MODELS, method="GET"), reply=_later),
    Fault("errors.limit-kind-model", (), "Whatever is asked about models is refused with 429, always.", Family.STATUS,
          MODELS, reply=_later),
)  # fmt: skip
