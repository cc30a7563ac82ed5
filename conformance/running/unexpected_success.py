"""Refusals that were owed: an answer in their place is one finding, of the rule that asked for it.

What such an answer looks like is nobody's promise; rules about answers leave it alone.
"""

from typing import Final

from conformance.running.planned import generates_nothing
from wire.endpoint import Endpoint
from wire.exchange import Exchange

_GENERATING: Final = frozenset({Endpoint.CHAT, Endpoint.RESPONSES})


def unexpected_success(x: Exchange) -> bool:
    """A success where the request had to be refused."""
    return (
        x.ok
        and x.endpoint in _GENERATING
        and x.request.method == "POST"
        and x.probe in generates_nothing()
    )
