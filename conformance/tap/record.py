"""The tap's record: a line on the terminal and a line in the file for each request."""

import gzip
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

from conformance.offline.request_keys import RequestKeys
from conformance.tap.open_exchange import OpenExchange
from wire.exchange import Ended, Exchange
from wire.jsonl import dump

PATH_WIDTH: Final = 80


class Recorder:
    """Writes what passed, keys taken out, beside the forwarding and in the order of the ends."""

    def __init__(self, path: Path, origin: str, profile: str | None = None) -> None:
        self.path = path
        self.count = 0
        self._origin = origin
        self._profile = profile
        self._keys_seen = RequestKeys()
        # The file belongs to its reader alone: prompts and answers are in it.
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _opened(path)
        path.chmod(0o600)
        self._session = time.strftime("%m%d%H%M%S")  # an existing file may be continued
        self._worker = ThreadPoolExecutor(1, "record")

    def record(self, exchange: OpenExchange) -> None:
        """A request is answered, or will not be any more."""
        self.count += 1
        name = f"tap-{self._session}-{self.count}"
        self._worker.submit(self._write, exchange, name)

    def judge_so_far(self) -> None:
        """Judge the file as it is now, in a process of its own: the traffic goes on."""
        self._worker.submit(self._judge)

    def close(self) -> None:
        self._worker.shutdown()
        self._file.close()

    def _write(self, passed: OpenExchange, name: str) -> None:
        try:
            exchange = self._keys_seen.redacted(passed.exchange(name, self._origin))
            self._file.write(dump(exchange).encode("ascii") + b"\n")
            self._file.flush()
            print(line_of(exchange, upgraded=passed.upgraded), flush=True)
        except Exception as error:  # noqa: BLE001 - the forwarding must not suffer
            print(f"tap: {name} is not recorded: {error}", file=sys.stderr, flush=True)

    def _judge(self) -> None:
        words = [sys.executable, "-m", "conformance", "judge", str(self.path), "--quiet"]
        words += ["--profile", self._profile] if self._profile else []
        if isinstance(self._file, gzip.GzipFile):
            self._file.close()  # a gzip file can be read once its member is whole
            self._file = _opened(self.path)
        subprocess.Popen(words)  # noqa: S603 - it ends by itself


def line_of(exchange: Exchange, *, upgraded: bool = False) -> str:
    """One request in one line."""
    reply, connection = exchange.reply, exchange.connection
    clock = time.strftime("%H:%M:%S", time.localtime(exchange.started_at))
    path = exchange.request.path
    path = path if len(path) <= PATH_WIDTH else f"{path[: PATH_WIDTH - 1]}…"
    words = [clock, exchange.request.method, path, str(reply.status or "no answer")]
    if upgraded:
        words.append("WebSocket passed through, not judged")
    elif reply.is_stream:
        words.append(f"{len(reply.events)} events")
    elif reply.status:
        words.append(f"{len(reply.body)} bytes")
    if reply.headers_at_ms is not None:
        words.append(f"headers {reply.headers_at_ms:.0f} ms")
    words.append(f"{(connection.total_ms or 0) / 1000:.2f} s")
    if connection.ended is not Ended.COMPLETE:
        words.append(f"{connection.ended.value}: {connection.error}")
    return " ".join(words)


def _opened(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.open(path, "ab")  # type: ignore[return-value]
    return path.open("ab")
