"""The balance of a key: how it is read, and how long after an answer it tells what the answer cost.

Books that are kept late are no wrong books: one paid call, before all others that are read between
balances, tells how late they are, and every later reading waits so long.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from conformance.judging.profile import Profile
from conformance.running.budget import cost_usd, usage_of
from conformance.running.probe import Impossible, Probe, ProbeContext, get
from wire.exchange import Exchange, Reply, Request

LAG: Final = ("billing.lag-before", "billing.lag", "billing.lag-after")
STILL_POLLS: Final = 8  # half seconds without a change before books count as settled
STILL_S: Final = (STILL_POLLS - 1) * 0.5
COARSE_POLLS: Final = 16  # the same where the balance is told too coarsely to show the call
MOST_POLLS: Final = 40
SLACK: Final = 1.3


def balance(context: ProbeContext) -> Request:
    """A reading of the balance as the profile says."""
    if not context.profile.balance_path:
        raise Impossible(NO_PATH)
    return get(context.profile.balance_path)


NO_PATH: Final = (
    "the profile names no balance_path: write balance_path and balance_field into a profile "
    "(README, Balance, has them for common gateways) and give it with --profile"
)


def balance_of(profile: Profile, body: Any) -> Decimal | None:
    """The balance that an answer tells, in dollars; None when it tells none."""
    for name in profile.balance_field.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    if isinstance(body, bool) or not isinstance(body, str | int | float):
        return None
    try:
        number = Decimal(str(body)) * profile.balance_scale
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def still(context: ProbeContext) -> Callable[[Reply], bool]:
    """Passes at once where the balance fell by what the call costs; else when it moves no more."""
    before = balance_of(context.profile, context.earlier[LAG[0]][0].reply.json)
    cost = _cost(context.profile, context.earlier[LAG[1]][0])
    seen: list[Decimal | None] = []

    def settled(reply: Reply) -> bool:
        now = balance_of(context.profile, reply.json)
        if now is None or before is None:
            return True
        first = not seen
        seen.append(now)
        if first and cost is not None and abs(before - now - cost) <= context.profile.balance_step:
            return True
        if len(seen) > COARSE_POLLS and set(seen) == {before} and _unseen(cost, before):
            return True
        return len(seen) > STILL_POLLS and len(set(seen[-STILL_POLLS:])) == 1 and now != before

    return settled


def _unseen(cost: Decimal | None, told: Decimal) -> bool:
    """Whether a cost is too small to show in a balance of so many decimals."""
    return cost is not None and cost < Decimal(1).scaleb(int(told.as_tuple().exponent))


def _cost(profile: Profile, call: Exchange) -> Decimal | None:
    price = profile.price(str(call.request.params.get("model")))
    usage = usage_of(call)
    return cost_usd(price, usage) if price and usage and call.ok else None


def lag_s(earlier: dict[str, Any] | Any) -> float:
    """Seconds from the end of the paid call until its charge was in the book; 0 where it never showed."""
    before = _first(earlier, LAG[0])
    call, after = (_first(earlier, name) for name in LAG[1:])
    if call is None or after is None or call.started_at is None or after.started_at is None:
        return 0.0
    if before is not None and before.reply.body == after.reply.body:
        return 0.0  # waiting as long before each reading would bring nothing either
    waited = after.started_at - call.started_at - (call.connection.total_ms or 0.0) / 1000
    return max(0.0, waited - STILL_S) if waited >= STILL_S else 0.0


def _first(earlier: Any, name: str) -> Exchange | None:
    found = earlier.get(name)
    return found[0] if found else None


def wait_s(context: ProbeContext) -> float:
    """How long a reading waits for the books."""
    late = lag_s(context.earlier)
    return late * SLACK + 0.5 if late else 0.0


def reading(name: str, *after: str, **options: Any) -> Probe:
    """A probe that reads the balance, once the books can be right."""
    given = {"feature": "billing", "output_tokens": 0, "alone": True, **options}
    return Probe(name, balance, after=(*after, *LAG), wait=wait_s, **given)
