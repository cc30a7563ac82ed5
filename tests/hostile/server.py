"""A server of raw sockets that is good until it is not: `python -m tests.hostile.server CASE WHEN`."""

import argparse
import contextlib
import json
import re
import socket
import ssl
import tempfile
import threading
from pathlib import Path

import tests.hostile.events
import tests.hostile.framing
import tests.hostile.outages  # noqa: F401 - more cases
from gateway.core import Gateway
from gateway.frames import Ending
from tests.hostile.cases import CASES, Asked, Case
from tests.hostile.places import HALF_A_HELLO, PLACES, Place, made
from wire.exchange import Request

WHEN = {
    "first": lambda n: True,
    "from-30": lambda n: n >= 30,
    "tenth": lambda n: n % 10 == 9,
}
REASONS = {200: "OK"}


def _as_it_is(connection: socket.socket, asked: Asked) -> bool:
    connection.sendall(asked.good)
    return True


class HostileServer:
    """Serves a good gateway's answers; where `when` says so, those of the case instead."""

    def __init__(self, case: str, when: str) -> None:
        self.case: Case = CASES.get(case, _as_it_is)
        self.when = WHEN[when]
        self.cuts = case in PLACES and PLACES[case].cuts
        self.context: ssl.SSLContext | None = None
        self.gateway = Gateway()
        self.count = 0
        self.hostile = 0
        self._lock = threading.Lock()

    def serve(self, connection: socket.socket, stop: threading.Event) -> None:
        with connection, contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
            connection.settimeout(120)
            if self.cuts:
                connection.recv(65536)
                connection.sendall(HALF_A_HELLO)
                return
            if self.context is not None:
                connection = stack.enter_context(
                    self.context.wrap_socket(connection, server_side=True)
                )
            buffered = b""
            while not stop.is_set():
                read = _read(connection, buffered)
                if read is None:
                    return
                request, buffered = read
                with self._lock:
                    number = self.count
                    self.count += 1
                    good = good_answer(self.gateway, request)
                if self.when(number):
                    self.hostile += 1
                    asked = Asked(
                        request.method,
                        request.path,
                        re.search(rb'"stream"\s*:\s*true', request.body) is not None,
                        good,
                        self.gateway.keys.secrets["codex"],
                    )
                    if not self.case(connection, asked):
                        return
                else:
                    connection.sendall(good)


def _read(connection: socket.socket, data: bytes) -> tuple[Request, bytes] | None:
    """One request (with a Content-Length or chunked) and what followed it."""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    top, _, body = data.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = tuple((n.lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines))
    given = dict(headers)
    if given.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in given.get("transfer-encoding", ""):
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)
        whole = b""
        while True:
            size, _, body = body.partition(b"\r\n")
            length = int(size, 16)
            if not length:
                body = body[2:]
                break
            whole, body = whole + body[:length], body[length + 2 :]
        return Request(method, path, headers, whole), body
    length = int(given.get("content-length", "0"))
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return Request(method, path, headers, body[:length]), body[length:]


def good_answer(gateway: Gateway, request: Request) -> bytes:
    reply = gateway.handle(request)
    gateway.settle(reply)
    data = b"" if request.method == "HEAD" else reply.data
    headers = [(n, v) for n, v in reply.headers if n != "content-length"]
    if reply.ending is not Ending.COMPLETE:
        data = data[: len(data) // 2]
    lines = [f"HTTP/1.1 {reply.status} Said", *(f"{n}: {v}" for n, v in headers)]
    lines += [f"content-length: {len(data)}", "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=sorted({*CASES, *PLACES}))
    parser.add_argument("when", choices=sorted(WHEN), nargs="?", default="first")
    arguments = parser.parse_args()
    server = HostileServer(arguments.case, arguments.when)
    place = PLACES.get(arguments.case, Place())
    family = socket.AF_INET6 if ":" in place.bind else socket.AF_INET
    listener = socket.create_server((place.bind, 0), family=family, backlog=512)
    ready = {
        "base_url": f"{place.scheme}://{place.host}:{listener.getsockname()[1]}/v1",
        "key": server.gateway.keys.secrets["codex"],
        "authorities": "",
    }
    with tempfile.TemporaryDirectory() as folder:
        if place.certificate:
            certificate, key = made(place.certificate, Path(folder))
            server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.context.load_cert_chain(certificate, key)
            ready["authorities"] = certificate.read_text() if place.trusted else ""
    if not place.listens:
        listener.close()
    print(json.dumps(ready), flush=True)
    if not place.listens:
        threading.Event().wait()
    stop = threading.Event()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=server.serve, args=(connection, stop), daemon=True).start()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
