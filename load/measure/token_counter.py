"""Tokens of answers whose server says no usage: counted beside the run, where a vocabulary fits the model."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gevent
from gevent import subprocess

from load.transport.request import Arrival

ROOT: Final = Path(__file__).parents[2]
BATCH: Final = 200
MOST_WAITING: Final = 20_000  # more are let go uncounted: memory is bounded
IDLE_S: Final = 0.05


class TokenCounter:
    """Calls `counted` with each arrival, once, after its tokens are known or cannot be."""

    def __init__(self, model: str, counted: Callable[[Arrival], None]) -> None:
        self.vocabulary: str | None = None  # empty: none fits; None: not known yet
        self._model = model
        self._counted = counted
        self._waiting: list[Arrival] = []
        self._process: Any = None
        self._greenlet: gevent.Greenlet | None = None

    def count(self, arrival: Arrival) -> None:
        if self.vocabulary == "" or len(self._waiting) >= MOST_WAITING or not arrival.reader.text():
            self._counted(arrival)
            return
        self._waiting.append(arrival)
        if self._greenlet is None:
            self._greenlet = gevent.spawn(self._run)

    def finish(self, within_s: float) -> None:
        """Wait for what is still to be counted; what is late goes uncounted."""
        with gevent.Timeout(within_s, False):
            while self._waiting and self.vocabulary != "":
                gevent.sleep(IDLE_S / 5)
        if self._greenlet is not None:
            self._greenlet.kill()
        self._give_up()

    def _run(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "load.measure.count_tokens", self._model],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            self.vocabulary = json.loads(self._process.stdout.readline() or b'""')
            while self.vocabulary:
                batch = self._waiting[:BATCH]
                if not batch:
                    gevent.sleep(IDLE_S)
                    continue
                counts = self._ask([arrival.reader.text() for arrival in batch])
                del self._waiting[: len(batch)]
                for arrival, tokens in zip(batch, counts, strict=True):
                    arrival.counted = tokens
                    self._counted(arrival)
        except (OSError, ValueError):
            self.vocabulary = ""
        self._give_up()

    def _ask(self, texts: list[str]) -> list[int]:
        self._process.stdin.write(json.dumps(texts).encode() + b"\n")
        self._process.stdin.flush()
        return list(json.loads(self._process.stdout.readline()))

    def _give_up(self) -> None:
        """Let the process go, and everything that still waits."""
        process, self._process = self._process, None
        if process is not None:
            process.stdin.close()
            process.stdout.close()
            process.terminate()
            process.wait()
        waiting, self._waiting = self._waiting, []
        for arrival in waiting:
            self._counted(arrival)
