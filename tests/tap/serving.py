"""A tap in a process of its own, upstreams in this one."""

import asyncio
import contextlib
import re
import signal
import ssl
import subprocess
import sys
import threading
from pathlib import Path

WAIT_S = 20


class Tap:
    """A running tap; `stop` gives its exit code, its output is in `output`."""

    def __init__(self, upstream, *words, env=None):
        command = [
            sys.executable,
            "-u",
            "-m",
            "conformance",
            "tap",
            "--upstream",
            upstream,
            "--port",
            "0",
            *words,
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
        )
        self.lines = []
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(WAIT_S), "the tap did not start"

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if "Ctrl-C" in line:
                self._ready.set()
        self._ready.set()

    @property
    def base(self):
        return re.search(r"http://\S+", self.output)[0]

    @property
    def port(self):
        return int(re.search(r"http://127\.0\.0\.1:(\d+)", self.output)[1])

    @property
    def output(self):
        return "\n".join(self.lines)

    async def until(self, pattern, seconds=WAIT_S, times=1):
        """Wait without holding up the upstream, which lives in this process."""
        await asyncio.to_thread(self.wait_for, pattern, seconds, times)

    async def end(self, number=signal.SIGTERM):
        return await asyncio.to_thread(self.stop, number)

    def wait_for(self, pattern, seconds=WAIT_S, times=1):
        waiting = threading.Event()
        for _ in range(int(seconds / 0.02)):
            if len(re.findall(pattern, self.output)) >= times:
                return
            waiting.wait(0.02)
        raise AssertionError(f"{pattern!r} does not appear in:\n{self.output}")

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(WAIT_S * 3)
        self._reader.join(WAIT_S)
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def tap(upstream, *words, env=None):
    running = Tap(upstream, *words, env=env)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
        running._reader.join(WAIT_S)
        running.process.stdout.close()


@contextlib.asynccontextmanager
async def upstream(answer, tls=None):
    """A server whose every connection `answer(reader, writer)` handles; yields its port."""

    async def handle(reader, writer):
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await answer(reader, writer)
        finally:
            writer.close()  # also when the loop ends before the connection does
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def records(path: Path):
    from wire import jsonl

    return list(jsonl.iter_file(path))
