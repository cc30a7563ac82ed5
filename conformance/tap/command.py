"""`python -m conformance tap`: stands between a client and a server, records, and judges."""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from conformance.tap.open_exchange import ConnectionLog
from conformance.tap.proxied_connection import ProxiedConnection
from conformance.tap.record import Recorder
from conformance.tap.upstream import Upstream

COULD_NOT: Final = 2
# Judging and writing happen beside the forwarding; a long turn of theirs would hold chunks up.
SWITCH_S: Final = 0.0005

ABOUT = """\
A reverse proxy that changes nothing: bytes go both ways as they come, and what passed is recorded
and judged with the rules that judge a live server.

Point the client at the address that is printed (its base URL with host and port exchanged) and
use it as always. Only the Host header is rewritten, for the upstream. HTTP/1.1 with keep-alive and
streaming; WebSockets pass through and are noted. TLS to the upstream is verified (SSL_CERT_FILE
names other authorities). Keys, cookies and organisation ids are taken out before anything is
written."""

EPILOG = """\
Ctrl-C or SIGTERM ends the tap and judges what passed; SIGUSR1 judges what has passed so far.

exit code: 0 no MUST is violated; 1 at least one is; 2 the tap could not start, or nothing of the
API passed

examples:
  python -m conformance tap --upstream https://api.example.com/v1 --port 8788
  OPENAI_BASE_URL=http://127.0.0.1:8788/v1 my-agent     # in another terminal
  python -m conformance tap --upstream http://127.0.0.1:8000 --port 8788 --record day.jsonl.gz"""


class CannotTapError(ValueError):
    """Options that cannot be used; the message says which and why."""


def add_parser(commands: Any) -> None:
    parser: argparse.ArgumentParser = commands.add_parser(
        "tap",
        help="forward live traffic, record it, judge it",
        description=ABOUT,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--upstream", required=True, metavar="URL", help="the server's base URL, e.g. https://api.example.com/v1")  # fmt: skip
    add("--port", required=True, type=int, metavar="P", help="port to listen on; 0 takes a free one and says which")  # fmt: skip
    add("--bind", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default: 127.0.0.1, this machine alone)")  # fmt: skip
    add("--record", metavar="FILE", help="keep what passed as JSON Lines (gzipped when FILE ends in .gz; an existing file is continued)")  # fmt: skip
    add("--report-dir", metavar="DIR", help="write report.json, report.html, summary.md and junit.xml at the end")  # fmt: skip
    add("--profile", metavar="NAME|FILE", help="what the server claims: reference, codex, openai, or a TOML file (default: by host)")  # fmt: skip
    add("--record-only", action="store_true", help="judge nothing at the end; needs --record")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Tap until a signal, then judge."""
    if arguments.record_only and not arguments.record:
        print("tap: --record-only needs --record", file=sys.stderr)
        return COULD_NOT
    from conformance.running.profiles import ProfileError, load_profile

    try:
        there = upstream(arguments.upstream)
        profile = load_profile(arguments.profile) if arguments.profile else None
        with _place(arguments.record) as path:
            recorder = Recorder(path, there.origin, arguments.profile)
            sys.setswitchinterval(SWITCH_S)
            asyncio.run(_serve(arguments, there, recorder))
            recorder.close()
            if arguments.record_only:
                print(f"tap: {recorder.count} requests passed", flush=True)
                return 0 if recorder.count else COULD_NOT
            return _judge(arguments, path, profile, recorder)
    except (CannotTapError, ProfileError) as error:
        print(f"tap: {error}", file=sys.stderr)
    except OSError as error:
        where = error.filename or f"{arguments.bind}:{arguments.port}"
        print(f"tap: {where}: {error.strerror or error}", file=sys.stderr)
    return COULD_NOT


def upstream(url: str) -> Upstream:
    """The upstream that a base URL names."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        port = parts.port
    except ValueError as error:
        raise CannotTapError(f"--upstream {url}: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CannotTapError(f"--upstream {url}: not an http or https URL")
    tls = None
    if parts.scheme == "https":
        import httpx

        tls = httpx.create_ssl_context()
        tls.set_alpn_protocols(["http/1.1"])
    authority = parts.netloc.rpartition("@")[2]
    default = 443 if tls else 80
    return Upstream(parts.hostname, port or default, tls, parts.path.rstrip("/"), authority)


@contextlib.contextmanager
def _place(record: str | None) -> Iterator[Path]:
    """Where to record: the file that was named, or one that nobody keeps."""
    if record:
        yield Path(record)
        return
    with tempfile.TemporaryDirectory(prefix="tap-") as folder:
        yield Path(folder) / "tap.jsonl"


async def _serve(arguments: argparse.Namespace, there: Upstream, recorder: Recorder) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    open_connections: set[ProxiedConnection] = set()

    def accept() -> asyncio.Protocol:
        connection = ProxiedConnection(
            there, ConnectionLog(recorder.record, there.target), open_connections.discard
        )
        open_connections.add(connection)
        return connection.client

    server = await loop.create_server(accept, arguments.bind, arguments.port)
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ended.set)
    loop.add_signal_handler(signal.SIGUSR1, partial(recorder.judge_so_far))
    port = server.sockets[0].getsockname()[1]
    host = f"[{arguments.bind}]" if ":" in arguments.bind else arguments.bind
    kept = f", recorded in {arguments.record}" if arguments.record else ""
    print(f"tap: http://{host}:{port}{there.prefix} -> {there.origin}{there.prefix}{kept}")
    print("tap: Ctrl-C ends and judges, SIGUSR1 judges what has passed so far", flush=True)
    await ended.wait()
    server.close()
    for connection in list(open_connections):
        connection.client.abort()
    await asyncio.sleep(0)  # connections say that they are lost in the next turn of the loop
    await asyncio.sleep(0)


def _judge(arguments: argparse.Namespace, path: Path, profile: Any, recorder: Recorder) -> int:
    from conformance.judging.area import catalogue
    from conformance.offline.command import Session, selected_requirements
    from conformance.offline.verdicts import OfflineJudge

    print(f"tap: {recorder.count} requests passed", flush=True)
    if not recorder.count:
        print("tap: nothing to judge", file=sys.stderr)
        return COULD_NOT
    offline = OfflineJudge(catalogue(), selected_requirements([], "may"), profile)
    session = Session(offline, arguments.page, quiet=True)
    session.read([str(path)])
    folder = None
    if arguments.report_dir:
        folder = partial(arguments.write_all, folder=Path(arguments.report_dir))
    return session.finish([arguments.record or "tap"], folder=folder)
