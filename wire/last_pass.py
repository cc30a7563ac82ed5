"""The last pass: what is printed, and what is written, once more without the secrets of the run.

Keys are taken out where bytes enter. This is for what nobody thought of: the text of a crash, a local
variable, a value that came by another way.
"""

import io
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from wire.redaction import Redactor


class RedactedStream(io.TextIOBase):
    """A text stream that takes secrets out of whatever is written to it.

    Nobody reading it any more ends no run: the report is still to be written.
    """

    def __init__(self, inner: Any, redactor: Redactor) -> None:
        self.inner = inner
        self._redactor = redactor

    def write(self, text: str) -> int:
        with suppress(BrokenPipeError):
            self.inner.write(self._redactor.text(text))
        return len(text)

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        with suppress(BrokenPipeError):
            self.inner.flush()

    def isatty(self) -> bool:
        return bool(self.inner.isatty())

    def fileno(self) -> int:
        return int(self.inner.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def without_secrets(value: Any, redactor: Redactor) -> Any:
    """A JSON value of which no string, and no name of a member, holds a secret."""
    return _cleaned(value, redactor) if redactor.finds(_texts(value)) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield str(name)
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def _cleaned(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, dict):
        return {
            redactor.text(name) if isinstance(name, str) else name: _cleaned(one, redactor)
            for name, one in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_cleaned(one, redactor) for one in value]
    return value


def scan(paths: Iterable[Path], redactor: Redactor) -> list[Path]:
    """Files that still held a secret. They are written again without it, or removed where that fails."""
    found = []
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError:
            continue
        clean = redactor.bytes(data)
        if clean == data:
            continue
        found.append(path)
        try:
            path.write_bytes(clean)
        except OSError:
            path.unlink(missing_ok=True)
    return found


def redact_output(redactor: Redactor) -> None:
    """From now on nothing that this process prints or logs holds a secret."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:
            stream = stream.inner if isinstance(stream, RedactedStream) else stream
            setattr(sys, name, RedactedStream(stream, redactor))
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if isinstance(handler, logging.StreamHandler) and handler.stream is not None:
            inner = handler.stream
            inner = inner.inner if isinstance(inner, RedactedStream) else inner
            handler.setStream(RedactedStream(inner, redactor))
