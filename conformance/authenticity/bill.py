"""The bill: tokens and dollars claimed over any number of answers, beside those that their texts account for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from conformance.authenticity.debit import Debit, debits
from conformance.authenticity.deviation import LEAST, SHARE
from conformance.authenticity.fingerprint import foreign
from conformance.authenticity.ledger import Entry, entry, noted
from conformance.judging.profile import Price, Profile
from wire.endpoint import Endpoint
from wire.exchange import Exchange
from wire.tokens.prompt import Bounds

MILLION: Final = Decimal(1_000_000)
WITNESSES: Final = 500
"""Answers of a model that tell whose tokenizer it has; more of them would say the same."""


class Key(NamedTuple):
    """What a row of the bill is about."""

    model: str
    endpoint: Endpoint
    streamed: bool


@dataclass
class Sum:
    """Tokens and dollars of some answers. `usd` is None once the price of one is not known."""

    prompt: int = 0
    output: int = 0
    usd: Decimal | None = Decimal(0)

    def add(self, prompt: int, output: int, price: Price | None) -> None:
        self.prompt += prompt
        self.output += output
        known = price is not None and self.usd is not None
        self.usd = self.usd + (prompt * price.input + output * price.output) / MILLION if known else None  # type: ignore[operator,union-attr]  # fmt: skip

    def merge(self, other: "Sum") -> None:
        self.prompt += other.prompt
        self.output += other.output
        known = self.usd is not None and other.usd is not None
        self.usd = self.usd + other.usd if known else None  # type: ignore[operator]

    def as_json(self) -> dict[str, Any]:
        usd = None if self.usd is None else round(float(self.usd), 6)
        return {"prompt_tokens": self.prompt, "completion_tokens": self.output, "usd": usd}


@dataclass
class Line:
    """One row: what was claimed, what was counted, in how many answers, and how many of them are off."""

    claimed: Sum = field(default_factory=Sum)
    counted: Sum = field(default_factory=Sum)
    answers: int = 0
    off: int = 0

    def add(self, e: Entry, price: Price | None) -> None:
        """A claim between its bounds counts as right."""
        prompt, output = _nearest(e.prompt, e.prompt_claimed), _nearest(e.output, e.output_claimed)
        self.claimed.add(e.prompt_claimed, e.output_claimed, price)
        self.counted.add(prompt, output, price)
        self.answers += 1
        self.off += (prompt, output) != (e.prompt_claimed, e.output_claimed)

    def merge(self, other: "Line") -> None:
        self.claimed.merge(other.claimed)
        self.counted.merge(other.counted)
        self.answers += other.answers
        self.off += other.off

    @property
    def percent(self) -> float:
        """The difference in dollars, else in tokens."""
        if self.claimed.usd is not None and self.counted.usd:
            return round(float(100 * (self.claimed.usd / self.counted.usd - 1)), 2)
        one, two = (side.prompt + side.output for side in (self.claimed, self.counted))
        return round(100 * (one / two - 1), 2) if two else 0.0

    def as_json(self) -> dict[str, Any]:
        sides = {"claimed": self.claimed.as_json(), "counted": self.counted.as_json()}
        return {"answers": self.answers, **sides, "percent": self.percent}

    @property
    def sentence(self) -> str:
        if not self.off:
            return "billed what was used, to the token"
        if self.off < max(LEAST, SHARE * self.answers):  # as the rules: single strays accuse nobody
            return f"billed what was used, but for {self.off} of {self.answers} answers"
        dearer = "more" if self.percent >= 0 else "less"
        usd = self.claimed.usd, self.counted.usd
        money = f" (${usd[0]:.4f} for ${usd[1]:.4f})" if None not in usd else ""
        digits = 1 if abs(self.percent) >= 0.1 else 2
        return f"billed {abs(self.percent):.{digits}f} % {dearer} than was used{money}"


class Bill:
    """Sums that do not grow with the number of answers."""

    def __init__(self) -> None:
        self._lines: dict[Key, Line] = {}
        self._witnesses: dict[str, list[Entry]] = {}

    def add(self, e: Entry, price: Price | None) -> None:
        witnesses = self._witnesses.setdefault(e.model, [])
        if len(witnesses) < WITNESSES:
            witnesses.append(e)
        if e.prompt and e.output:
            self._lines.setdefault(Key(e.model, e.endpoint, e.streamed), Line()).add(e, price)

    def note(self, x: Exchange, profile: Profile) -> None:
        """Add an exchange whose answer can be held against its texts."""
        if found := entry(x, profile):
            self.add(found, profile.price(found.model))

    def as_json(self, taken: Mapping[Key, Debit] | None = None) -> dict[str, Any]:
        """`claimed`, `counted` and `bill` of a run's `cost`; empty where no tokenizer is known.

        Models whose counts are another tokenizer's are left out: of their texts nothing is known.
        `taken` is what the balance fell by, where it was read around answers.
        """
        others = {model for model, mine in self._witnesses.items() if foreign(mine)}
        lines = {key: line for key, line in self._lines.items() if key.model not in others}
        if not lines:
            return {}
        whole, rows = Line(), []
        for key in sorted(lines):
            where = {"model": key.model, "endpoint": str(key.endpoint), "streamed": key.streamed}
            debit = (taken or {}).get(key)
            more = {"debit": debit.as_json()} if debit else {}
            rows.append({**where, **lines[key].as_json(), **more})
            whole.merge(lines[key])
        told = whole.as_json()
        about = {"answers": whole.answers, "percent": whole.percent, "sentence": whole.sentence}
        sides = {"claimed": told["claimed"], "counted": told["counted"]}
        return {**sides, "bill": {**about, "rows": rows}}


def bill(exchanges: Iterable[Exchange], profile: Profile) -> dict[str, Any]:
    """The bill of a run, with what its balance fell by where that was read."""
    exchanges = list(exchanges)
    whole = Bill()
    for e in noted(exchanges, profile):
        whole.add(e, profile.price(e.model))
    taken = {Key(*names): debit for names, debit in debits(exchanges, profile).items()}
    return whole.as_json(taken)


def _nearest(bounds: Bounds | None, claimed: int) -> int:
    return claimed if bounds is None else min(max(claimed, bounds.low), bounds.high)
