"""`oaiconf load`: a load session, which is a run of Locust, without a checkout."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from oaiconf.home import HOME

COULD_NOT_RUN: Final = 2
MISSING: Final = "load needs Locust: pip install 'openai-gateway-conformance[load]'"


def main(words: Sequence[str]) -> int:
    """Run Locust on our locustfile; it ends the process itself."""
    if not find_spec("locust"):
        print(f"oaiconf: {MISSING}", file=sys.stderr)
        return COULD_NOT_RUN
    os.environ.setdefault("LOAD_REPORT_DIR", str(Path.cwd() / "reports" / "out"))
    from locust.main import main as locust

    if {"-h", "--help"} & set(words):
        _show_our_options()
    sys.argv = ["oaiconf load", "-f", str(HOME / "load" / "locustfile.py"), *words]
    locust()  # type: ignore[no-untyped-call]
    return 0


def _show_our_options() -> None:
    """Locust prints its help and ends before it reads a locustfile."""
    from locust import events

    from load.options import add_options

    events.init_command_line_parser.add_listener(add_options)  # type: ignore[no-untyped-call]
