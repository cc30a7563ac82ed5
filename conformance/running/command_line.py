"""The command of a run, as it can be shown and typed again: secrets are left out."""

import re
import shlex
from collections.abc import Sequence

SECRET = frozenset({"--header"})
CREDENTIALS = re.compile(r"//[^/@\s]+@")


def typed(arguments: Sequence[str], program: str = "pytest") -> str:
    """One line for a shell. Values of headers and credentials in URLs are dots."""
    words: list[str] = []
    before = ""
    for argument in arguments:
        option, equals, value = argument.partition("=")
        if before in SECRET:
            words.append(_named(argument))
        elif option in SECRET and equals:
            words.append(f"{option}={_named(value)}")
        else:
            words.append(CREDENTIALS.sub("//…@", argument))
        before = argument
    return f"{program} {shlex.join(words)}".rstrip()


def _named(header: str) -> str:
    return header.partition(":")[0] + ": …"
