"""The tap in front of servers of all manners: bytes, borders, disconnects, verdicts."""

import asyncio
import gzip
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys

import pytest

from tests.tap.serving import records, tap, upstream

ANSWER = json.dumps({"object": "list", "data": []}).encode()


def plain(body=ANSWER, *headers):
    lines = [b"HTTP/1.1 200 OK", b"Content-Type: application/json", *headers]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


def request(path="/v1/models", body=b"", *headers):
    method = b"POST" if body else b"GET"
    lines = [b"%s %s HTTP/1.1" % (method, path.encode()), b"Host: mine", *headers]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


async def head_of(reader):
    return await reader.readuntil(b"\r\n\r\n")


def test_bytes_arrive_unchanged_but_for_the_host(tmp_path):
    seen = []
    reply = plain(ANSWER, b"X-Odd:  spaces  kept ", b"x-lower: 1", b"X-Odd: twice")

    async def answer(reader, writer):
        while True:
            seen.append(await head_of(reader))
            writer.write(reply)

    async def run():
        async with upstream(answer) as port:
            with tap(
                f"http://127.0.0.1:{port}/base/v1", "--record", str(tmp_path / "r.jsonl")
            ) as running:
                reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
                odd = (
                    b"GET /base/v1/models?x=%41 HTTP/1.1\r\nhOST:  mine\r\nX-A: b\r\nX-a:c\r\n\r\n"
                )
                for sent in (
                    odd,
                    request("/v1/models"),
                    request("/models"),
                    request("http://x/v1/models"),
                ):
                    writer.write(sent)
                    assert await reader.readexactly(len(reply)) == reply
                writer.close()
                await running.until("GET ", times=4)
                assert await running.end() in {0, 1}
        return port

    port = asyncio.run(run())
    there = b"Host: 127.0.0.1:%d" % port
    assert (
        seen[0]
        == b"GET /base/v1/models?x=%41 HTTP/1.1\r\n" + there + b"\r\nX-A: b\r\nX-a:c\r\n\r\n"
    )
    assert [head.split(b" ")[1] for head in seen[1:]] == [b"/base/v1/models"] * 3
    made = records(tmp_path / "r.jsonl")
    assert [x.connection.reused for x in made] == [False, True, True, True]
    assert all(x.connection.origin == f"http://127.0.0.1:{port}" for x in made)
    assert made[0].reply.body == ANSWER
    assert dict(made[0].reply.headers)["x-odd"] == "twice"
    assert len([v for n, v in made[0].reply.headers if n == "x-odd"]) == 2


def test_chunks_go_on_at_once_and_keep_their_times(tmp_path):
    release = asyncio.Event()

    async def answer(reader, writer):
        await head_of(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        writer.write(b"9\r\ndata: 1\n\n\r\n")
        await release.wait()
        writer.write(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")
        await reader.read()

    async def run():
        async with upstream(answer) as port:
            with tap(
                f"http://127.0.0.1:{port}", "--record", str(tmp_path / "r.jsonl.gz")
            ) as running:
                reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
                writer.write(request("/v1/chat/completions", b'{"stream":true}'))
                assert b"data: 1" in await asyncio.wait_for(
                    reader.readuntil(b"data: 1\n\n\r\n"), 10
                )
                await asyncio.sleep(0.15)
                release.set()
                await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 10)
                writer.close()
                await running.until("2 events")
                await running.end()

    asyncio.run(run())
    (x,) = records(tmp_path / "r.jsonl.gz")
    first, second = x.reply.chunks
    assert (first.data, second.data) == (b"data: 1\n\n", b"data: 2\n\n")
    assert second.at_ms - first.at_ms > 100
    assert x.reply.headers_at_ms <= first.at_ms
    assert x.reply.timed
    assert x.connection.ended == "complete"


def test_a_request_body_streams_and_chunks_are_not_touched():
    got = []

    async def answer(reader, writer):
        await head_of(reader)
        got.append(await reader.readuntil(b"half"))
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        got.append(await reader.readuntil(b"0\r\n\r\n"))
        writer.write(plain())

    async def run():
        async with upstream(answer) as port:
            with tap(f"http://127.0.0.1:{port}") as running:
                reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
                writer.write(
                    b"POST /v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;ext=1\r\nhalf"
                )
                assert b"100 Continue" in await asyncio.wait_for(head_of(reader), 10)
                writer.write(b"\r\n3\r\nend\r\n0\r\n\r\n")
                assert b"200 OK" in await asyncio.wait_for(head_of(reader), 10)
                writer.close()

    asyncio.run(run())
    assert got == [b"4;ext=1\r\nhalf", b"\r\n3\r\nend\r\n0\r\n\r\n"]


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_is_felt_by_the_upstream(tmp_path, how):
    async def run():
        gone = asyncio.get_running_loop().create_future()

        async def answer(reader, writer):
            await head_of(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
            try:
                await reader.readexactly(len(b'{"stream":true}'))
                gone.set_result(await reader.read())
            except ConnectionResetError:
                gone.set_result("reset")

        async with upstream(answer) as port:
            with tap(f"http://127.0.0.1:{port}", "--record", str(tmp_path / "r.jsonl")) as running:
                reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
                writer.write(request("/v1/responses", b'{"stream":true}'))
                await asyncio.wait_for(reader.readuntil(b"data: 1\n\n"), 10)
                if how == "reset":
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, linger
                    )
                    writer.transport.abort()
                else:
                    writer.close()
                felt = await asyncio.wait_for(gone, 5)
                assert felt == b"" if how == "close" else felt in {b"", "reset"}
                await running.until("aborted")

    asyncio.run(run())
    (x,) = records(tmp_path / "r.jsonl")
    assert x.connection.ended == "aborted"
    assert x.reply.body == b"data: 1\n\n"


@pytest.mark.parametrize(
    ("how", "ended"), [("cut", "cut"), ("reset", "reset"), ("complete", "complete")]
)
def test_an_upstream_that_leaves_is_felt_by_the_client(tmp_path, how, ended):
    async def answer(reader, writer):
        await head_of(reader)
        length = b"" if how == "complete" else b"Content-Length: 100\r\n"
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + length + b"\r\ndata: 1\n\n"
        )
        await writer.drain()
        await asyncio.sleep(0.1)
        if how == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    async def run():
        async with upstream(answer) as port:
            with tap(f"http://127.0.0.1:{port}", "--record", str(tmp_path / "r.jsonl")) as running:
                reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
                writer.write(request("/v1/responses", b'{"stream":true}'))
                try:
                    whole = await asyncio.wait_for(reader.read(), 5)
                    assert whole.endswith(b"data: 1\n\n")
                    assert how != "reset"
                except ConnectionResetError:
                    assert how == "reset"
                writer.close()
                await running.until("/v1/responses 200")

    asyncio.run(run())
    (x,) = records(tmp_path / "r.jsonl")
    assert x.connection.ended == ended


def test_websockets_pass_through_and_are_noted(tmp_path):
    async def answer(reader, writer):
        head = await head_of(reader)
        assert b"Upgrade: websocket" in head
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x02hi"
        )
        while data := await reader.read(100):
            writer.write(data[::-1])

    async def run():
        async with upstream(answer) as port:
            with tap(f"http://127.0.0.1:{port}", "--record", str(tmp_path / "r.jsonl")) as running:
                reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
                writer.write(
                    request("/v1/responses", b"", b"Upgrade: websocket", b"Connection: Upgrade")
                )
                await head_of(reader)
                assert await reader.readexactly(4) == b"\x81\x02hi"
                for frame in (b"\x00\xff\x01", b"GET / HTTP/1.1\r\n\r\n"):
                    writer.write(frame)
                    assert await asyncio.wait_for(reader.readexactly(len(frame)), 5) == frame[::-1]
                writer.close()
                await running.until("WebSocket passed through")
                assert await running.end() == 2
                assert "nothing to judge" in running.output

    asyncio.run(run())
    (x,) = records(tmp_path / "r.jsonl")
    assert x.reply.status == 101


def test_many_clients_at_a_time(tmp_path):
    async def answer(reader, writer):
        while True:
            head = await head_of(reader)
            name = head.split(b" ")[1]
            await asyncio.sleep(0.05)
            writer.write(plain(b'"%s"' % name))

    async def client(port, number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for turn in range(3):
            path = f"/v1/models/m-{number}-{turn}"
            writer.write(request(path))
            await head_of(reader)
            assert await reader.readexactly(len(path) + 2) == f'"{path}"'.encode()
        writer.close()

    async def run():
        async with upstream(answer) as port:
            with tap(f"http://127.0.0.1:{port}", "--record", str(tmp_path / "r.jsonl")) as running:
                await asyncio.wait_for(
                    asyncio.gather(*(client(running.port, n) for n in range(60))), 30
                )
                await running.until("GET ", times=180)

    asyncio.run(run())
    made = records(tmp_path / "r.jsonl")
    assert len(made) == 180
    assert len({x.id for x in made}) == 180
    assert all(x.reply.json == x.request.path for x in made)


def test_a_fast_upstream_does_not_fill_the_tap_for_a_slow_client():
    """Back pressure: the upstream can send little more than the buffers hold."""
    sent = 0

    async def answer(reader, writer):
        nonlocal sent
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(2000):
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async def run():
        async with upstream(answer) as port:
            with tap(f"http://127.0.0.1:{port}") as running:
                _, writer = await asyncio.open_connection("127.0.0.1", running.port, limit=1024)
                writer.write(request("/v1/models"))
                await asyncio.sleep(1.5)
                held = sent
                writer.transport.abort()
                return held

    assert asyncio.run(run()) < 30 * 2**20


def test_compressed_answers_pass_as_they_are_and_are_judged_plain(tmp_path):
    packed = gzip.compress(ANSWER)

    async def answer(reader, writer):
        await head_of(reader)
        writer.write(plain(packed, b"Content-Encoding: gzip"))
        await reader.read()

    async def run():
        async with upstream(answer) as port:
            with tap(f"http://127.0.0.1:{port}", "--record", str(tmp_path / "r.jsonl")) as running:
                reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
                writer.write(request("/v1/models"))
                await head_of(reader)
                assert await reader.readexactly(len(packed)) == packed
                writer.close()
                await running.until("GET /v1/models 200")

    asyncio.run(run())
    (x,) = records(tmp_path / "r.jsonl")
    assert x.reply.json == {"object": "list", "data": []}


def test_an_upstream_that_is_not_there(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    async def run(running):
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(request("/v1/chat/completions", b"{}"))
        whole = await asyncio.wait_for(reader.read(), 10)
        assert b"502 Bad Gateway" in whole
        assert b"not reachable" in whole
        writer.close()

    with tap(f"http://127.0.0.1:{port}", "--record", str(tmp_path / "r.jsonl")) as running:
        asyncio.run(run(running))
        running.wait_for("no answer")
        running.stop()
    (x,) = records(tmp_path / "r.jsonl")
    assert (x.reply.status, x.connection.ended) == (0, "failed")


def test_tls_to_the_upstream_is_verified(tmp_path):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    left = []

    async def answer(reader, writer):
        while True:
            head = await head_of(reader)
            if b"stream" in head:
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
                )
                left.append(await reader.read())
                return
            writer.write(plain())

    async def ask(port, path="/v1/models"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(path))
        head = await asyncio.wait_for(head_of(reader), 10)
        if b"event-stream" in head:
            await reader.readuntil(b"data: 1\n\n")
        writer.close()
        return head

    async def run():
        async with upstream(answer, context) as port:
            with tap(f"https://localhost:{port}") as running:
                assert b"502" in await ask(running.port)
                await running.until("(?i)certificate")
            trusting = {**os.environ, "SSL_CERT_FILE": str(tmp_path / "cert.pem")}
            with tap(f"https://localhost:{port}", env=trusting) as running:
                assert b"200 OK" in await ask(running.port)
                await ask(running.port, "/v1/stream")
                for _ in range(100):
                    await asyncio.sleep(0.02)
                    if left:
                        break
                assert left == [b""]

    asyncio.run(run())


def test_signals_judge_now_and_at_the_end(tmp_path):
    async def answer(reader, writer):
        while True:
            await head_of(reader)
            writer.write(plain(b'{"object":"list","data":[{"id":5}]}'))

    async def run():
        async with upstream(answer) as port:
            folder = tmp_path / "report"
            words = ("--record", str(tmp_path / "r.jsonl.gz"), "--report-dir", str(folder))
            with tap(f"http://127.0.0.1:{port}/v1", *words) as running:
                reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
                writer.write(request("/v1/models"))
                await head_of(reader)
                await running.until("GET /v1/models 200")
                running.process.send_signal(signal.SIGUSR1)
                await running.until("1 exchanges judged", 60)
                writer.write(request("/v1/models"))
                await running.until("GET /v1/models 200", times=2)
                assert await running.end(signal.SIGINT) == 1
                assert "2 exchanges judged" in running.output
                assert "MUST models." in running.output
                assert {p.name for p in folder.iterdir()} >= {
                    "report.json",
                    "report.html",
                    "junit.xml",
                    "summary.md",
                }
                writer.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--upstream", "ftp://x", "--port", "0"], "not an http or https URL"),
        (["--upstream", "http://x:99999999", "--port", "0"], "tap: --upstream"),
        (["--upstream", "http://x", "--port", "{taken}"], "in use"),
        (["--upstream", "http://x", "--port", "0", "--profile", "nobody"], "no built-in profile"),
        (["--upstream", "http://x"], "--port"),
        (["--upstream", "http://x", "--port", "0", "--record", "/proc/no/r.jsonl"], "/proc/no"),
    ],
)
def test_errors_are_one_line(words, message):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken = str(listening.getsockname()[1])
        command = [
            sys.executable,
            "-m",
            "conformance",
            "tap",
            *(w.format(taken=taken) for w in words),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_help_suffices():
    command = [sys.executable, "-m", "conformance", "tap", "--help"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for word in (
        "SIGUSR1",
        "--upstream",
        "OPENAI_BASE_URL",
        "exit code",
        "WebSocket",
        "SSL_CERT_FILE",
    ):
        assert word in told
