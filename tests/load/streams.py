"""A scripted server on loopback for the load tests, and runs of the `locust` command."""

import asyncio
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from argparse import Namespace
from pathlib import Path

import configargparse
import gevent

from gateway.core import Gateway
from gateway.faults.machinery.fault import Faulty, all_faults
from gateway.server import bind, make_server
from load.options import add_options
from load.report.document import result
from load.session.fleet import Fleet
from load.session.worker import Worker
from load.workload.plan import plan_of
from tests.canned import listening

ROOT = Path(__file__).parents[2]
LOCUST = str(Path(sys.executable).with_name("locust"))


def chunk(delta=None, *, finish=None, usage=None, **more):
    value = {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [] if usage else [{"index": 0, "delta": delta or {}, "finish_reason": finish}],
        "usage": usage,
    }  # fmt: skip
    return json.dumps(value | more)


USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
CHAT = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "a"}),
    chunk({"content": " b"}),
    chunk(finish="stop"),
    chunk(usage=USAGE),
    "[DONE]",
)


def sse(payloads):
    return b"".join(f"data: {payload}\n\n".encode() for payload in payloads)


def chunked(body, *, end=True):
    """A body in one HTTP chunk; `end` adds the last one."""
    return b"%x\r\n%b\r\n" % (len(body), body) + (b"0\r\n\r\n" if end else b"")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE = HEAD + chunked(sse(CHAT))


SO_TIMESTAMPNS = 35
reached = threading.local()  # `at_s`: when the kernel had the request that this thread answers


@contextlib.contextmanager
def serving(answer):
    """Yield a base URL. `answer(connection, request)` writes a reply; False closes the connection."""

    def serve(connection, stop):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            connection.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            data = b""
            while not stop.is_set():
                more, ancillary, _, _ = connection.recvmsg(65536, 64)
                seconds, rest = (
                    struct.unpack("qq", ancillary[0][2]) if ancillary else (time.time(), 0)
                )
                reached.at_s = seconds + rest / 1e9
                if not more:
                    return
                data += more
                head, found, body = data.partition(b"\r\n\r\n")
                if not found:
                    continue
                length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)  # fmt: skip
                if len(body) < length:
                    continue
                data = body[length:]
                if answer(connection, head + b"\r\n\r\n" + body[:length]) is False:
                    return

    with listening(serve) as origin:
        yield f"{origin}/v1"


def saying(data, *, keep=True):
    """An answer that is always the same bytes."""

    def answer(connection, _request):
        connection.sendall(data)
        return keep

    return answer


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def start(folder, *arguments, environ=None, group=True):
    """Start a `locust` run; its document will be in `folder`."""
    if "--processes" in arguments:
        arguments = (*arguments, *fleet_ports())
    return subprocess.Popen(
        [LOCUST, "-f", "load/locustfile.py", "--headless", "--report-dir", str(folder), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=group,
    )  # fmt: skip


def fleet_ports():
    """Fleets beside each other each need a port of their own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    return ("--master-bind-port", port, "--master-port", port)


def run(folder, *arguments, environ=None):
    """A whole run: its document and its exit code."""
    return finish(start(folder, *arguments, environ=environ), folder)


def finish(process, folder):
    """Wait for a run that was started."""
    said, _ = process.communicate(timeout=50)
    path = Path(folder) / "load.json"
    document = json.loads(path.read_text()) if path.exists() else None
    return document, process.returncode, said


@contextlib.contextmanager
def gateway(*faults, ttft_ms=0, itl_ms=0):
    """The reference gateway in a thread of its own, broken as asked; yields its URL and a key."""
    inner = Gateway(ttft_ms=ttft_ms, itl_ms=itl_ms, per_minute=1_000_000)
    handler = Faulty(inner, tuple(all_faults()[name] for name in faults)) if faults else inner
    sock = bind(0)
    server = make_server(handler)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/v1", inner.keys.secrets["codex"]
    finally:
        server.should_exit = True
        thread.join(5)
        inner.ledger.close()


def options_of(**options):
    """The options of a command line that names these."""
    parser = configargparse.ArgumentParser()
    add_options(parser)
    return vars(parser.parse_args([])) | options


def plan_with(**options):
    """The plan of a command line that names these options."""
    return plan_of(Namespace(**options_of(**options)))


def session(base_url, key="", **options):
    """A run of this process alone, without Locust: its document and exit code."""
    plan, fleet, about = measured(base_url, key, **options)
    found = result(plan, fleet, about, plan_with(**options).planned)
    return found.document, found.exit_code


def measured(base_url, key="", **options):
    """What a run of this process alone has measured: its plan, its fleet, and when."""
    chosen = options_of(**options)
    fleet = Fleet(1)
    worker = Worker(fleet.take_report, {})
    assignment = {
        "serial": 1,
        "worker": 0,
        "workers": 1,
        "start_at": time.time() + 0.1,
        "base_url": base_url,
        "key": key,
    }
    worker.start(assignment | {"options": chosen})
    users = (
        [gevent.spawn(worker.run_user) for _ in range(chosen["concurrency"])]
        if chosen["arrivals"] == "closed"
        else []
    )
    until = time.monotonic() + 30
    while not fleet.done and time.monotonic() < until:
        gevent.sleep(0.01)
    gevent.killall(users)
    plan = plan_with(**options).as_run(fleet.ran_s)
    about = {
        "base_url": base_url,
        "started_at": assignment["start_at"],
        "duration_s": plan.schedule.duration_s,
    }
    return plan, fleet, about


def ended(document):
    """The outcome classes that occurred."""
    return {name: n for name, n in document["outcomes"].items() if n}


BUSY = ("requests left", "the event loop", "worker 0 used", "received bytes")


def doubts(document):
    """Why a run is not to be believed, but for this machine's being busy while the tests run."""
    return [why for why in document["validity"]["reasons"] if not why.startswith(BUSY)]


def quiet(document):
    """Whether the machine left the client alone, so that a verdict is only the run's."""
    return not any(why.startswith(BUSY) for why in document["validity"]["reasons"])
