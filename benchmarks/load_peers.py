"""Other ways to read chat streams, measured against the same paced server: a process of its own each.

    python load_peers.py NAME BASE_URL CONCURRENCY ROUNDS    (in a virtualenv that has the peers)

Each of CONCURRENCY readers streams ROUNDS answers, one after the other, started 2 ms apart. Prints one
JSON line: streams, events, processor seconds of the active phase, memory, times as the reader sees them.
"""

import asyncio
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("locust HttpUser", "locust FastHttpUser", "aiohttp lines", "httpx-sse")
NEEDS = ("locust==2.47.0", "aiohttp", "httpx", "httpx-sse")
STAGGER_S = 0.002
BODY = json.dumps({
    "model": "gpt-5.5", "stream": True, "stream_options": {"include_usage": True},
    "messages": [{"role": "user", "content": "hello world"}],
})  # fmt: skip
HEADERS = {"Content-Type": "application/json", "Accept": "text/event-stream"}
now = time.perf_counter


class Seen:
    """Times in milliseconds, as a reader sees them."""

    def __init__(self) -> None:
        self.ttft: list[float] = []
        self.gaps: list[float] = []
        self.events = self.streams = 0
        self.cpu = cpu()

    def stream(self, sent: float, stamps: list[float], events: int) -> None:
        self.streams += 1
        self.events += events
        if stamps:
            self.ttft.append((stamps[0] - sent) * 1e3)
            self.gaps += [(b - a) * 1e3 for a, b in itertools.pairwise(stamps)]

    def report(self) -> None:
        used = cpu() - self.cpu
        print(json.dumps({
            "streams": self.streams, "events": self.events, "cpu_s": used,
            "us_per_event": used * 1e6 / max(1, self.events),
            "us_per_request": used * 1e6 / max(1, self.streams),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "ttft_ms": points(self.ttft), "gap_ms": points(self.gaps),
        }))  # fmt: skip


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def points(values: list[float]) -> dict[str, float]:
    ordered = sorted(values) or [0.0]
    return {f"p{p}": ordered[min(len(ordered) - 1, len(ordered) * p // 100)] for p in (50, 99)}


def content(data: bytes | str) -> bool:
    choices = json.loads(data)["choices"]
    return bool(choices and choices[0].get("delta", {}).get("content"))


async def aiohttp_lines(url: str, concurrency: int, rounds: int, seen: Seen) -> None:
    """As vllm bench serve and sglang read."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=None)
    ) as session:

        async def reader(number: int) -> None:
            await asyncio.sleep(number * STAGGER_S)
            for _ in range(rounds):
                sent, stamps, events = now(), [], 0
                async with session.post(url, data=BODY, headers=HEADERS) as reply:
                    async for line in reply.content:
                        if line.startswith(b"data: "):
                            events += 1
                            if line[6:12] != b"[DONE]" and content(line[6:]):
                                stamps.append(now())
                seen.stream(sent, stamps, events)

        await asyncio.gather(*(reader(n) for n in range(concurrency)))


async def httpx_sse(url: str, concurrency: int, rounds: int, seen: Seen) -> None:
    import httpx
    from httpx_sse import aconnect_sse

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(timeout=None, limits=limits) as client:

        async def reader(number: int) -> None:
            await asyncio.sleep(number * STAGGER_S)
            for _ in range(rounds):
                sent, stamps, events = now(), [], 0
                async with aconnect_sse(
                    client, "POST", url, content=BODY, headers=HEADERS
                ) as source:
                    async for event in source.aiter_sse():
                        events += 1
                        if event.data != "[DONE]" and content(event.data):
                            stamps.append(now())
                seen.stream(sent, stamps, events)

        await asyncio.gather(*(reader(n) for n in range(concurrency)))


def locust_user(name: str, base_url: str, concurrency: int, rounds: int) -> None:
    """Locust's own users with their line readers, in Locust's own process and event loop."""
    import gevent
    from locust import FastHttpUser, HttpUser, constant, task
    from locust.env import Environment

    seen = Seen()
    base = HttpUser if name == "locust HttpUser" else FastHttpUser

    class Reader(base):  # type: ignore[misc,valid-type]
        host = base_url
        wait_time = constant(0)
        done = 0

        @task
        def read(self) -> None:
            if self.done >= rounds:
                gevent.sleep(3600)
            self.done += 1
            sent, stamps, events = now(), [], 0
            if base is HttpUser:
                with self.client.post(
                    "/chat/completions",
                    data=BODY,
                    headers=HEADERS,
                    stream=True,
                    catch_response=True,
                ) as reply:
                    for line in reply.iter_lines():
                        if line.startswith(b"data: "):
                            events += 1
                            if line[6:] != b"[DONE]" and content(line[6:]):
                                stamps.append(now())
            else:
                for line in self.client.iter_lines(
                    "/chat/completions", "POST", data=BODY, headers=HEADERS
                ):
                    if line.startswith("data: "):
                        events += 1
                        if line[6:].strip() != "[DONE]" and content(line[6:]):
                            stamps.append(now())
            seen.stream(sent, stamps, events)

    environment = Environment(user_classes=[Reader])
    runner = environment.create_local_runner()
    seen.cpu = cpu()
    runner.start(concurrency, spawn_rate=1 / STAGGER_S)
    while seen.streams < concurrency * rounds:
        gevent.sleep(0.05)
    seen.report()
    sys.stdout.flush()
    os._exit(0)


def peer(
    name: str, base_url: str, concurrency: int, rounds: int, *, first: bool = False
) -> dict[str, Any] | None:
    """Run one peer; None when it did not end within two minutes."""
    process = subprocess.Popen(
        [str(python()), __file__, name, base_url, str(concurrency), str(rounds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    from paced_server import CLIENT_CORE, prefer

    prefer(process.pid, first=first)
    os.sched_setaffinity(process.pid, {CLIENT_CORE})
    try:
        said, _ = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    return json.loads(said.strip().splitlines()[-1]) if said.strip() else None


def python() -> Path:
    """The interpreter that has the peers: `LOAD_PEERS_PYTHON`, or a virtualenv that is made now."""
    given = os.environ.get("LOAD_PEERS_PYTHON")
    if given:
        return Path(given)
    folder = Path(tempfile.gettempdir()) / "load-peers"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin/pip"), "install", "-q", *NEEDS], check=True)
        (folder / "ready").touch()
    return folder / "bin/python"


def main() -> None:
    name, base_url, concurrency, rounds = (
        sys.argv[1],
        sys.argv[2],
        int(sys.argv[3]),
        int(sys.argv[4]),
    )
    if name.startswith("locust"):
        locust_user(name, base_url, concurrency, rounds)
        return
    seen = Seen()
    reader = aiohttp_lines if name == "aiohttp lines" else httpx_sse
    asyncio.run(reader(f"{base_url}/chat/completions", concurrency, rounds, seen))
    seen.report()


if __name__ == "__main__":
    main()
