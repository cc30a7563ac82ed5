"""Where the requests go: the address, the key, and the reference gateway when nothing else is named."""

import contextlib
import ipaddress
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import gevent.socket

from wire.redaction import Redactor
from wire.secret import Secret, revealed

ROOT: Final = Path(__file__).parents[2]
KEY_NAMES: Final = ("CONFORMANCE_API_KEY", "OPENAI_API_KEY")
SECRET_NAMES: Final = (
    *KEY_NAMES, "CONFORMANCE_OTHER_TIER_KEY", "CONFORMANCE_NO_CREDIT_KEY", "CONFORMANCE_REVOKED_KEY",
    "CONFORMANCE_LOW_LIMIT_KEY",
)  # fmt: skip
AGENT: Final = "openai-gateway-conformance-load/1"
# Requests a minute: the gateway's own limit is not what is measured.
UNLIMITED: Final = 1_000_000_000


class TargetError(ValueError):
    """The target cannot be used; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect. `name` is what the certificate must show."""

    family: int
    place: tuple[Any, ...]
    name: str
    tls: ssl.SSLContext | None


@dataclass(frozen=True, slots=True)
class Target:
    """A base URL with its key. The URL ends with /v1 or whatever path the API has there."""

    base_url: str
    key: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # beside ours
    insecure: bool = False
    cacert: str = ""

    @property
    def shown(self) -> str:
        """The URL without a user, a password or a query: for reports and the terminal."""
        parts = urlsplit(self.base_url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

    @property
    def loopback(self) -> bool:
        host = urlsplit(self.base_url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def address(self) -> Address:
        """Resolve the host once; a run that resolves for each connection measures the resolver."""
        parts = urlsplit(self.base_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = gevent.socket.getaddrinfo(parts.hostname, port, 0, gevent.socket.SOCK_STREAM)
        except OSError as error:
            raise TargetError(f"{parts.hostname}: {error.strerror or error}") from error
        # Loopback servers listen on IPv4 as a rule, also where localhost resolves to ::1 first.
        family, _, _, _, place = min(found, key=lambda one: one[0] != gevent.socket.AF_INET)
        tls = self._tls() if parts.scheme == "https" else None
        return Address(family, place, parts.hostname or "", tls)

    def _tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.cacert or None)
        except OSError as error:
            raise TargetError(f"--cacert {self.cacert}: {error.strerror or error}") from error
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def head(self, method: str, path: str, *, stream: bool) -> bytes:
        """Everything of a request before its length: the same for all that go to this path."""
        parts = urlsplit(self.base_url)
        lines = [
            f"{method} {parts.path.rstrip('/')}{path} HTTP/1.1",
            f"Host: {parts.netloc.rpartition('@')[2]}",
            f"User-Agent: {AGENT}",
            f"Accept: {'text/event-stream' if stream else 'application/json'}",
            "Accept-Encoding: identity",
        ]
        given = {name.lower() for name, _ in self.headers}
        lines = [line for line in lines if line.partition(":")[0].lower() not in given]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.key and "authorization" not in given:
            lines.append(f"Authorization: Bearer {revealed(self.key)}")
        if method == "POST" and "content-type" not in given:
            lines.append("Content-Type: application/json")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n"


def redactor_of(target: Target, environ: Mapping[str, str], more: Sequence[str] = ()) -> Redactor:
    """Knows every secret that this process holds: what a server echoes of them must not be written.

    `more`: further secrets, such as the values of headers that were given for the run.
    """
    password = urlsplit(target.base_url).password or ""
    held = {name: environ[name] for name in SECRET_NAMES if environ.get(name)}
    others = {f"header-{n}": secret for n, secret in enumerate(more, 1)}
    return Redactor({"key": target.key, "password": password} | held | others)


def target_of(host: str, environ: Mapping[str, str]) -> Target:
    """The target of a host with or without /v1 and a slash. The key comes from the environment."""
    url = host.strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TargetError(f"{host}: expected http://… or https://…")
    try:
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError as error:
        raise TargetError(f"{host}: {error}") from None
    if not parts.path.strip("/"):
        url += "/v1"
    key = next((environ[name] for name in KEY_NAMES if environ.get(name)), "")
    if not key.isascii() or not key.isprintable():
        raise TargetError("the API key has characters that no header can carry")
    return Target(url, Secret(key))


@contextlib.contextmanager
def _held_back(number: signal.Signals) -> Iterator[Callable[[], None]]:
    """A signal waits while a process is made; yields what the child does to get it like any process.

    Between fork and exec our handlers run in the child as well, and what they raise there is swallowed.
    """

    def free() -> None:
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})

    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield free
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Gateway:
    """The reference gateway as a process of its own."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        said = TemporaryFile()  # noqa: SIM115 - as long as the process
        with _held_back(signal.SIGINT) as free:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [
                    sys.executable, "-m", "gateway", "--with-parent", "--requests-per-minute", str(UNLIMITED),
                    *arguments,
                ],
                cwd=ROOT,
                # Held open until we end, however that happens: then the gateway ends, too.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                env={name: value for name, value in os.environ.items() if name not in KEY_NAMES},
                # Its own group: Ctrl-C reaches the run, which then still talks to its gateway.
                start_new_session=True,
                preexec_fn=free,  # noqa: PLW1509 - one thread
            )  # fmt: skip
        assert self._process.stdout is not None
        try:
            line = self._process.stdout.readline()
        except BaseException:  # interrupted: it must not be left behind
            self._process.terminate()
            raise
        if not line:
            code = self._process.wait(5)
            said.seek(0)
            why = said.read().decode("utf-8", "replace").strip().splitlines() or [f"exit {code}"]
            raise TargetError(f"the reference gateway did not start: {why[-1]}")
        ready = json.loads(line)
        self.pid = int(ready["pid"])
        self.target = Target(ready["base_url"], Secret(ready["keys"]["codex"]))

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
