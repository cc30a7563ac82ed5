"""What the suite stands on: locked with hashes, under licences that are known."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply.lock import LOCK, wanted

TEXT = LOCK.read_text(encoding="utf-8")
LOCKED = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", TEXT, re.MULTILINE))
ALLOWED = set(tomllib.loads((Path(__file__).parent / "licences.toml").read_text())["allowed"])


@pytest.mark.parametrize("row", wanted())
def test_what_pyproject_wants_is_locked_in_its_range(row):
    requirement = Requirement(row)
    version = LOCKED.get(canonicalize_name(requirement.name))
    assert version, f"{row} is not in requirements.lock: python -m tests.supply.lock"
    assert requirement.specifier.contains(version), f"{row}: the lock has {version}"


def test_every_package_has_hashes():
    entries = re.split(r"\n(?=[A-Za-z0-9])", TEXT.partition("\n")[2].strip())
    assert len(entries) == len(LOCKED) > 40
    assert [entry.partition(" ")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def licences(about):
    """As the package states them: an SPDX expression, else classifiers, else the first line of a text."""
    if expression := about.get("License-Expression"):
        return {word.strip("() ") for word in re.split(r"\bAND\b|\bOR\b|\bWITH\b", expression)}
    classified = [
        c.rpartition(" :: ")[2]
        for c in about.get_all("Classifier") or []
        if c.startswith("License :: ")
    ]
    return set(classified) or {(about.get("License") or "none stated").splitlines()[0].strip()}


def installed():
    for name in LOCKED:
        try:
            yield metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform


def test_licences_are_on_the_list():
    seen = {about["Name"]: licences(about) for about in installed()}
    assert len(seen) > 40
    assert {name: found - ALLOWED for name, found in seen.items() if found - ALLOWED} == {}


def test_a_licence_that_is_not_on_the_list_is_found():
    about = metadata.metadata("pytest")
    del about["License-Expression"]
    about["License-Expression"] = "MIT AND AGPL-3.0-only"
    assert licences(about) - ALLOWED == {"AGPL-3.0-only"}
