"""What a target offers, as the first look found it: what is absent is absent once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from wire.endpoint import BELOW, Endpoint, endpoint_of
from wire.exchange import Request

# Claims that mean nothing where no key is asked for.
_OF_KEYS: Final = ("auth", "auth.*", "tiers", "tiers.*")
ASKS: Final = ".offered"
"""What the name of a probe ends in that asks whether something is offered: it is always sent."""


@dataclass(frozen=True)
class Offer:
    """What is absent, with how that was seen. Empty: everything is there, as far as is known."""

    absent: Mapping[Endpoint, str] = field(default_factory=dict)
    keyless: str = ""
    """How it was seen that no key is needed."""

    def lacks(self, request: Request) -> str:
        """Why a request finds nothing to ask, or nothing."""
        endpoint = endpoint_of(request.method, request.path)
        return self.absent.get(BELOW.get(endpoint, endpoint), "")

    def lacks_feature(self, feature: str) -> str:
        """Why a claim of this feature is about nothing: how it was seen that no key is needed."""
        if self.keyless and any(fnmatchcase(feature, pattern) for pattern in _OF_KEYS):
            return self.keyless
        return ""
