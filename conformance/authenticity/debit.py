"""What was taken from the balance for answers that stand alone between two readings of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from conformance.authenticity.ledger import entry
from conformance.billing.rules import taken
from conformance.judging.profile import Profile
from conformance.judging.run import for_model
from conformance.running.budget import cost_usd, usage_of
from wire.endpoint import Endpoint
from wire.exchange import Exchange


@dataclass
class Debit:
    """Dollars taken for some answers, beside what their usage comes to at the profile's prices."""

    answers: int = 0
    usd: Decimal = Decimal(0)
    claimed_usd: Decimal = Decimal(0)

    def as_json(self) -> dict[str, Any]:
        usd, claimed = (round(float(side), 8) for side in (self.usd, self.claimed_usd))
        return {"answers": self.answers, "usd": usd, "claimed_usd": claimed}


def debits(
    exchanges: Sequence[Exchange], profile: Profile
) -> dict[tuple[str, Endpoint, bool], Debit]:
    """By model, endpoint and whether it was streamed. Empty where no balance was read.

    Only answers whose tokens can be counted: without a tier of their own, or a usage that was ordered.
    """
    found: dict[tuple[str, Endpoint, bool], Debit] = {}
    read = {x.probe for x in exchanges if x.probe and x.probe.startswith("billing.before-")}
    for model in dict.fromkeys(x.model for x in exchanges if x.model and read):
        run = for_model(exchanges, profile, model)
        for x in run.exchanges:
            area, _, case = (x.probe or "").partition(".")
            alone = area in {"billing", "usage"} and f"billing.before-{case}" in read
            if not alone or len(run.all(x.probe or "")) != 1:
                continue
            e, price, usage = entry(x, profile), profile.price(model), usage_of(x)
            fell = taken(run, case)
            plain = "service_tier" not in x.request.params
            if e is None or price is None or usage is None or fell is None or not plain:
                continue
            debit = found.setdefault((e.model, e.endpoint, e.streamed), Debit())
            debit.answers += 1
            debit.usd += fell
            debit.claimed_usd += cost_usd(price, usage)
    return found
