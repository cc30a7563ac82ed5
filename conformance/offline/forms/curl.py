"""What curl prints with `-i` or `-v`; with `-N` as well, where the command stands before it."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Final

from conformance.offline.form import ByteForm
from conformance.offline.record import LeftOutError, Record
from wire.exchange import Ended

MAX_BYTES: Final = 64 * 2**20
MAX_COMMAND: Final = 400  # lines
_PROMPT: Final = rb"([\w.@:~/\\ -]{0,80}[$#%>] ?)?"
_COMMAND: Final = re.compile(_PROMPT + rb"curl(\.exe)?\s")
_STATUS: Final = re.compile(rb"HTTP/\d(\.\d)? (\d{3})\b")
_ASKED: Final = re.compile(rb"([A-Z]{3,8}) (\S+) HTTP/\d")
_CLOCK: Final = re.compile(rb"\d\d:\d\d:\d\d\.\d+ (?=[*<>{}=] |[<>]\r?\n)")
_NOISE: Final = re.compile(rb"[{}] \[\d+ bytes data\]|\s+% Total|\s+Dload  Upload|Note: |Warning: ")
_METER: Final = re.compile(rb"\r?[ \t]*\d{1,3}([ \t]+[\d.]+[kMGT]?){7}([ \t]+[-\d:]{7,9}){3}[ \t]+[\d.]+[kMGT]?\r?")  # fmt: skip
# Without a line end after the body, the next note of -v stands on the same line.
_GLUED: Final = re.compile(
    rb"\* (Connection #\d+ to host|Closing connection|Connection #)[^\n]*\n?$"
)
_FAILED: Final = re.compile(rb"curl: \((\d+)\) ([^\r\n]*)")
_HOST: Final = re.compile(rb"\* +(?:Connected to|Established connection to) (\S+)[^\n]* port (\d+)")
_BEGINS: Final = re.compile(
    rb"(\xef\xbb\xbf)?\s*(HTTP/\d(\.\d)? \d{3}|" + _PROMPT + rb"curl(\.exe)?\s|"
    rb"(\d\d:\d\d:\d\d\.\d+ )?([*] |> [A-Z]{3,8} \S+ HTTP/|< HTTP/)|% Total\s|Note: Unnecessary use)"
)


@dataclass
class _Seen:
    """What has been read of one exchange."""

    at: int
    method: str = ""
    url: str = ""
    origin: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    data: bytes | None = None
    status: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    ended: Ended = Ended.UNKNOWN
    error: str = ""
    in_head: bool = False

    @property
    def holds_something(self) -> bool:
        return bool(self.status or self.error or b"".join(self.body).strip())

    def record(self) -> Record:
        url = self.url
        host = next((value for name, value in self.asked if name == "host"), "")
        if url.startswith("/"):
            url = f"{self.origin or (f'https://{host}' if host else '')}{url}"
        return Record(
            method=self.method,
            url=url,
            request_headers=tuple(self.asked),
            request_body=self.data,
            status=self.status.decode("ascii") or (0 if self.error else None),
            headers=tuple(self.headers),
            body=b"".join(self.body),
            ended=self.ended,
            error=self.error,
        )


def _records(file: IO[bytes]) -> Iterator[tuple[int, Record]]:
    text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise LeftOutError(f"output of more than {MAX_BYTES} bytes")
    text = text.removeprefix(b"\xef\xbb\xbf")
    verbose = re.search(rb"(?m)^(\d\d:\d\d:\d\d\.\d+ )?[<>] ", text) is not None
    lines = re.findall(rb"[^\n]*\n|[^\n]+", text)
    seen, number, offset = _Seen(0), 0, 0
    while number < len(lines):
        at, taken = offset, 1
        if _COMMAND.match(lines[number]):
            if seen.holds_something:
                yield seen.at, seen.record()
            seen = _Seen(at)
            taken = _typed(seen, lines[number : number + MAX_COMMAND])
        else:
            line, meters = _METER.subn(b"", _CLOCK.sub(b"", lines[number], count=1))
            if meters and not line.strip():
                line = b""
            if _begins_another(seen, line, verbose=verbose):
                yield seen.at, seen.record()
                seen = _Seen(at, origin=seen.origin)
            (_verbose if verbose else _plain)(seen, _failure(seen, line))
        offset += sum(len(line) for line in lines[number : number + taken])
        number += taken
    if seen.holds_something:
        yield seen.at, seen.record()


def _begins_another(seen: _Seen, line: bytes, *, verbose: bool) -> bool:
    if verbose:
        asks = line.startswith(b"> ") and _ASKED.match(line[2:]) is not None
        return asks and bool(seen.status)
    return _STATUS.match(line) is not None and bool(b"".join(seen.body).strip())


def _failure(seen: _Seen, line: bytes) -> bytes:
    """What of a line stands before curl's own complaint, which is noted."""
    if (match := _FAILED.search(line)) is None:
        return line
    seen.error = match[2].decode("utf-8", "replace")
    timeout = int(match[1]) == 28
    seen.ended = Ended.TIMEOUT if timeout else Ended.CUT if seen.status else Ended.FAILED
    return line[: match.start()]


def _plain(seen: _Seen, line: bytes) -> None:
    """A line of `curl -i`, or of `curl -N` after its command."""
    if _STATUS.match(line):
        _response_line(seen, line)
        seen.in_head = True
    elif seen.in_head:
        _response_line(seen, line)
        seen.in_head = bool(line.strip())
    elif line.strip() or seen.body:
        seen.body.append(line)


def _verbose(seen: _Seen, line: bytes) -> None:
    """A line of `curl -v`: notes, what was sent, what came, and the body between them."""
    kind = line[:2]
    if kind in (b"> ", b">\r", b">\n"):
        _request_line(seen, line[2:])
    elif kind in (b"< ", b"<\r", b"<\n"):
        _response_line(seen, line[2:])
    elif kind == b"* " or _NOISE.match(line):
        if match := _HOST.match(line):
            seen.origin = _origin(match[1].decode("latin-1"), int(match[2]))
    elif seen.status:
        seen.body.append(_GLUED.sub(b"", line))


def _request_line(seen: _Seen, line: bytes) -> None:
    if match := _ASKED.match(line):
        seen.method, seen.url = match[1].decode(), match[2].decode("latin-1")
        seen.asked = []
    elif b":" in line[1:]:
        name, _, value = line.decode("latin-1").partition(":")
        seen.asked.append((name.strip().lower(), value.strip()))


def _response_line(seen: _Seen, line: bytes) -> None:
    if match := _STATUS.match(line):
        # Of several heads (100 Continue, a proxy's, redirects) the last is the answer's.
        seen.status, seen.headers, seen.body = match[2], [], []
    elif b":" in line[1:]:
        name, _, value = line.decode("latin-1").partition(":")
        seen.headers.append((name.strip().lower(), value.strip()))


def _typed(seen: _Seen, lines: list[bytes]) -> int:
    """Take method, URL, headers and body from a command; how many lines it has."""
    words, taken = _words(lines)
    flags = iter(words)
    for word in flags:
        if word in ("-X", "--request"):
            seen.method = next(flags, "")
        elif word in ("-H", "--header"):
            name, _, value = next(flags, "").partition(":")
            seen.asked.append((name.strip().lower(), value.strip()))
        elif word in ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json"):
            data = next(flags, "")
            seen.data = None if data.startswith(("@", "$")) else data.encode()
            seen.method = seen.method or "POST"
        elif match := re.match(r"(https?:/)?(?:\$\{?\w+\}?)?/", word):
            seen.url = word if match[1] else word[match.end() - 1 :]
    if seen.url and not seen.method:
        seen.method = "GET"
    return taken


def _words(lines: list[bytes]) -> tuple[list[str], int]:
    """The words after `curl`; a quotation or a backslash at the end goes on in the next line."""
    text = ""
    for taken, line in enumerate(lines, 1):
        text += line.decode("utf-8", "replace")
        if text.rstrip("\r\n").endswith("\\"):
            continue
        try:
            words = shlex.split(text)
        except ValueError:
            continue
        at = next((n for n, word in enumerate(words) if word in ("curl", "curl.exe")), -1)
        return words[at + 1 :], taken
    return [], 1


def _origin(host: str, port: int) -> str:
    scheme = "https" if port in (443, 8443) else "http"
    return f"{scheme}://{host}{'' if port in (80, 443) else f':{port}'}"


FORM = ByteForm("output of curl -i or -v, with the command or without", _BEGINS, _records)
