"""`python -m tests.supply.lock`: writes requirements.lock anew, with uv.

The lock has what the two install commands of the README bring, with hashes, for any platform:
`pip install --require-hashes -r requirements.lock`, then `pip install --no-deps --no-build-isolation -e .`.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
HEAD = "# Written by `python -m tests.supply.lock`; what `pip install -e .` and `--group tests` bring.\n"


def wanted() -> list[str]:
    """The requirements of the project and of its group `tests`, without the project itself."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, groups = document["project"], document["dependency-groups"]

    def flat(rows: list[str]) -> Iterator[str]:
        for row in rows:
            ours = re.match(rf"{re.escape(project['name'])}\[(.*)\]$", row)
            if ours:
                for extra in ours[1].split(","):
                    yield from project["optional-dependencies"][extra]
            else:
                yield row

    return [*project["dependencies"], *flat(groups["tests"])]


def main() -> int:
    """Resolve anew; versions that are in the lock and still fit stay, unless `--upgrade` is given."""
    words = [
        "uv",
        "pip",
        "compile",
        "-q",
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
    ]
    words += [
        "--no-annotate",
        "--no-header",
        "--no-emit-index-url",
        *sys.argv[1:],
        "-o",
        str(LOCK),
        "-",
    ]
    done = subprocess.run(words, input="\n".join(wanted()), text=True, check=False, cwd=ROOT)
    if done.returncode == 0:
        LOCK.write_text(HEAD + LOCK.read_text(encoding="utf-8"), encoding="utf-8")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
