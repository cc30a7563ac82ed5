"""`oaiconf COMMAND …`: every part of the suite from one command, wherever it is installed."""

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from oaiconf.home import enter

COULD_NOT_RUN: Final = 2
USAGE_ERROR: Final = 4


def main(words: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    enter()
    from oaiconf.commands import COMMANDS, usage
    from oaiconf.config import ConfigError, read
    from oaiconf.config import words as words_of

    name, *rest = (list(sys.argv[1:] if words is None else words)) or ["--help"]
    try:
        if name in {"-h", "--help", "help"}:
            print(usage())
            return 0
        if name in {"-V", "--version"}:
            from conformance.running.document import SUITE_NAME, suite_version

            print(SUITE_NAME, suite_version())
            return 0
        if name not in COMMANDS:
            near = get_close_matches(name, COMMANDS, n=1)
            guess = f"did you mean {near[0]}?" if near else "oaiconf --help lists the commands"
            if "://" in name:
                guess = f"did you mean: oaiconf run {name}"
            print(f"oaiconf: no command {name}; {guess}", file=sys.stderr)
            return USAGE_ERROR
        if name != "run":  # which has targets, too
            config = read(None, Path.cwd(), tuple(COMMANDS))
            rest = [*words_of(config.commands.get(name, {}), rest), *rest]
        return COMMANDS[name].run(name, rest)
    except ConfigError as error:
        print(f"oaiconf {name}: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return COULD_NOT_RUN
    except BrokenPipeError:  # `… | head`: a run that nobody listens to any more was not finished
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return COULD_NOT_RUN if name in COMMANDS else 0


if __name__ == "__main__":
    sys.exit(main())
