"""Where the rooms are, and how they become importable: in the suite's own processes only.

In a checkout `conformance`, `gateway`, `load`, `reports`, `schemas` and `wire` stand at the top. The
wheel has them below `oaiconf/rooms`, as a small checkout: nobody else's `schemas` or `load` is
hidden by them, and they are never taken for somebody else's. The command puts that folder first on
the path of its own process and of those that it starts.
"""

import os
import sys
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent
_INSIDE: Final = PACKAGE / "rooms"
INSTALLED: Final = (_INSIDE / "conformance").is_dir()
HOME: Final = _INSIDE if INSTALLED else PACKAGE.parent


def enter() -> None:
    """Put the rooms first on the path, here and in processes that start from here.

    The working directory leaves the path: a `schemas.py` of the user's is not ours.
    """
    here = str(HOME)
    elsewhere = {"", str(Path.cwd()), here}
    sys.path[:] = [here, *(entry for entry in sys.path if entry not in elsewhere)]
    others = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and p != here]
    os.environ["PYTHONPATH"] = os.pathsep.join([here, *others])
