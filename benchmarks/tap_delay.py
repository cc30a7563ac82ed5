"""What the tap adds to each chunk of a stream, against a direct connection.

The upstream writes the time into every chunk; the client subtracts it on arrival (one clock for
all processes of a machine). Streams go directly and through the tap in turns, so that whatever
else the machine does hits both alike.

    python benchmarks/tap_delay.py [--streams 20] [--chunks 100] [--at-once 1]
"""

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import threading
import time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
STAMP = re.compile(rb"data: (\d+)")
PAUSE_S = 0.003
FILLING = b" " * 200


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        chunks = int(re.search(rb"chunks=(\d+)", head)[1])  # type: ignore[index]
        writer.write(HEAD)
        for _ in range(chunks):
            await asyncio.sleep(PAUSE_S)
            event = b"data: %d%s\n\n" % (time.monotonic_ns(), FILLING)
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
        writer.write(b"0\r\n\r\n")


async def serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def stream(port: int, chunks: int) -> list[float]:
    """Milliseconds from the upstream's write to arrival, for each chunk."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /v1/models?chunks=%d HTTP/1.1\r\nHost: x\r\n\r\n" % chunks)
    delays: list[float] = []
    while len(delays) < chunks:
        data = await reader.read(1 << 16)
        at = time.monotonic_ns()
        delays += [(at - int(stamp)) / 1e6 for stamp in STAMP.findall(data)]
    writer.close()
    return delays


async def compare(
    direct: int, tapped: int, streams: int, chunks: int, at_once: int
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"direct": [], "tap": []}
    for _ in range(streams):
        for name, port in (("direct", direct), ("tap", tapped)):
            for delays in await asyncio.gather(*(stream(port, chunks) for _ in range(at_once))):
                found[name] += delays
    return found


def _drained(tap: "subprocess.Popen[str]") -> None:
    """The tap says a line a request; unread, they would fill the pipe."""
    threading.Thread(target=lambda: list(tap.stdout or ()), daemon=True).start()


def measure(streams: int, chunks: int, at_once: int) -> dict[str, list[float]]:
    """Start upstream and tap as processes of their own, and compare."""
    words = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as upstream:
        port = int(upstream.stdout.readline())  # type: ignore[union-attr]
        words = [
            sys.executable,
            "-m",
            "conformance",
            "tap",
            "--upstream",
            f"http://127.0.0.1:{port}",
            "--port",
            "0",
        ]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as tap:
            line = tap.stdout.readline()  # type: ignore[union-attr]
            _drained(tap)
            tapped = int(re.search(r"127\.0\.0\.1:(\d+)", line)[1])  # type: ignore[index]
            try:
                return asyncio.run(compare(port, tapped, streams, chunks, at_once))
            finally:
                tap.kill()
                upstream.kill()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--chunks", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    found = measure(options.streams, options.chunks, options.at_once)
    for name, delays in found.items():
        ranks = statistics.quantiles(delays, n=100)
        print(
            f"{name:>7}: {len(delays)} chunks, median {ranks[49]:.3f} ms, p90 {ranks[89]:.3f}, p99 {ranks[98]:.3f}"
        )
    added = statistics.median(found["tap"]) - statistics.median(found["direct"])
    print(f"  added: {added:.3f} ms at the median")


if __name__ == "__main__":
    main()
