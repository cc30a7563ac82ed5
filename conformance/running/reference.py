"""Starts the reference gateway as a process of its own and stops exactly that process."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from wire.secret import Secret

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Reference:
    """A running reference gateway: its address and its keys by kind."""

    base_url: str
    keys: Mapping[str, str] = field(repr=False)


class NotStartedError(Exception):
    """The reference gateway did not start; the message is the last thing it said."""


@contextmanager
def reference_gateway(arguments: Sequence[str] = ()) -> Iterator[Reference]:
    """Run `python -m gateway` on a free loopback port; it ends with the context."""
    complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, with the process
    process = subprocess.Popen(  # noqa: S603 - our own module by our own interpreter
        [sys.executable, "-m", "gateway", "--with-parent", *arguments],
        cwd=ROOT,
        # Held open until we end, however that happens: then the gateway ends, too.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
        # Its own group: Ctrl-C reaches the run, which then still talks to its gateway.
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            process.wait(5)
            complaints.seek(0)
            said = complaints.read().decode("utf-8", "replace").strip().splitlines() or ["nothing"]
            raise NotStartedError(f"the reference gateway did not start: {said[-1]}")
        ready = json.loads(line)
        keys: dict[str, str] = {kind: Secret(key) for kind, key in ready["keys"].items()}
        keys["main"] = keys.pop("codex")
        yield Reference(ready["base_url"], keys)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        complaints.close()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
