"""Refusals that say a server does not know a parameter at all: what else stood in the request is not judged by them."""

import re
from collections.abc import Iterable
from typing import Final

from conformance.judging.answer import error_of
from conformance.judging.refusal import blames, refuses
from wire.exchange import Exchange

_CODES: Final = frozenset({"unsupported_parameter", "unknown_parameter"})
_SAYS: Final = re.compile(
    r"\b(unsupported|unknown|unrecognized|unexpected|unpermitted|extra) (request )?(parameter|argument|field|keyword|input|propert)"
    r"|\b(parameter|argument|field)s?\b.{0,60}\b(not|n't) (be )?(supported|permitted|allowed|recognized|known)"
    r"|extra inputs are not permitted|extra_forbidden|additional properties are not allowed",
    re.IGNORECASE,
)
_NEEDED: Final = frozenset({"model", "messages", "input"})


def lacked(x: Exchange) -> str:
    """The parameter that a refusal says the server does not know; empty where it says no such thing."""
    error = error_of(x)
    message = error.get("message")
    told = error.get("code") in _CODES or (isinstance(message, str) and _SAYS.search(message))
    if not refuses(x) or not told:
        return ""
    return next((n for n in x.request.params if n not in _NEEDED and blames(x, n)), "")


def lacked_everywhere(name: str, exchanges: Iterable[Exchange]) -> bool:
    """Whether the same parameter is refused with a value too, and never taken with one."""
    asked = [
        y
        for y in exchanges
        if y.request.params.get(name) is not None and y.request.method == "POST"
    ]
    return any(lacked(y) == name for y in asked) and not any(y.ok for y in asked)
