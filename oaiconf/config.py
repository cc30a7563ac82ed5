"""`conformance.toml`, or `[tool.conformance]` of `pyproject.toml`: what flags say, in a file.

```toml
max-cost = "0.50"                 # any option of `oaiconf run`, without its dashes
k = "chat or models"              # and of pytest: -k
strict-known = true               # a flag

[targets.staging]                 # several targets; each overrides what stands above
base-url = "https://staging.example.com/v1"
model = ["gpt-5.5"]               # an option that may be repeated
keys = { CONFORMANCE_API_KEY = "STAGING_KEY" }   # the variable that has the key here

[load]                            # options of another command
ttft-slo = 400
```

A value becomes words of the command line, in front of those that were typed; what was typed wins.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

FILE: Final = "conformance.toml"
KEYS: Final = "keys"
TARGETS: Final = "targets"

Table = Mapping[str, Any]


class ConfigError(ValueError):
    """A file that cannot be used; one line that names the file and the entry."""


@dataclass(frozen=True)
class Target:
    """One server of the file: its options, and where its keys are."""

    name: str
    options: Table
    keys: Mapping[str, str] | None = None
    """variable of the suite -> variable of this environment; None: as they are"""


@dataclass(frozen=True)
class Config:
    """What a file says; without a file, nothing."""

    path: Path | None = None
    run: Table = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    commands: Mapping[str, Table] = field(default_factory=dict)
    """options of `load`, `judge` and the others, by command"""


def read(given: Path | None, folder: Path, commands: Sequence[str]) -> Config:
    """The config of a folder, or of the file that was given. Raises ConfigError."""
    path = given
    if path is None:
        path = next((p for p in (folder / FILE, folder / "pyproject.toml") if p.is_file()), None)
        if path is None:
            return Config()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        if given is None and path.name == "pyproject.toml":
            return Config()  # somebody else's business
        said = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: {said}") from None
    if path.name == "pyproject.toml":
        document = document.get("tool", {}).get("conformance", {})
        if not document:
            return Config()
    return _config(path, document, commands)


def _config(path: Path, document: Table, commands: Sequence[str]) -> Config:
    run = {name: value for name, value in document.items() if not isinstance(value, dict)}
    known = {TARGETS, KEYS, *commands} - {"run"}
    for name in document.keys() - run.keys() - known:
        near = get_close_matches(name, known, n=1)
        guess = f"did you mean [{near[0]}]?" if near else f"tables are {', '.join(sorted(known))}"
        raise ConfigError(f"{path}: unknown table [{name}]; {guess}")
    common = _keys(path, document)
    targets = {}
    for name, table in document.get(TARGETS, {}).items():
        if not isinstance(table, dict) or not isinstance(table.get("base-url"), str):
            raise ConfigError(f"{path}: [{TARGETS}.{name}] names no base-url")
        keys = _keys(path, table)
        options = {n: v for n, v in table.items() if n != KEYS}
        targets[name] = Target(name, {**run, **options}, common if keys is None else keys)
    if targets and "base-url" in run:
        raise ConfigError(f"{path}: base-url stands above the targets, which have their own")
    if not targets:
        targets = {"": Target("", run, common)}
    others = {name: document[name] for name in known & document.keys() - {TARGETS, KEYS}}
    for name, table in (("", run), *others.items(), *((t.name, t.options) for t in targets.values())):  # fmt: skip
        _check(path, name, table)
    return Config(path, run, targets, others)


def _keys(path: Path, table: Table) -> Mapping[str, str] | None:
    keys = table.get(KEYS)
    if keys is None:
        return None
    if not isinstance(keys, dict) or not all(isinstance(v, str) for v in keys.values()):
        raise ConfigError(f'{path}: {KEYS} is a table of variables: CONFORMANCE_API_KEY = "NAME"')
    for name, variable in keys.items():
        # A key that was pasted into the file is not repeated in an error.
        if not variable.isidentifier():
            raise ConfigError(
                f"{path}: {KEYS}.{name} is no name of a variable; keys stand in the environment"
            )
    return keys


def _check(path: Path, name: str, table: Table) -> None:
    where = f"[{name}] " if name else ""
    for option, value in table.items():
        rows = value if isinstance(value, list) else [value]
        if not all(isinstance(row, str | int | float) for row in rows):
            raise ConfigError(f"{path}: {where}{option} is no value of an option")


def words(options: Table, typed: Sequence[str]) -> list[str]:
    """Options as words of a command line, without those that were typed."""
    said = {word.partition("=")[0] for word in typed if word.startswith("-")}
    found: list[str] = []
    for name, value in options.items():
        option = f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"
        if option in said or (len(name) == 1 and any(w.startswith(option) for w in said)):
            continue
        for row in value if isinstance(value, list) else [value]:
            if isinstance(row, bool):
                found += [option] * row
            elif len(name) == 1:
                found += [option, str(row)]
            else:
                found.append(f"{option}={row}")
    return found


def taken(option: str, typed: Sequence[str]) -> tuple[str | None, list[str]]:
    """The value of an option as it was typed last, None where it was not; and the other words."""
    value: str | None = None
    rest, left = [], iter(typed)
    for word in left:
        if word == option:
            value = next(left, "")
        elif word.startswith(f"{option}="):
            value = word.partition("=")[2]
        else:
            rest.append(word)
    return value, rest
