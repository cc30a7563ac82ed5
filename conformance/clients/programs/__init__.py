"""The clients themselves, headless: what is installed, one task given to one of them, and whether it was done."""

from typing import Final

from conformance.clients.programs import (
    cline,
    codex,
    codex_app,
    continue_cli,
    roo,
    sdk_node,
    sdk_python,
)
from conformance.clients.programs.program import Program

PROGRAMS: Final[tuple[Program, ...]] = (
    codex.PROGRAM, codex_app.PROGRAM, cline.PROGRAM, roo.PROGRAM, continue_cli.PROGRAM,
    sdk_python.PROGRAM, sdk_node.PROGRAM,
)  # fmt: skip
