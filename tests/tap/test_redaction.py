"""Keys that a server echoes wherever it can: nothing that the tap or a run writes holds one."""

import asyncio
import json
import os
import sys

from tests.offline.test_redaction import BODY, COOKIE, HEADER, PLAIN, QUERY, assert_clean
from tests.tap.serving import tap, upstream


def _reply(body, *headers):
    lines = [b"HTTP/1.1 200 OK", *headers, b"Connection: close", b"Content-Length: %d" % len(body)]
    return b"\r\n".join([*lines, b"", body])


def _delta(text):
    chunk = {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": text}}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


async def echo(reader, writer):
    """Every answer repeats the key of its request: in headers, texts, errors, streams, pieces."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0].strip()
    asked = await reader.readexactly(int(length or 0))
    key = head.partition(b"Bearer ")[2].split(b"\r\n")[0].decode() or PLAIN
    told = [b"X-Debug: " + key.encode(), f"Set-Cookie: s={COOKIE}; Path=/".encode()]
    middle = len(key) // 2
    if b'"stream": true' in asked or b'"stream":true' in asked:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
            + told[0]
            + b"\r\n\r\n"
        )
        writer.write(b'data: {"choices": "' + key[:middle].encode())
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(
            key[middle:].encode() + b'"}\n\n' + _delta(key[:middle]) + _delta(key[middle:])
        )
        writer.write(b"data: " + asked + b"\n\n")
        return
    error = {
        "error": {"message": f"Incorrect API key provided: {key}", "code": key},
        "id": key,
        "object": key,
    }
    body = json.dumps(
        {**error, "data": [{"id": key, "object": key}], "asked": asked.decode("latin-1")}
    ).encode()
    writer.write(_reply(body, b"Content-Type: application/json", *told))


async def _send(port, path, body, *headers):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [
        f"{'POST' if body else 'GET'} {path} HTTP/1.1",
        "Host: x",
        *headers,
        f"Content-Length: {len(body)}",
    ]
    writer.write("\r\n".join([*lines, "", body]).encode())
    await reader.read()
    writer.close()


def test_the_tap_writes_no_key(tmp_path):
    out = tmp_path / "out"

    async def run():
        async with upstream(echo) as port:
            words = ("--record", str(out / "tap.jsonl"), "--report-dir", str(out / "report"))
            with tap(f"http://127.0.0.1:{port}", *words) as running:
                chat = json.dumps(
                    {"model": "m", "messages": [{"role": "user", "content": f"{BODY} {PLAIN}"}]}
                )
                stream = json.dumps({**json.loads(chat), "stream": True})
                for key in (HEADER, PLAIN):
                    for body in ("", chat, stream):
                        path = "/v1/chat/completions" if body else f"/v1/models?api_key={QUERY}"
                        more = (
                            f"Authorization: Bearer {key}",
                            f"api-key: {PLAIN}",
                            f"Cookie: s={COOKIE}",
                        )
                        await _send(running.port, path, body, *more)
                await running.until(" /v1/", times=6)
                await running.end()
                (out / "terminal.txt").write_text(running.output)

    asyncio.run(run())
    assert "MUST" in (out / "terminal.txt").read_text()
    assert {p.name for p in (out / "report").iterdir()} >= {
        "report.json",
        "report.html",
        "junit.xml",
        "summary.md",
    }
    assert_clean(out)


def test_a_run_writes_no_key(tmp_path):
    """Everything that pytest writes, from the terminal to the results for Allure."""
    out = tmp_path / "out"
    out.mkdir()

    async def run():
        async with upstream(echo) as port:
            words = ["-m", "pytest", "--base-url", f"http://127.0.0.1:{port}/v1", "--profile", "openai", "--model", "m",
                     "--report-dir", str(out / "report"), "--record", str(out / "run.jsonl"), "--alluredir", str(out / "allure"),
                     "-p", "no:cacheprovider", "-k", "chat.response or chat.stream.done or models.list or auth.key", "-q"]  # fmt: skip
            keys = {
                "CONFORMANCE_API_KEY": HEADER,
                "CONFORMANCE_OTHER_TIER_KEY": PLAIN,
                "CONFORMANCE_REVOKED_KEY": BODY,
            }
            with (out / "terminal.txt").open("wb") as terminal:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *words,
                    env={**os.environ, **keys},
                    stdout=terminal,
                    stderr=terminal,
                )
                return await asyncio.wait_for(process.wait(), 240)

    code = asyncio.run(run())
    assert code in {1, 2}, (out / "terminal.txt").read_text()[-3000:]
    assert (out / "report/report.json").is_file()
    assert (out / "run.jsonl").is_file()
    assert any((out / "allure").iterdir())
    assert_clean(out)
