"""Profiles: what a target claims, as data. `conformance.running.profiles` reads them from TOML."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from conformance.judging.level import Relevel

KEY_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "main": ("CONFORMANCE_API_KEY", "OPENAI_API_KEY"),
    "other_tier": ("CONFORMANCE_OTHER_TIER_KEY",),
    "no_credit": ("CONFORMANCE_NO_CREDIT_KEY",),
    "revoked": ("CONFORMANCE_REVOKED_KEY",),
    "low_limit": ("CONFORMANCE_LOW_LIMIT_KEY",),
}


@dataclass(frozen=True)
class Price:
    """US dollars for one million tokens."""

    input: Decimal
    cached: Decimal
    output: Decimal


@dataclass(frozen=True)
class Sold:
    """What is sold under a model's name."""

    tokenizer: str
    """The published vocabulary that counts its tokens, such as o200k_base."""
    context: int | None = None
    """The tokens of prompt and answer that it takes at most."""


@dataclass(frozen=True)
class Known:
    """A deviation that the target's owner has acknowledged."""

    requirement: str
    reason: str
    model: str = ""


@dataclass(frozen=True)
class Profile:
    """Claims of a target. A feature is claimed when one of the `claims` globs matches it."""

    name: str
    models: tuple[str, ...] = ()
    claims: tuple[str, ...] = ("*",)
    unclaimed: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    prices: Mapping[str, Price] = field(default_factory=dict)
    sold: Mapping[str, Sold] = field(default_factory=dict)
    """By globs of models' names. Of other models nothing is claimed that could be counted."""
    balance_path: str = ""
    balance_field: str = ""
    """The member that tells the balance; dots go down into objects (`data.remaining`)."""
    balance_scale: Decimal = Decimal(1)
    """Dollars for one of its units; negative where it tells what was spent."""
    balance_step: Decimal = Decimal("0.000000001")
    """The smallest difference that the books can show, in dollars."""
    no_credit_status: tuple[int, ...] = ()
    """With what a key without credit is refused; any that no client mistakes when empty."""
    no_credit_code: tuple[str, ...] = ()
    key_variables: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: KEY_VARIABLES)
    known: tuple[Known, ...] = ()
    levels: tuple[Relevel, ...] = ()
    concurrency: int = 8
    context_tokens: int = 5_000
    """About so long is the prompt in which code words are hidden."""
    timeout_s: float = 60.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request; a value that begins with $ names a variable of the environment."""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    """Members for every request that generates: switches of a vendor."""
    scripted: bool = False
    """The target runs the reference gateway's scripted model, which obeys `[[…]]` directives."""

    def claims_feature(self, feature: str) -> bool:
        if not feature:
            return True
        if any(fnmatchcase(feature, pattern) for pattern in self.unclaimed):
            return False
        return any(fnmatchcase(feature, pattern) for pattern in self.claims)

    def variable(self, kind: str) -> str:
        """The variable to set for a kind of key, for messages."""
        names = self.key_variables.get(kind, ())
        return names[0] if names else f"a key of kind {kind}"

    def sells(self, model: str) -> Sold | None:
        """What is sold under a name: by the name itself, else by the first glob that has it."""
        if model in self.sold:
            return self.sold[model]
        return next((s for glob, s in self.sold.items() if fnmatchcase(model, glob)), None)

    def price(self, model: str) -> Price | None:
        """The price of a model; a dated snapshot costs what its alias costs."""
        names = sorted((n for n in self.prices if model.startswith(n)), key=len)
        return self.prices[names[-1]] if names else None
