"""A client program: how it is found, one task given to it, and whether that was done."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[3]
POLL_S: Final = 0.5
# What servers are known to spoil: accents, joined emoji, spaces, line ends, separators, markup.
_TRICKY: Final = "é e\u0301 世界\n\n  <b>&amp; 👩\u200d🚀\u2028 end"
# Nothing of what a client sends may leave the machine; these stop what asks before it calls home.
QUIET: Final = {
    "CI": "1",
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "NO_COLOR": "1",
}


def home() -> Path:
    """The folder that `npm install --prefix` filled: CLIENTS_HOME, or `.clients` here or in the checkout."""
    if given := os.environ.get("CLIENTS_HOME"):
        return Path(given)
    here = Path.cwd() / ".clients"
    return here if here.is_dir() else CHECKOUT / ".clients"


@dataclass(frozen=True)
class Task:
    """A command for the shell, and what it prints. The request does not hold the answer."""

    command: str
    said: str
    is_exact: bool
    """Whether the model only repeats: then every character of the answer is known."""


HARD: Final = Task(f'echo "pong-$((40+2)) {_TRICKY}"', f"pong-42 {_TRICKY}", is_exact=True)
"""For the scripted model."""
ANY_MODEL: Final = Task('echo "pong-$((40+2))"', "pong-42", is_exact=False)
"""For a model that may say more than it was asked for."""


@dataclass(frozen=True)
class Target:
    """Where a client is to go, and the folder that is all it has."""

    base_url: str
    key: str
    folder: Path
    model: str = "gpt-5.5"
    task: Task = HARD
    endpoints: frozenset[str] = frozenset({"chat", "responses", "models"})
    """What the target claims to serve."""
    must_stop: Callable[[], bool] = lambda: False
    """Asked while the client runs: true when it has used what it may."""


@dataclass(frozen=True)
class Outcome:
    """Whether the task was done, and what the user saw where it was not."""

    works: bool
    saw: str = ""


@dataclass(frozen=True)
class Program:
    """One client: `name` as in clients.toml, `slug` as in `--clients`, the npm or PyPI package it is."""

    name: str
    slug: str
    version: str
    package: str
    file: str
    """What has to be there below `node_modules`; empty for a package of Python."""
    install: str
    run: Callable[[Target], Outcome]
    task: str
    endpoints: frozenset[str]
    """Any of them is enough."""
    tokens: tuple[int, int]
    """Prompt and output of the task for any model, all its requests: what is held back for it."""

    @property
    def found(self) -> Path | None:
        """The program's file, or None."""
        if not self.file:
            try:
                return Path(str(importlib.metadata.distribution(self.package).locate_file("")))
            except importlib.metadata.PackageNotFoundError:
                return None
        path = module(self.file)
        if path.exists():
            return path
        known = shutil.which(path.name) if path.parent.name == ".bin" else None
        return Path(known) if known else None

    @property
    def missing(self) -> str:
        """Why it cannot be driven, or nothing."""
        return "" if self.found else f"{self.name} is not installed: {self.install}"

    @property
    def installed_version(self) -> str:
        """The version that is there, or nothing."""
        if not self.file:
            return importlib.metadata.version(self.package) if self.found else ""
        manifest = home() / "node_modules" / self.package / "package.json"
        if not module(self.file).exists() or not manifest.is_file():
            return ""
        return str(json.loads(manifest.read_text(encoding="utf-8")).get("version", ""))


def module(file: str) -> Path:
    """A file below `node_modules`."""
    return home() / "node_modules" / file


def binary(name: str) -> str:
    """The program's path: of the folder of clients, or of the machine."""
    path = module(f".bin/{name}")
    return str(path) if path.exists() else shutil.which(name) or str(path)


def npm(packages: str) -> str:
    """The line that installs packages; two clients disagree about versions that nothing here needs."""
    return f"npm install --prefix .clients --legacy-peer-deps {packages}"


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code (None: it had to be killed), what it wrote."""

    code: int | None
    out: str
    err: str = field(repr=False, default="")


def kept_environment() -> dict[str, str]:
    """What a client inherits: no keys, no proxies, no settings of whoever runs it."""
    return {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}


def run_program(
    words: list[str], target: Target, env: Mapping[str, str], seconds: float, stdin: str = ""
) -> Ended:
    """Run a client in its folder, with a HOME of its own; it ends with the time it was given."""
    folder = target.folder / "home"
    work = target.folder / "work"
    folder.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    given = target.folder / "stdin"
    given.write_text(stdin, encoding="utf-8")
    with given.open("rb") as words_in:
        process = subprocess.Popen(  # noqa: S603 - a client that the user named
            words, cwd=work, env={**kept_environment(), **QUIET, "HOME": str(folder), **env},
            stdin=words_in, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            encoding="utf-8", errors="replace", start_new_session=True,
        )  # fmt: skip
    until = time.monotonic() + seconds
    try:
        while True:
            try:
                out, err = process.communicate(timeout=POLL_S)
                return Ended(process.returncode, out, err)
            except subprocess.TimeoutExpired:
                if time.monotonic() > until or target.must_stop():
                    break
    finally:
        # Clients start programs of their own, which hold the pipes; the session is theirs alone.
        kill(process)
    out, err = process.communicate()
    return Ended(None, out, err)


def kill(process: "subprocess.Popen[str]") -> None:
    """End a client that we started, with whatever it started itself."""
    if process.poll() is None:
        os.killpg(process.pid, 9)
