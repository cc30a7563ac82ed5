"""The gateway on sockets: connections, pauses, aborts, endings, and the command line."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from gateway.accounts.prices import price
from gateway.faults.machinery.fault import Faulty, all_faults
from gateway.model.usage import Usage
from tests.gateway.serving import Served, serving


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as running:
        yield running


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {served.key}"}
    with httpx.Client(base_url=served.base_url, headers=headers) as made:
        yield made


def body(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-5.5", "messages": [{"role": "user", "content": text}], **more}


def test_one_connection_many_calls(served: Served):
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    headers = {"authorization": f"Bearer {served.key}", "content-type": "application/json"}
    statuses = []
    for given in (body("hi"), body("hi", n=0), body("hi", stream=True), {}, body("hi")):
        connection.request("POST", "/v1/chat/completions", json.dumps(given), headers)
        reply = connection.getresponse()
        reply.read()
        statuses.append(reply.status)
    connection.close()
    assert statuses == [200, 400, 200, 400, 200]


def test_a_wish_for_a_socket_is_refused_without_a_word_in_the_log(client: httpx.Client, caplog):
    """Codex starts every session with it."""
    headers = {"upgrade": "websocket", "connection": "Upgrade"}
    assert client.get("/responses", headers=headers).status_code == 426
    assert client.get("/models").status_code == 200
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]


def test_large_body_leaves_the_connection_usable(client: httpx.Client):
    large = client.post("/chat/completions", content=b"x" * (24 * 1024 * 1024))
    assert large.status_code == 413
    assert large.json()["error"]["code"] == "body_too_large"
    assert client.get("/models").status_code == 200


def test_chunked_compressed_and_expecting_requests(client: httpx.Client, served: Served):
    data = json.dumps(body("hi")).encode()
    sent = client.post(
        "/chat/completions",
        content=iter([data[:10], data[10:]]),
        headers={"content-type": "application/json"},
    )
    assert sent.status_code == 200
    raw = socket.create_connection(("127.0.0.1", served.port))
    raw.settimeout(5)
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {served.key}\r\ncontent-length: {len(data)}\r\nexpect: 100-continue\r\n\r\n"
    )
    raw.sendall(head.encode())
    assert raw.recv(100).startswith(b"HTTP/1.1 100")
    raw.sendall(data)
    assert raw.recv(100).startswith(b"HTTP/1.1 200")
    raw.close()


def test_long_headers(client: httpx.Client):
    assert client.get("/models", headers={"x-long": "x" * 60_000}).status_code == 200


def test_stream_arrives_as_it_is_made(client: httpx.Client):
    started = time.perf_counter()
    given = body("Count from 1 to 8 [[ttft 200]] [[pace 40]]", stream=True)
    times = []
    with client.stream("POST", "/chat/completions", json=given) as reply:
        headers_s = time.perf_counter() - started
        times = [time.perf_counter() - started for line in reply.iter_lines() if line]
    assert headers_s < 0.15
    assert 0.19 < times[0] < 0.4
    assert times[-1] - times[0] > 0.25


def test_abort_stops_and_costs_what_was_sent(client: httpx.Client, served: Served):
    start = served.gateway.ledger.balance("codex")
    stopped = served.application.stopped_early
    given = body("Count from 1 to 500 [[pace 20]]", stream=True)
    with client.stream("POST", "/chat/completions", json=given) as reply:
        lines = reply.iter_lines()
        for _ in range(8):
            next(lines)
    deadline = time.monotonic() + 3
    while served.application.stopped_early == stopped and time.monotonic() < deadline:
        time.sleep(0.01)
    assert served.application.stopped_early == stopped + 1
    cost = start - served.gateway.ledger.balance("codex")
    assert Decimal(0) < cost < price("gpt-5.5", "default", Usage(prompt=40, completion=40))


def test_abort_before_the_first_token_costs_the_prompt(client: httpx.Client, served: Served):
    start = served.gateway.ledger.balance("codex")
    with pytest.raises(httpx.ReadTimeout):
        client.post(
            "/chat/completions", json=body("Count from 1 to 500 [[ttft 3000]]"), timeout=0.2
        )
    time.sleep(0.4)
    cost = start - served.gateway.ledger.balance("codex")
    assert Decimal(0) < cost < price("gpt-5.5", "default", Usage(prompt=40))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("chat.stream.cut", httpx.RemoteProtocolError),
        ("chat.stream.reset", httpx.ReadError),
        ("chat.stream.stops-silently", None),
    ],
)
def test_endings(fault: str, error: type[Exception] | None):
    with serving(lambda gateway: Faulty(gateway, (all_faults()[fault],))) as running:
        headers = {"authorization": f"Bearer {running.key}"}
        url = f"{running.base_url}/chat/completions"
        given = body("Count from 1 to 9", stream=True)
        if error is None:
            assert "[DONE]" not in httpx.post(url, json=given, headers=headers).text
        else:
            with pytest.raises(error):
                httpx.post(url, json=given, headers=headers)


def test_parallel_calls_do_not_mix(client: httpx.Client, served: Served):
    from concurrent.futures import ThreadPoolExecutor

    def ask(number: int) -> bool:
        given = body(
            f"Repeat the text between the markers exactly, and write nothing else.\n<<<\nmark{number}\n>>>"
        )
        said = client.post("/chat/completions", json=given).json()
        return bool(said["choices"][0]["message"]["content"] == f"mark{number}")

    before = served.gateway.ledger.count()
    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(ask, range(60)))
    assert served.gateway.ledger.count() == before + 60


def test_command_line():
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "--seed", "1", "--itl-ms", "1", "--fault", "http.date-wrong", "auth.code-missing"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["base_url"].endswith("/v1")
    assert {"codex", "other_tier", "no_credit", "revoked"} <= set(ready["keys"])
    assert ready["pid"] == process.pid
    reply = httpx.get(ready["base_url"] + "/models")
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] is None
    assert reply.headers["date"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    process.stdout.close()


def test_faults_are_listed():
    command = [sys.executable, "-m", "gateway", "--list-faults"]
    listed = json.loads(subprocess.check_output([*command, "--json"], text=True))
    assert {row["name"] for row in listed} == set(all_faults())
    assert subprocess.check_output(command, text=True).count("\n") == len(listed)
    unknown = subprocess.run([*command[:-1], "--fault", "nope"], capture_output=True, check=False)
    assert unknown.returncode == 2
