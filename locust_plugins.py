"""Shows our options in `locust -f load/locustfile.py --help`.

With `--help` Locust prints and ends before it reads a locustfile. A module of this name is what it
imports before that, for options that come from elsewhere. Ours are added for our locustfile only.
"""

import os
import sys
from pathlib import Path
from typing import Any, Final

OURS: Final = Path(__file__).parent / "load" / "locustfile.py"


def asked_for_ours(words: list[str], environ: dict[str, str]) -> bool:
    """Whether a command line asks for help on our locustfile."""
    if not {"--help", "-h"} & set(words):
        return False
    named = [environ.get("LOCUST_LOCUSTFILE", "locustfile.py")]
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in {"-f", "--locustfile"}:
            named.append(following)
        elif word.startswith(("--locustfile=", "-f")):
            named.append(word.removeprefix("--locustfile=").removeprefix("-f"))
    files = [Path(name.strip()) for name in ",".join(named).split(",")]
    # By content: of an installed copy of ours and one in a checkout either may be named.
    return any(file.is_file() and file.read_bytes() == OURS.read_bytes() for file in files)


if asked_for_ours(sys.argv[1:], dict(os.environ)):
    from locust import events

    from load.options import add_options

    @events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
    def _options(parser: Any) -> None:
        add_options(parser)
