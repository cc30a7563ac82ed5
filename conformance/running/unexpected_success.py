"""Refusals that were owed: an answer in their place is one finding, of the rule that asked for it.

What such an answer looks like is nobody's promise; rules about answers leave it alone.
"""

from functools import cache
from typing import Final

from wire.endpoint import Endpoint
from wire.exchange import Exchange

_GENERATING: Final = frozenset({Endpoint.CHAT, Endpoint.RESPONSES})


@cache
def _free() -> frozenset[str]:
    """Probes that generate nothing when the server does as it should."""
    from conformance.judging.area import catalogue

    known = catalogue()
    probes = (*known.probes.values(), *(p.probe for p in known.properties.values()))
    return frozenset(p.name for p in probes if not p.billable)


def unearned(x: Exchange) -> bool:
    """A success where the request had to be refused."""
    return x.ok and x.endpoint in _GENERATING and x.request.method == "POST" and x.probe in _free()
