"""Greedy decoding: where a model takes temperature 0, what it is told to repeat is not left to dice.

A small model that draws its words by chance repeats no text, and two answers of it are never alike: rows
that need either say nothing then. So requests that say what is to be written ask for temperature 0, where
the first look saw that it is taken. All others go out as they are, those of clients above all.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from conformance.running.probe import JSON_HEADERS, Probe
from conformance.running.splice import splice
from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Request

DRAWN: Final = frozenset({"temperature", "top_p", "n", "seed"})
"""What says itself how words are drawn, and several choices: engines refuse these with temperature 0."""
_TOLD: Final = re.compile(
    rb"Repeat the text between the markers|Count from 1 to|[Cc]ode word|[Cc]all the tool "
)
_OURS: Final = {name for name, _ in JSON_HEADERS}


@dataclass(frozen=True)
class Greedy:
    """Where temperature 0 is taken: pairs of an endpoint and a model."""

    taken: frozenset[tuple[Endpoint, str]] = frozenset()

    def applied(self, request: Request, probe: Probe, model: str) -> Request:
        """The request with temperature 0, or as it was."""
        endpoint = endpoint_of(request.method, request.path)
        as_it_is = not probe.billable or probe.unlimited or not _TOLD.search(request.body)
        if as_it_is or (endpoint, model or request.params.get("model")) not in self.taken:
            return request
        if DRAWN & request.params.keys() or {name for name, _ in request.headers} - _OURS:
            return request
        return replace(request, body=splice(request.body, {"temperature": 0}))
