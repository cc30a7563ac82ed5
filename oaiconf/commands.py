"""The words after `oaiconf`, and what each of them runs."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

# How the rooms call themselves in a checkout, and what the same is called here.
NAMES: Final = {
    "python -m conformance": "oaiconf",
    "python -m reports": "oaiconf",
    "python -m gateway": "oaiconf gateway",
    "`pytest --record`": "`oaiconf run --record`",
    "run pytest\n(`pytest --base-url URL`)": "use\n`oaiconf run URL`",
}


@dataclass(frozen=True)
class Command:
    """One word: where its code is, and what it is for."""

    module: str
    """has `main(words) -> exit code`; with several commands also `parser()`, and hears the word"""
    about: str
    one_of_several: bool = False

    def exists(self, name: str) -> bool:
        """Whether the module knows the word."""
        if not self.one_of_several:
            return True
        actions = import_module(self.module).parser()._actions  # noqa: SLF001 - argparse tells nowhere else
        found = [a.choices for a in actions if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001
        return any(name in choices for choices in found)

    def run(self, name: str, words: Sequence[str]) -> int:
        """Do it, and return the exit code."""
        heard = [name, *words] if self.one_of_several else list(words)
        _call_by_our_name()
        code: int = import_module(self.module).main(heard)
        return code


_OFFLINE: Final = "conformance.__main__"
_REPORTS: Final = "reports.__main__"

COMMANDS: Final = {
    "run": Command("oaiconf.run", "judge a server by sending requests"),
    "init": Command(_OFFLINE, "look at a server and write a profile for it", one_of_several=True),
    "judge": Command(_OFFLINE, "judge recordings: HAR files, cassettes, JSON Lines", one_of_several=True),
    "tap": Command(_OFFLINE, "forward live traffic, record it, judge it", one_of_several=True),
    "scrub": Command(_OFFLINE, "take keys, cookies and organisation ids out of recordings", one_of_several=True),
    "load": Command("oaiconf.load", "how fast a server streams, at a rate or for a number of users"),
    "gateway": Command("gateway.__main__", "serve the reference gateway, faultless or with named faults"),
    "compare": Command(_REPORTS, "what regressed between two runs", one_of_several=True),
    "history": Command(_REPORTS, "many nights of one target on one page", one_of_several=True),
    "fleet": Command(_REPORTS, "many targets side by side", one_of_several=True),
    "metrics": Command(_REPORTS, "runs as OpenMetrics text", one_of_several=True),
    "notify": Command(_REPORTS, "a run in five lines", one_of_several=True),
    "badge": Command(_REPORTS, "the verdict of a run as a badge", one_of_several=True),
    "annotations": Command(_REPORTS, "each cause of a run once, as a CI shows it", one_of_several=True),
    "html": Command(_REPORTS, "the page of a run document", one_of_several=True),
    "markdown": Command(_REPORTS, "the summary of a run document", one_of_several=True),
    "junit": Command(_REPORTS, "JUnit XML of a run document", one_of_several=True),
}  # fmt: skip


def _call_by_our_name() -> None:
    """Help and errors of the rooms name the command that was typed."""
    printed = argparse.ArgumentParser._print_message  # noqa: SLF001 - all that argparse says passes here

    def renamed(parser: argparse.ArgumentParser, message: str, file: Any = None) -> None:
        for there, here in NAMES.items():
            message = message.replace(there, here)
        printed(parser, message, file)

    argparse.ArgumentParser._print_message = renamed  # type: ignore[method-assign, assignment]  # noqa: SLF001


def usage() -> str:
    """The list of commands that this copy has."""
    lines = [
        "usage: oaiconf COMMAND [options]",
        "",
        "Says, with evidence, whether a server behaves like the OpenAI API, and how fast it streams.",
        "",
    ]
    lines += [f"  {n:12} {c.about}" for n, c in COMMANDS.items() if c.exists(n)]
    return "\n".join([*lines, "", "oaiconf COMMAND --help says more. Start with: oaiconf run URL"])
