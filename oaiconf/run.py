"""`oaiconf run [URL]`: the conformance run, which is a session of pytest, without a checkout.

It is a session of its own: plugins that happen to be installed beside it, and what the environment
asks of the user's own tests, have no part in it. What is wanted is named with `-p`.
"""

import os
import re
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from oaiconf import targets
from oaiconf.commands import COMMANDS
from oaiconf.config import ConfigError, read, taken
from oaiconf.home import HOME, INSTALLED

PLUGINS: Final = {"xdist.plugin": "xdist", "allure_pytest.plugin": "allure_pytest"}
TESTS: Final = "conformance"
USAGE_ERROR: Final = 4
OF_OTHERS: Final = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")

ABOUT: Final = """\
Send a planned set of requests to URL, judge every answer, write a report with the evidence.
Without URL the reference gateway is judged. Keys come from the environment: CONFORMANCE_API_KEY,
else OPENAI_API_KEY; a server that wants no key needs none."""

EPILOG: Final = """\
Options may stand in conformance.toml, or in [tool.conformance] of pyproject.toml, of this folder (or in
--config FILE), also those of several targets: oaiconf run NAME… judges these, oaiconf run all of them.

Every option of pytest works too: -k chat.stream, -m "must and stream", -n 2, -x, --lf
(oaiconf run --help-pytest lists them).

exit code: 0 clean; 1 a requirement failed; 2 could not run; 4 wrong usage"""


def main(words: Sequence[str]) -> int:
    """Judge, and return pytest's exit code, which is the run's."""
    if "-h" in words or "--help" in words:
        print(_help())
        return 0
    try:
        given, rest = taken("--config", words)
        path = None if given is None else Path(given)
        return targets.run(read(path, Path.cwd(), tuple(COMMANDS)), rest, _judge)
    except ConfigError as error:
        print(f"oaiconf run: {error}", file=sys.stderr)
        return USAGE_ERROR


def _judge(words: Sequence[str]) -> int:
    for name in OF_OTHERS:
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # workers of -n hear it, too
    # What Hypothesis keeps does not belong into the user's folder.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(_cache() / "hypothesis"))
    import pytest

    sys.argv[0] = "oaiconf run"
    return int(pytest.main(pytest_words(words), plugins=[AsTyped(words)]))


class AsTyped:
    """A plugin: what is shown can be copied and typed again, wherever the package lies."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words

    def pytest_configure(self, config: Any) -> None:
        from conformance.state import COMMAND

        config.cwd_relative_nodeid = lambda name: name
        config.stash[COMMAND] = ("oaiconf run", self.words)


def pytest_words(words: Sequence[str]) -> list[str]:
    """The command line for pytest: ours, then the user's, then what is collected."""
    rest, tests = [], []
    for word, before in zip(words, ["", *words], strict=False):
        if word.startswith(f"{TESTS}/") and (HOME / word.partition("::")[0]).exists():
            # The id of a test, as a report prints it.
            tests.append(str(HOME / word))
        elif _is_target(word, before):
            rest.append(f"--base-url={word}")
        else:
            rest.append("--help" if word == "--help-pytest" else word)
    config = HOME / ("pytest.toml" if INSTALLED else "pyproject.toml")
    plugins = [p for p, module in PLUGINS.items() if find_spec(module)] + ["conformance.plugin"]
    return [
        *(part for plugin in plugins for part in ("-p", plugin)),
        *("-c", str(config), "--rootdir", str(HOME), "-o", f"cache_dir={_cache() / 'pytest'}"),
        *rest,
        *(tests or [str(HOME / TESTS)]),
    ]


def _is_target(word: str, before: str) -> bool:
    """A URL by itself, or any first word that is no option."""
    if before.startswith("--") and "=" not in before:
        return False  # its value
    return bool(re.match(r"https?://", word)) or (not before and not word.startswith("-"))


@cache
def _cache() -> Path:
    """Where pytest remembers what failed last, for `--lf`: neither in the package nor in the folder."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    base = Path(home) if home else Path.home() / ".cache"
    folder = base / "oaiconf"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    return folder if writable else Path(mkdtemp(prefix="oaiconf-"))


class _Group:
    """Takes options as pytest's parser does, and shows them."""

    def __init__(self, parser: ArgumentParser) -> None:
        self.parser = parser
        self.addoption = parser.add_argument

    def getgroup(self, *_: Any) -> "_Group":
        return self


def _help() -> str:
    from conformance import nightly
    from conformance.options import add_options

    parser = ArgumentParser(
        prog="oaiconf run",
        usage="oaiconf run [URL | TARGET …] [options]",
        description=ABOUT,
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    group: Any = _Group(parser)
    add_options(group)
    nightly.add_options(group)
    return parser.format_help()
