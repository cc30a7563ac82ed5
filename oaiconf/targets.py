"""`oaiconf run` with a config file: one target in this process, several each in one of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import Final

from oaiconf.config import Config, ConfigError, Target, taken, words

FOLDER: Final = "report-dir"
REPORTS: Final = "reports/out"
COULD_NOT_RUN: Final = 2


def run(config: Config, typed: Sequence[str], judge: Callable[[Sequence[str]], int]) -> int:
    """Judge the targets that were named, else all; the exit code is the gravest."""
    targets, rest = chosen(config, typed)
    if len(targets) > 1:
        return _each(config, targets, rest)
    for target in targets:
        _take_keys(config, target)
        said = words(_options(config, target), rest)
        print(f"{config.path}: {' '.join(said) or 'no options'}", file=sys.stderr)
        return judge([*said, *rest])
    return judge(rest)


def chosen(config: Config, typed: Sequence[str]) -> tuple[list[Target], list[str]]:
    """The targets, and the words that do not name them. Raises ConfigError for an unknown name."""
    if not config.targets:
        return [], list(typed)
    if any(word.startswith(("http://", "https://", "--base-url")) for word in typed):
        return [Target("", config.run)], list(typed)  # a server that the file does not know
    named = list(typed[: next((n for n, w in enumerate(typed) if w.startswith("-")), None)])
    named = named[: next((n for n, w in enumerate(named) if "/" in w), None)]  # ids of tests
    for name in named:
        if name not in config.targets:
            near = get_close_matches(name, config.targets, n=1)
            known = ", ".join(filter(None, config.targets)) or "none"
            guess = f"did you mean {near[0]}?" if near else f"it has {known}"
            raise ConfigError(f"{config.path}: no target {name}; {guess}")
    return [config.targets[n] for n in named or config.targets], list(typed[len(named) :])


def _each(config: Config, targets: Sequence[Target], typed: Sequence[str]) -> int:
    # The folder that was typed has one of its own for each target.
    folder, rest = taken(f"--{FOLDER}", typed)
    codes = {}
    with _passing_on() as passing:
        for target in targets:
            if passing.ended:
                codes[target.name] = COULD_NOT_RUN
                continue
            print(f"\n== {target.name}", flush=True)
            own = [f"--{FOLDER}={Path(folder) / target.name}"] if folder else []
            passing.process = subprocess.Popen(  # noqa: S603 - this command, for one target
                [sys.executable, "-m", "oaiconf", "run", f"--config={config.path}", target.name, *own, *rest],
            )  # fmt: skip
            code = passing.process.wait()
            # A process that a signal ended has a negative code.
            codes[target.name] = code if code >= 0 else COULD_NOT_RUN
    print("\n" + ", ".join(f"{name}: exit {code}" for name, code in codes.items()))
    return max(codes.values())


@dataclass
class Passing:
    """The run in progress, and whether the user wants no more."""

    process: subprocess.Popen[bytes] | None = None
    ended: bool = False

    def end(self, number: int, _: object) -> None:
        """Ctrl-C has reached the run itself already; any other signal is passed on."""
        self.ended = True
        if number != signal.SIGINT and self.process is not None:
            self.process.send_signal(number)


@contextmanager
def _passing_on() -> Iterator[Passing]:
    """A run that is told to end writes its report; it is waited for."""
    passing = Passing()
    before = {name: signal.signal(name, passing.end) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield passing
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def _options(config: Config, target: Target) -> dict[str, object]:
    options = dict(target.options)
    if len(config.targets) > 1 and target.name:
        options[FOLDER] = str(Path(str(options.get(FOLDER, REPORTS))) / target.name)
    return options


def _take_keys(config: Config, target: Target) -> None:
    """Put the target's keys where the suite looks for them, and take away what is not its own.

    With several targets a key that stands in the environment may be anybody's: only what the file
    gives a target is sent to it.
    """
    from conformance.judging.profile import KEY_VARIABLES

    found = {name: os.environ.get(source, "") for name, source in (target.keys or {}).items()}
    if target.keys is not None or (target.name and len(config.targets) > 1):
        for name in chain.from_iterable(KEY_VARIABLES.values()):
            os.environ.pop(name, None)
    os.environ.update({name: key for name, key in found.items() if key})
