"""`python -m reports`: turn a run document into a page, a summary, a badge, or compare two."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from reports import annotations, badge
from reports.compare import compare, report
from reports.document import Document, read
from reports.fields import UnreadableError
from reports.folder import write
from reports.html import html
from reports.junit import junit
from reports.markdown import markdown
from reports.nights import command as nights

RENDERERS: Final[dict[str, tuple[Callable[[Document], str], str]]] = {
    "html": (html, "one self-contained page with every failure and its transcript"),
    "markdown": (markdown, "a summary for a CI step or a pull request"),
    "junit": (junit, "JUnit XML with the requirement as a property"),
}
DESCRIPTION: Final = "Reads report.json of a conformance run and shows it in another form."
EPILOG: Final = (
    "Exit: 0 done, 1 something regressed (compare), 2 a file cannot be read or written, 4 usage."
)


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(4, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    root = Parser(prog="python -m reports", description=DESCRIPTION, epilog=EPILOG)
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, text) in RENDERERS.items():
        one = commands.add_parser(name, help=text, description=f"Writes {text}.", epilog=EPILOG)
        one.add_argument("file", type=Path, metavar="FILE", help="report.json of a run")
        _output(one)
    two = commands.add_parser("compare", help="what regressed between two runs", epilog=EPILOG)
    two.add_argument("before", type=Path, metavar="BEFORE", help="report.json of the earlier run")
    two.add_argument("now", type=Path, metavar="NOW", help="report.json of the later run")
    two.add_argument("--json", action="store_true", help="JSON instead of text")
    two.add_argument("--fail-on", choices=("must", "should"), default="must", help="which regressions exit with 1 (default: must)")  # fmt: skip
    _output(two)
    sign = commands.add_parser("badge", help="the verdict as a badge", epilog=EPILOG)
    sign.add_argument("file", type=Path, metavar="FILE", help="report.json of a run")
    sign.add_argument("--svg", action="store_true", help="an SVG (default: the endpoint JSON of shields.io, unless OUT ends in .svg)")  # fmt: skip
    _output(sign)
    marks = commands.add_parser(
        "annotations", help="each cause once, as a CI shows it", epilog=EPILOG
    )
    marks.add_argument("file", type=Path, metavar="FILE", help="report.json of a run")
    marks.add_argument("--form", choices=("github", "gitlab"), default="github", help="workflow commands of GitHub, or GitLab's code quality (default: github)")  # fmt: skip
    _output(marks)
    nights.add_parsers(commands, EPILOG)
    return root


def _output(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--out", type=Path, metavar="OUT", help="write here (default: standard output)")  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        text, code = nights.run(options) if options.command in nights.COMMANDS else _run(options)
        if not text:
            return code
        if options.out is None:
            sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
            sys.stdout.flush()
        else:
            write(options.out, text)
            if options.command in {"history", "fleet"}:
                print(options.out)
    except UnreadableError as error:
        print(f"reports: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        print(f"reports: {error.filename or options.out}: {error.strerror}", file=sys.stderr)
        return 2
    return code


def _run(options: argparse.Namespace) -> tuple[str, int]:
    if options.command == "compare":
        found = compare(read(options.before), read(options.now))
        text = (
            json.dumps(found.as_json(), ensure_ascii=False, indent=1) + "\n"
            if options.json
            else report(found)
        )
        return text, int(found.failed(strict=options.fail_on == "should"))
    document = read(options.file)
    if options.command == "badge":
        drawn = options.svg or (options.out is not None and options.out.suffix == ".svg")
        return (badge.svg if drawn else badge.endpoint)(document), 0
    if options.command == "annotations":
        return (annotations.gitlab if options.form == "gitlab" else annotations.github)(document), 0
    return RENDERERS[options.command][0](document), 0


if __name__ == "__main__":
    sys.exit(main())
