"""`python -m tests.clients.newest [--install FOLDER]`: which versions the registries have by now.

One line a client: the version that the table was measured with, and the newest. With a folder the newest
are installed there (and the SDK for Python into this environment); `tox -e clients-newest` then drives them.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.clients.programs import PROGRAMS, codex_app, roo
from conformance.clients.programs.program import Program

SECONDS = 120
_LATEST = re.compile(r"\A\S+ \(([^)]+)\)")
# One package a line; Roo Code carries a version of its own, which nobody updates but Roo Code.
LOOKED_UP = tuple(p for p in PROGRAMS if p not in (codex_app.PROGRAM, roo.PROGRAM))


def said(words: Sequence[str]) -> str:
    """What a registry's client prints; the end of the programme when it cannot."""
    try:
        ended = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SystemExit(f"{words[0]}: {error}") from error
    if ended.returncode:
        raise SystemExit(f"{' '.join(words)}: {(ended.stderr or ended.stdout).strip()[-300:]}")
    return ended.stdout


def newest(program: Program) -> str:
    if program.file:
        return said(["npm", "view", program.package, "version"]).strip()
    # The first line is `openai (3.57.0)`; a pip that knows no `--json` prints it as well.
    told = said([sys.executable, "-m", "pip", "index", "versions", program.package])
    if not (found := _LATEST.search(told)):
        raise SystemExit(f"pip index versions {program.package}: {told.strip()[:300]}")
    return found[1]


def pinned(program: Program) -> str:
    """The number alone: some versions say more."""
    return program.version.partition(" ")[0]


def line(program: Program, latest: str) -> str:
    word = "as measured" if latest == pinned(program) else "newer than measured"
    return f"{program.name:<22}{pinned(program):<12}{latest:<12}{word}"


def install(latest: dict[str, str], folder: Path) -> None:
    packages = [f"{p.package}@{latest[p.slug]}" for p in LOOKED_UP if p.file]
    kept = roo.PROGRAM.install.rpartition(" ")[2]
    words = ["npm", "install", "--prefix", str(folder), "--legacy-peer-deps", *packages, kept]
    subprocess.run(words, check=True)
    for program in LOOKED_UP:
        if not program.file:
            name = f"{program.package}=={latest[program.slug]}"
            subprocess.run([sys.executable, "-m", "pip", "install", "-q", name], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.clients.newest", description=__doc__)
    parser.add_argument("--install", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    latest = {program.slug: newest(program) for program in LOOKED_UP}
    print(f"{'client':<22}{'measured':<12}{'newest':<12}")
    for program in LOOKED_UP:
        print(line(program, latest[program.slug]), flush=True)
    if options.install:
        install(latest, options.install)


if __name__ == "__main__":
    main()
