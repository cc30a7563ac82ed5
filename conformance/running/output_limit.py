"""The limit of output tokens that every generating request carries, whatever it is about.

A request that has no limit may cost whatever the server likes. So one is put into each body that has
none, also into those that must be refused: a server that wrongly accepts them then stops all the same.
What a request is about stays byte for byte as the probe wrote it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from conformance.running.probe import Probe
from conformance.running.splice import splice
from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Request

NAMES: Final[Mapping[Endpoint, tuple[str, ...]]] = {
    Endpoint.CHAT: ("max_completion_tokens", "max_tokens"),
    Endpoint.RESPONSES: ("max_output_tokens",),
}
"""The members that limit the output of an endpoint, the one to use first."""
LEAST: Final = 16
"""Below it the Responses API refuses; it is also what a request gets that must be refused."""
MOST: Final = 100_000
"""A limit beyond it is a value out of bounds and limits nothing."""
MANY_CHOICES: Final = 128


def generates(request: Request) -> bool:
    """Whether an accepted request makes a model write."""
    return request.method == "POST" and _endpoint(request) in NAMES


@dataclass(frozen=True)
class OutputLimit:
    """Which member limits the output of which endpoint, and by how much more than a probe says."""

    members: Mapping[Endpoint, str] = field(
        default_factory=lambda: {endpoint: names[0] for endpoint, names in NAMES.items()}
    )
    """The member that the server knows; an empty name where it knows none."""
    thinking_tokens: int = 0
    """What the model writes before its answer, where the first look saw it think."""

    def tokens(self, probe: Probe) -> int:
        """The limit for a probe's requests."""
        wanted = max(LEAST, probe.output_tokens)
        return wanted + self.thinking_tokens if probe.billable else wanted

    def applied(self, request: Request, probe: Probe) -> Request:
        """The request with a limit; as it was when it has one, needs none, or is about having none."""
        endpoint = _endpoint(request)
        member = self.members.get(endpoint, "")
        if not member or request.method != "POST" or probe.unlimited or not request.params:
            return request
        if any(name in request.params for name in NAMES[endpoint]):
            return request
        return replace(request, body=splice(request.body, {member: self.tokens(probe)}))

    def is_limited(self, request: Request) -> bool:
        """Whether a request has a limit that a server can keep."""
        names = NAMES.get(_endpoint(request), ())
        return any(_is_limit(request.params.get(name)) for name in names)

    def share(self, request: Request, probe: Probe) -> int:
        """The output tokens that a request may bring, all choices together: then the suite hangs up."""
        params = request.params
        names = NAMES.get(_endpoint(request), ())
        given = [params[name] for name in names if _is_limit(params.get(name))]
        return (min(given) if given else self.tokens(probe)) * choices(params)


def choices(params: Mapping[str, Any]) -> int:
    """How many answers a request asks for."""
    number = params.get("n")
    return min(number, MANY_CHOICES) if type(number) is int and number > 0 else 1


def _is_limit(value: Any) -> bool:
    return type(value) is int and 0 < value <= MOST


def _endpoint(request: Request) -> Endpoint:
    return endpoint_of(request.method, request.path)
