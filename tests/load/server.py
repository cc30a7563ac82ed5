"""A chat server whose truth is logged, in a process of its own: `with logged(slots=8, service_s=0.1) as server`.

It has so many slots, each answers one request after the other, in a fixed time, in so many chunks. What it
logs are its own stamps: when a request was there, when its first chunk went out, when its last.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class Served(NamedTuple):
    """Seconds of the wall clock. What is sent reaches the kernel between the two stamps of a span."""

    asked_at: float
    first: tuple[float, float]
    last: tuple[float, float]
    ended: tuple[float, float]

    def span_s(self):
        """The least and the most that can lie between the first content and the last."""
        return self.last[0] - self.first[1], self.last[1] - self.first[0]


@dataclass(frozen=True)
class Behaviour:
    slots: int = 1000
    service_s: float = 0.1  # of which the first half passes before the first chunk
    chunks: int = 8
    tokens_a_chunk: int = 1
    usage: bool = True
    done: bool = True
    finish: str = "stop"
    buffered: bool = False
    word: str = " word"


def event(payload):
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    line = b"data: %b\n\n" % data
    return b"%x\r\n%b\r\n" % (len(line), line)


def chunk(delta, finish=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event(
        {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [choice],
        }
    )


class Server:
    def __init__(self, how):
        self.how = how
        self.slots = asyncio.Semaphore(how.slots)
        self.log = []

    async def client(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lengths = [
                    line
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ]
                await reader.readexactly(int(lengths[0].split(b":")[1]) if lengths else 0)
                if head.startswith(b"GET /truth"):
                    body = json.dumps(self.log).encode()
                    writer.write(
                        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
                    )
                else:
                    await self.answer(writer, time.time())
        writer.close()

    async def answer(self, writer, asked_at):
        how = self.how
        async with self.slots:
            begun = time.monotonic()
            first_s = how.service_s / 2
            gap_s = how.service_s / 2 / how.chunks
            parts = [HEAD + chunk({"role": "assistant", "content": ""})] if not how.buffered else []
            stamps, held = [], [HEAD, chunk({"role": "assistant", "content": ""})]
            for part in parts:
                writer.write(part)
            for number in range(how.chunks):
                await asyncio.sleep(max(0.0, begun + first_s + number * gap_s - time.monotonic()))
                content = chunk({"content": how.word * how.tokens_a_chunk})
                before = time.time()
                if how.buffered:
                    held.append(content)
                else:
                    writer.write(content)
                stamps.append((before, time.time()))
            await asyncio.sleep(max(0.0, begun + how.service_s - time.monotonic()))
            tail = [chunk({}, how.finish)]
            if how.usage:
                n = how.chunks * how.tokens_a_chunk
                usage = {"prompt_tokens": 9, "completion_tokens": n, "total_tokens": 9 + n}
                tail.append(event({"id": "c", "model": "m", "choices": [], "usage": usage}))
            if how.done:
                tail.append(event(b"[DONE]"))
            before = time.time()
            writer.write(b"".join([*(held if how.buffered else []), *tail, b"0\r\n\r\n"]))
            self.log.append((asked_at, stamps[0], stamps[-1], (before, time.time())))


async def main(how):
    server = await asyncio.start_server(Server(how).client, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Logged:
    def __init__(self, port):
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self._truth = f"http://127.0.0.1:{port}/truth"

    def log(self):
        with urllib.request.urlopen(self._truth, timeout=10) as answer:
            return [Served(*one) for one in json.load(answer)]


@contextlib.contextmanager
def logged(**how):
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.load.server", json.dumps(asdict(Behaviour(**how)))],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Logged(int(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    asyncio.run(main(Behaviour(**json.loads(sys.argv[1]))))
