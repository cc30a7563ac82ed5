"""Profiles: what a target claims, as TOML; the border where a user's file is checked."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FOLDER = Path(__file__).parents[1] / "profiles"

KEY_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "main": ("CONFORMANCE_API_KEY", "OPENAI_API_KEY"),
    "other_tier": ("CONFORMANCE_OTHER_TIER_KEY",),
    "no_credit": ("CONFORMANCE_NO_CREDIT_KEY",),
    "revoked": ("CONFORMANCE_REVOKED_KEY",),
    "low_limit": ("CONFORMANCE_LOW_LIMIT_KEY",),
}


class ProfileError(ValueError):
    """A profile that cannot be used; the message names the file and the entry."""


@dataclass(frozen=True)
class Price:
    """US dollars for one million tokens."""

    input: Decimal
    cached: Decimal
    output: Decimal


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
    balance_path: str = ""
    balance_field: str = ""
    key_variables: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: KEY_VARIABLES)
    known: tuple[Known, ...] = ()
    concurrency: int = 8
    timeout_s: float = 60.0
    scripted: bool = False
    """The target runs the reference gateway's scripted model, which obeys `[[…]]` directives."""

    def claims_feature(self, feature: str) -> bool:
        if not feature:
            return True
        if any(fnmatchcase(feature, pattern) for pattern in self.unclaimed):
            return False
        return any(fnmatchcase(feature, pattern) for pattern in self.claims)

    def key(self, kind: str, environment: Mapping[str, str] = os.environ) -> str | None:
        """The key of a kind from the environment, or None."""
        for variable in self.key_variables.get(kind, ()):
            if value := environment.get(variable, "").strip():
                return value
        return None

    def variable(self, kind: str) -> str:
        """The variable to set for a kind of key, for messages."""
        names = self.key_variables.get(kind, ())
        return names[0] if names else f"a key of kind {kind}"

    def price(self, model: str) -> Price | None:
        """The price of a model; a dated snapshot costs what its alias costs."""
        names = sorted((n for n in self.prices if model.startswith(n)), key=len)
        return self.prices[names[-1]] if names else None


_KEYS = {
    "name", "models", "claims", "unclaimed", "hosts", "prices", "balance_path", "balance_field",
    "key_variables", "known", "concurrency", "timeout_s", "scripted",
}  # fmt: skip


def load_profile(name: str) -> Profile:
    """A profile by name (`reference`, `codex`, `openai`) or from a TOML file."""
    path = FOLDER / f"{name}.toml"
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.toml")))
        raise ProfileError(f"--profile {name}: no such file, and no built-in profile ({known})")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"--profile {path}: {error}") from error
    return _profile(path, document)


def profile_for(base_url: str) -> Profile:
    """The profile whose `hosts` list the target's host, else `openai`."""
    host = urlsplit(base_url).hostname or ""
    for path in sorted(FOLDER.glob("*.toml")):
        profile = load_profile(path.stem)
        if any(fnmatchcase(host, pattern) for pattern in profile.hosts):
            return profile
    return load_profile("openai")


def _profile(path: Path, document: dict[str, Any]) -> Profile:
    if unknown := sorted(set(document) - _KEYS):
        raise ProfileError(f"--profile {path}: unknown entry {unknown[0]!r}")
    try:
        values = dict(document)
        values.setdefault("name", path.stem)
        for key in ("models", "claims", "unclaimed", "hosts"):
            if key in values:
                values[key] = tuple(values[key])
        values["prices"] = {
            model: Price(*(Decimal(str(row[k])) for k in ("input", "cached", "output")))
            for model, row in values.get("prices", {}).items()
        }
        values["known"] = tuple(Known(**row) for row in values.get("known", ()))
        variables = {
            kind: (names,) if isinstance(names, str) else tuple(names)
            for kind, names in values.get("key_variables", {}).items()
        }
        values["key_variables"] = {**KEY_VARIABLES, **variables}
        return Profile(**values)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ProfileError(f"--profile {path}: {type(error).__name__} {error}") from error
