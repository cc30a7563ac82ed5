"""A driver: one real task given to one real client, and whether it was done."""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
HOME = Path(os.environ.get("CLIENTS_HOME", ROOT / ".clients"))
MODULES = HOME / "node_modules"
MODEL = "gpt-5.5"
# What servers are known to spoil: accents, joined emoji, spaces, line ends, separators, markup.
_TRICKY = "é e\u0301 世界\n\n  <b>&amp; 👩\u200d🚀\u2028 end"
SAID = f"pong-42 {_TRICKY}"
# The shell has to work it out: the request does not hold the answer.
COMMAND = f'echo "pong-$((40+2)) {_TRICKY}"'
# Nothing of what a client sends may leave the machine; these stop what asks before it calls home.
QUIET = {
    "CI": "1",
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "NO_COLOR": "1",
}


@dataclass(frozen=True)
class Target:
    """Where a client is to go, and the folder that is all it has."""

    base_url: str
    key: str
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """Whether the task was done, and what the user saw where it was not."""

    works: bool
    saw: str = ""


@dataclass(frozen=True)
class Driver:
    """One client: `name` as in clients.toml, the file without which it is not installed."""

    name: str
    version: str
    needs: Path
    install: str
    run: Callable[[Target], Outcome]
    task: str

    @property
    def missing(self) -> str:
        """Why it cannot be driven, or nothing."""
        return "" if self.needs.exists() else f"{self.needs} is not there: {self.install}"


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
    home = target.folder / "home"
    work = target.folder / "work"
    home.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    process = subprocess.Popen(
        words, cwd=work, env={**kept_environment(), **QUIET, "HOME": str(home), **env}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        # Clients start programs of their own, which hold the pipes; the session is theirs alone.
        os.killpg(process.pid, 9)
        out, err = process.communicate()
        return Ended(None, out, err)
    return Ended(process.returncode, out, err)
