"""TLS that is verified, and a fleet over several hosts, where this machine lets us make some."""

import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import gevent
import pytest

from load.measure.outcome import Outcome
from load.transport.engine import Engine, Limits, reader_of
from load.transport.request import Arrival, Request
from load.transport.target import Target
from tests.load.streams import CHAT, HEAD, LOCUST, ROOT, chunked, fleet_ports, sse
from wire.endpoint import Endpoint


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def tls_server(certificate):
    import socket

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.settimeout(5)
                    for _ in range(2):
                        if not secured.recv(65536):
                            break
                        secured.sendall(HEAD)
                        for payload in CHAT[:-1]:  # a record each, then two in one
                            secured.sendall(chunked(sse([payload]), end=False))
                        secured.sendall(chunked(sse(CHAT[-1:])))
            except (OSError, ssl.SSLError):
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://localhost:{listener.getsockname()[1]}/v1"
    stop.set()
    thread.join(2)
    listener.close()


def send_requests(base_url, n):
    done = []
    target = base_url if isinstance(base_url, Target) else Target(base_url)
    engine = Engine(target, Limits(connect_s=3), done.append)
    request = Request("chat-stream", Endpoint.CHAT, "/chat/completions", b"{}")
    for number in range(n):
        engine.send(Arrival(request, reader_of(request), number))
        until = time.monotonic() + 5
        while len(done) <= number and time.monotonic() < until:
            gevent.sleep(0.005)
    engine.stop()
    return done, engine


def test_streams_over_tls_are_read_and_connections_kept(tls_server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    done, engine = send_requests(tls_server, 2)
    assert [arrival.outcome for arrival in done] == [Outcome.OK] * 2
    assert engine.connections == 1
    assert done[0].connect_ns > 0


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server):
    done, _ = send_requests(tls_server, 1)
    assert done[0].outcome is Outcome.TLS_ERROR
    assert "certificate" in done[0].detail.lower()


def test_an_address_of_ipv6_is_a_target():
    import socket

    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    seen = []

    def serve():
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(65536))
            connection.sendall(HEAD + chunked(sse(CHAT)))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    base_url = f"http://[::1]:{listener.getsockname()[1]}/v1"
    done, _ = send_requests(base_url, 1)
    thread.join(5)
    listener.close()
    assert done[0].outcome is Outcome.OK
    assert (
        f"Host: [::1]:{base_url.rsplit(':', maxsplit=1)[-1].partition('/')[0]}".encode() in seen[0]
    )
    assert Target(base_url).loopback


@pytest.fixture
def hosts():
    """Two network namespaces with a wire to this one: 10.213.7.1 here, .2 and .3 there."""
    mark = uuid.uuid4().hex[:5]
    names = [f"load{mark}{n}" for n in (2, 3)]
    bridge = f"lb{mark}"
    made = [
        ["ip", "link", "add", bridge, "type", "bridge"],
        ["ip", "addr", "add", "10.213.7.1/24", "dev", bridge],
        ["ip", "link", "set", bridge, "up"],
    ]
    for n, name in zip((2, 3), names, strict=True):
        inside = ["ip", "netns", "exec", name, "ip"]
        made += [
            ["ip", "netns", "add", name],
            [
                "ip",
                "link",
                "add",
                f"l{mark}{n}",
                "type",
                "veth",
                "peer",
                "name",
                "eth9",
                "netns",
                name,
            ],
            ["ip", "link", "set", f"l{mark}{n}", "master", bridge, "up"],
            [*inside, "addr", "add", f"10.213.7.{n}/24", "dev", "eth9"],
            [*inside, "link", "set", "eth9", "up"],
            [*inside, "link", "set", "lo", "up"],
        ]
    try:
        for command in made:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(
                    f"no network namespaces here: {' '.join(command)}: {done.stderr.strip()}"
                )
        yield names
    except FileNotFoundError:
        pytest.skip("no network namespaces here: no ip command")
    finally:
        if shutil.which("ip"):
            for name in names:
                subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
            subprocess.run(["ip", "link", "del", bridge], capture_output=True, check=False)


def test_a_master_and_workers_on_other_hosts(tmp_path, hosts):
    import json

    gateway = subprocess.Popen(
        [sys.executable, "-m", "gateway", "--host", "10.213.7.1", "--requests-per-minute", "100000"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    ready = json.loads(gateway.stdout.readline())
    environ = {**os.environ, "CONFORMANCE_API_KEY": ready["keys"]["codex"]}
    ports = fleet_ports()
    base = [LOCUST, "-f", "load/locustfile.py", "--headless", "--skip-log"]
    master = subprocess.Popen(
        [*base, "--master", *ports[:2], "--expect-workers", "2", "--host", ready["base_url"], "--rate", "40", "--duration", "1", "--report-dir", str(tmp_path)],
        cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    workers = [
        subprocess.Popen(
            ["ip", "netns", "exec", name, *base, "--worker", *ports[2:], "--master-host", "10.213.7.1"],
            cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for name in hosts
    ]  # fmt: skip
    try:
        said, _ = master.communicate(timeout=45)
        for worker in workers:
            worker.wait(10)
        document = json.loads((Path(tmp_path) / "load.json").read_text())
        assert document["outcomes"]["ok"] == 40, said
        assert document["client"]["processes"] == 2
        assert "not loopback" in said
        assert "limit $1.00" in said
    finally:
        for process in (master, *workers, gateway):
            process.terminate()
            process.wait(10)
        gateway.stdout.close()
        master.stdout.close()
