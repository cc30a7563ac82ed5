"""Signals that end a run: it ends with its report, and a second one does not keep that from being written."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import Final

ENDS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def ended_by_signals(task: "asyncio.Future[None]") -> Iterator[None]:
    """While inside, the signals that end a run cancel the task; afterwards they do what they did."""
    loop = asyncio.get_running_loop()
    before = {}
    for number in ENDS:
        with contextlib.suppress(ValueError, NotImplementedError, RuntimeError):
            before[number] = signal.getsignal(number)
            loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(ValueError, NotImplementedError, RuntimeError, TypeError):
                loop.remove_signal_handler(number)
                signal.signal(number, handler)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """While inside, such a signal does nothing; only the main thread can have it so."""
    before = {}
    with contextlib.suppress(ValueError):
        for number in ENDS:
            before[number] = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
