"""`python -m conformance`: judge recordings, tap live traffic, scrub recordings, write a profile."""

import argparse
import sys
from typing import Any, NoReturn

from conformance.offline import command as judge
from conformance.offline import scrub
from conformance.running import init_command as init
from conformance.tap import command as tap
from reports.document import parse
from reports.folder import write_all
from reports.html import html

USAGE_ERROR = 2

ABOUT = """\
Verdicts on traffic that is already there. To judge a server by sending requests, run pytest
(`pytest --base-url URL`)."""


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: {message} (see {self.prog} --help)\n")


def page(document: dict[str, Any]) -> str:
    return html(parse(document))


def parser() -> Parser:
    """The command line: one command a module."""
    root = Parser(prog="python -m conformance", description=ABOUT)
    commands = root.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for module in (judge, tap, scrub, init):
        module.add_parser(commands)
    root.set_defaults(page=page, write_all=write_all)
    return root


def main(words: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    arguments = parser().parse_args(words)
    try:
        code: int = arguments.run(arguments)
    except KeyboardInterrupt:
        return USAGE_ERROR
    except BrokenPipeError:  # `… | head`
        sys.stderr.close()
        return USAGE_ERROR
    return code


if __name__ == "__main__":
    sys.exit(main())
