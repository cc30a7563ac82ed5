"""What a plan will cost at most, said before it is sent and kept while it is sent."""

import tomllib
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from conformance.judging.fees import scripted_fees_usd
from conformance.judging.profile import Profile
from conformance.running.budget import Budget
from conformance.running.offer import ASKS, Offer
from conformance.running.planned import Step
from conformance.running.probe import Impossible, Probe, ProbeContext
from conformance.running.property import MOST_TRIES, Property
from wire.exchange import Request

NOMINAL_PROMPT_BYTES: Final = 400
ACCEPTED_SHARE: Final = Decimal("0.25")
"""So much of what bad requests would cost is reckoned with, where the first one was refused."""
REFERENCE_MARGIN: Final = Decimal("1.15")
USED: Final = Path(__file__).parent / "reference_tokens.toml"


@cache
def reference_tokens() -> dict[str, tuple[int, int]]:
    """Prompt and output tokens of each probe on the reference gateway, all its requests together."""
    table = tomllib.loads(USED.read_text(encoding="utf-8"))
    return {name: (row[0], row[1]) for name, row in table["tokens"].items()}


class Announcement:
    """The most that steps and trials cost on a target as the first look found it."""

    def __init__(
        self,
        budget: Budget,
        profile: Profile,
        offer: Offer = Offer(),  # noqa: B008 - frozen
        keys: frozenset[str] | None = None,
        *,
        is_reference: bool = False,
    ) -> None:
        self._budget = budget
        self._profile = profile
        self._offer = offer
        self._keys = keys
        self._is_reference = is_reference

    def usd(self, steps: Iterable[Step], trials: Iterable[tuple[Property, str]]) -> Decimal:
        total = Decimal(0)
        for step in steps:
            total += self._one(step.probe, step.model, step.probe.count)
        for prop, model in trials:
            number = prop.examples if self._is_reference else prop.examples * MOST_TRIES
            total += self._one(prop.probe, model, number)
        return total * REFERENCE_MARGIN if self._is_reference else total

    def _one(self, probe: Probe, model: str, number: int) -> Decimal:
        """The most that a probe costs; nothing when it will not be sent."""
        keyless = self._offer.keyless and probe.key == "main"
        if self._keys is not None and probe.key not in {"", *self._keys} and not keyless:
            return Decimal(0)
        request = _nominal(probe, model, self._profile)
        if self._offer.lacks(request) and not probe.name.endswith(ASKS):
            return Decimal(0)
        used = reference_tokens().get(probe.name) if self._is_reference else None
        if used is not None:
            tokens_usd = self._budget.tokens_usd(model if probe.per_model else "", *used)
            return tokens_usd + scripted_fees_usd(request) * number
        request = self._budget.limits.applied(request, probe)
        worst_usd = self._budget.worst_usd(model if probe.per_model else "", request, probe)
        if not probe.billable and not self._budget.accepts_bad:
            worst_usd *= 0 if self._is_reference else ACCEPTED_SHARE
        return worst_usd * number


def _nominal(probe: Probe, model: str, profile: Profile) -> Request:
    """The request as far as it can be built now; what builds on answers counts with a nominal one."""
    try:
        return probe.build(ProbeContext(profile, model, 0, {}))
    except (Impossible, LookupError, TypeError, AttributeError):
        return Request("POST", "/", (), b" " * NOMINAL_PROMPT_BYTES)
