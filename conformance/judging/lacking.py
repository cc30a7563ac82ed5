"""Refusals of parameters: those of which a server knows nothing at all, and how they are told."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from conformance.judging.answer import error_of, status_line
from conformance.judging.finding import Finding, Findings, Unsure, show
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


def null_refused(x: Exchange, exchanges: Iterable[Exchange]) -> Findings:
    """A request whose parameters are null was refused: null is the same as leaving them out."""
    name = lacked(x)
    if name and lacked_everywhere(name, (y for y in exchanges if y.endpoint is x.endpoint)):
        yield Unsure(f"the server does not know {name} at all: {status_line(x)}", lacking=True)
    else:
        said = "200: null is the same as leaving a parameter out"
        yield Finding("status", said, status_line(x), exchange=x.id)


def unsupported_told(x: Exchange, names: Sequence[str]) -> Findings:
    """A client learns from the code of a refusal that it may try again without a parameter. `names`: those blamed."""
    code, param = error_of(x).get("code"), error_of(x).get("param")
    if x.ok or not names:
        return
    if code not in ("unsupported_parameter", "unsupported_value"):
        yield Finding("error.code", "unsupported_parameter or unsupported_value", show(code))
    if not isinstance(param, str):
        yield Finding("error.param", names[0], show(param))
