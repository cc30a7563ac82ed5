"""Reads profiles from TOML: the border where a user's file is checked."""

import os
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conformance.judging.level import Relevel
from conformance.judging.profile import KEY_VARIABLES, Known, Price, Profile, Sold
from conformance.judging.requirement import Level

FOLDER = Path(__file__).parents[1] / "profiles"


class ProfileError(ValueError):
    """A profile that cannot be used; the message names the file and the entry."""


def key_of(profile: Profile, kind: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key of a kind from the environment, or None."""
    for variable in profile.key_variables.get(kind, ()):
        if value := environment.get(variable, "").strip():
            return value
    return None


_KEYS = {
    "name", "models", "claims", "unclaimed", "hosts", "prices", "balance_path", "balance_field",
    "balance_scale", "balance_step", "no_credit_status", "no_credit_code", "key_variables", "known", "levels", "sold",
    "concurrency", "timeout_s", "scripted",
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


def _relevel(row: dict[str, Any]) -> Relevel:
    values = {**row, "level": Level(row["level"]), "requirements": tuple(row["requirements"])}
    values["but"] = tuple(row.get("but", ()))
    for name in ("where", "expected", "found"):
        re.compile(row.get(name, ""))
    if not str(row["reason"]).strip():
        raise ValueError(f"levels: {row['requirements']} without a reason")
    return Relevel(**values)


def _profile(path: Path, document: dict[str, Any]) -> Profile:
    if unknown := sorted(set(document) - _KEYS):
        raise ProfileError(f"--profile {path}: unknown entry {unknown[0]!r}")
    try:
        values = dict(document)
        values.setdefault("name", path.stem)
        for key in ("balance_scale", "balance_step"):
            if key in values:
                values[key] = Decimal(str(values[key]))
        for key in ("models", "claims", "unclaimed", "hosts", "no_credit_status", "no_credit_code"):
            if key in values:
                values[key] = tuple(values[key])
        values["prices"] = {
            model: Price(*(Decimal(str(row[k])) for k in ("input", "cached", "output")))
            for model, row in values.get("prices", {}).items()
        }
        values["sold"] = {model: Sold(**row) for model, row in values.get("sold", {}).items()}
        values["known"] = tuple(Known(**row) for row in values.get("known", ()))
        values["levels"] = tuple(_relevel(row) for row in values.get("levels", ()))
        variables = {
            kind: (names,) if isinstance(names, str) else tuple(names)
            for kind, names in values.get("key_variables", {}).items()
        }
        values["key_variables"] = {**KEY_VARIABLES, **variables}
        return Profile(**values)
    except (KeyError, TypeError, ValueError, ArithmeticError, re.error) as error:
        raise ProfileError(f"--profile {path}: {type(error).__name__} {error}") from error
