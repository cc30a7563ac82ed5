"""The bill: tokens and dollars claimed over a run, beside those that its texts account for."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from conformance.authenticity.fingerprint import foreign
from conformance.authenticity.ledger import Entry, noted
from conformance.judging.profile import Price, Profile
from wire.exchange import Exchange
from wire.tokens.prompt import Bounds

MILLION: Final = Decimal(1_000_000)


def bill(exchanges: Iterable[Exchange], profile: Profile) -> dict[str, Any]:
    """`claimed`, `counted` and `bill` of a run's `cost`; empty where no tokenizer is known.

    A claim between its bounds counts as right. Dollars are None without a price of the model.
    """
    ledger = [e for e in noted(exchanges, profile) if e.prompt and e.output]
    foreign_models = {m for m in {e.model for e in ledger} if foreign([e for e in ledger if e.model == m])}  # fmt: skip
    ledger = [e for e in ledger if e.model not in foreign_models]
    if not ledger:
        return {}
    keys = dict.fromkeys((e.model, str(e.endpoint), e.streamed) for e in ledger)
    rows = []
    for model, endpoint, streamed in sorted(keys):
        mine = [
            e for e in ledger if (e.model, e.endpoint, e.streamed) == (model, endpoint, streamed)
        ]
        where = {"model": model, "endpoint": endpoint, "streamed": streamed, "answers": len(mine)}
        rows.append({**where, **_sums(mine, profile)})
    whole = _sums(ledger, profile)
    percent = whole.pop("percent")
    about = {"answers": len(ledger), "percent": percent, "sentence": _sentence(whole, percent)}
    return {**whole, "bill": {**about, "rows": rows}}


def _sums(ledger: Sequence[Entry], profile: Profile) -> dict[str, Any]:
    claimed = [(e, e.prompt_claimed, e.output_claimed) for e in ledger]
    counted = [
        (e, _nearest(e.prompt, e.prompt_claimed), _nearest(e.output, e.output_claimed))
        for e in ledger
    ]
    found: dict[str, Any] = {}
    for name, some in (("claimed", claimed), ("counted", counted)):
        prices = [_usd(profile.price(e.model), prompt, output) for e, prompt, output in some]
        known = [usd for usd in prices if usd is not None]
        found[name] = {
            "prompt_tokens": sum(prompt for _, prompt, _ in some),
            "completion_tokens": sum(output for _, _, output in some),
            "usd": round(float(sum(known)), 6) if len(known) == len(some) else None,
        }
    found["percent"] = _percent(found["claimed"], found["counted"])
    return found


def _nearest(bounds: Bounds | None, claimed: int) -> int:
    return claimed if bounds is None else min(max(claimed, bounds.low), bounds.high)


def _usd(price: Price | None, prompt: int, output: int) -> Decimal | None:
    return None if price is None else (prompt * price.input + output * price.output) / MILLION


def _percent(claimed: dict[str, Any], counted: dict[str, Any]) -> float:
    """The difference in dollars, else in tokens."""
    if claimed["usd"] is not None and counted["usd"]:
        return round(100 * (float(claimed["usd"]) / float(counted["usd"]) - 1), 2)
    names = ("prompt_tokens", "completion_tokens")
    one, two = (sum(side[name] for name in names) for side in (claimed, counted))
    return round(100 * (one / two - 1), 2) if two else 0.0


def _sentence(whole: dict[str, Any], percent: float) -> str:
    if whole["claimed"] == whole["counted"]:
        return "billed what was used, to the token"
    dearer = "more" if percent >= 0 else "less"
    usd = whole["claimed"]["usd"], whole["counted"]["usd"]
    money = f" (${usd[0]:.4f} for ${usd[1]:.4f})" if None not in usd else ""
    return f"billed {abs(percent):.1f} % {dearer} than was used{money}"
