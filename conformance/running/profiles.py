"""Reads profiles from TOML: the border where a user's file is checked."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conformance.judging.area import Catalogue
from conformance.judging.level import Relevel
from conformance.judging.profile import KEY_VARIABLES, Known, Price, Profile, Sold
from conformance.judging.requirement import Level
from conformance.running.planned import probes, properties
from conformance.running.profile_entries import (
    ENTRIES,
    KEY_KINDS,
    KNOWN,
    PRICE,
    BadEntryError,
    entries,
)
from wire.secret import Secret

FOLDER = Path(__file__).parents[1] / "profiles"


class ProfileError(ValueError):
    """A profile that cannot be used; the message names the file and the entry."""


def key_of(
    profile: Profile, kind: str, environment: Mapping[str, str] = os.environ
) -> Secret | None:
    """The key of a kind from the environment, or None."""
    for variable in profile.key_variables.get(kind, ()):
        if value := environment.get(variable, "").strip():
            return Secret(value)
    return None


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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
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
    """The profile of a file's entries; the first one that is not as it should be is named."""
    try:
        values = {"name": path.stem, **entries(document, ENTRIES)}
        values["prices"] = {
            model: Price(**entries(row, PRICE, f"prices.{model}", whole=True))
            for model, row in values.get("prices", {}).items()
        }
        values["sold"] = {model: Sold(**row) for model, row in values.get("sold", {}).items()}
        values["levels"] = tuple(_relevel(row) for row in values.get("levels", ()))
        values["known"] = tuple(
            Known(**entries(row, KNOWN, f"known[{index}]"))
            for index, row in enumerate(values.get("known", ()))
        )
        variables = {
            kind: (names,) if isinstance(names, str) else names
            for kind, names in entries(
                values.get("key_variables", {}), KEY_KINDS, "key_variables"
            ).items()
        }
        values["key_variables"] = {**KEY_VARIABLES, **variables}
        return Profile(**values)
    except BadEntryError as error:
        raise ProfileError(f"--profile {path}: {error}") from error
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, re.error) as error:
        raise ProfileError(f"--profile {path}: {type(error).__name__} {error}") from error


def refuse_unknown(profile: Profile, catalogue: Catalogue) -> None:
    """Raise `ProfileError` for claims and requirements that nothing in the catalogue knows."""
    sent = (*probes(catalogue).values(), *(p.probe for p in properties(catalogue).values()))
    rows = catalogue.requirements
    features = {row.feature for row in rows.values()} | {probe.feature for probe in sent}
    for claim in (*profile.claims, *profile.unclaimed):
        stem = claim.removesuffix(".*")
        if stem not in features and not any(fnmatchcase(name, claim) for name in features):
            raise ProfileError(
                f"profile {profile.name}: nothing depends on the claim {claim!r}"
                f"{_nearest(claim, features)} (--list-requirements shows the features)"
            )
    for entry in profile.known:
        if entry.requirement not in rows:
            raise ProfileError(
                f"profile {profile.name}: known deviation of {entry.requirement!r}, "
                f"which is no requirement{_nearest(entry.requirement, rows)}"
            )


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, [name for name in known if name], 1)
    return f" (did you mean {near[0]!r}?)" if near else ""
