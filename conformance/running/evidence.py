"""Evidence: an exchange as a curl line and as the transcript that the run document keeps."""

import shlex
from functools import cache
from typing import Any
from urllib.parse import quote

from conformance.judging.area import catalogue
from conformance.running.planned import probes
from conformance.running.target import Target
from wire.exchange import Exchange

MAX_BODY = 20_000
MAX_FRAMES = 400
# Set by the client itself; a reproduction does not need them.
DULL_HEADERS = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent", "accept"}
)


def curl(exchange: Exchange, base_url: str) -> str:
    """A line that repeats the request in a shell; the key comes from the environment."""
    request = exchange.request
    words = ["curl", "-sS", "-i"]
    if request.params.get("stream") is True:
        words.append("-N")
    if request.method != "POST":
        words += ["-X", request.method] if request.method != "GET" else []
    elif not request.body:
        words += ["-X", "POST"]
    words.append(shlex.quote(_typed(Target(base_url, {}).url(request.path))))
    for name, value in request.headers:
        if name in DULL_HEADERS:
            continue
        if name == "authorization" and value == "Bearer [redacted:main]":
            words.append('-H "Authorization: Bearer $CONFORMANCE_API_KEY"')
        else:
            words.append(f"-H {shlex.quote(_typed(f'{name}: {value}'))}")
    if padding := _padding_bytes(exchange):
        spaces = f"head -c {padding} /dev/zero | tr '\\0' ' '"
        start = f"printf %s {_quoted(request.body)}"
        return f"{{ {start}; {spaces}; }} | {' '.join([*words, '--data-binary @-'])}"
    if request.body:
        words.append(f"--data-binary {_quoted(request.body[:MAX_BODY])}")
    return " ".join(words)


def _typed(text: str) -> str:
    """What no shell takes, and no terminal prints, as an address writes it."""
    return "".join(c if c.isprintable() else quote(c, errors="surrogatepass") for c in text)


def _padding_bytes(exchange: Exchange) -> int:
    """The spaces that were sent after the body and are not kept."""
    return _paddings().get(exchange.probe or "", 0)


@cache
def _paddings() -> dict[str, int]:
    sent = probes(catalogue()).values()
    return {probe.name: probe.handling.padding_bytes for probe in sent}


def _quoted(body: bytes) -> str:
    """A body as one word of a shell; bytes that are no UTF-8 as bash writes them."""
    try:
        return shlex.quote(body.decode())
    except UnicodeDecodeError:
        safe = "".join(
            chr(b) if 32 <= b < 127 and chr(b) not in "\\'" else f"\\x{b:02x}" for b in body
        )
        return f"$'{safe}'"


def transcript(exchange: Exchange, base_url: str) -> dict[str, Any]:
    """The exchange as plain JSON values, long parts cut; `truncated` says whether that happened."""
    request, reply = exchange.request, exchange.reply
    asked = request.body.decode("utf-8", "replace")
    text = reply.text
    frames = [(c.at_ms, c.data.decode("utf-8", "replace")) for c in reply.chunks]
    stream = reply.is_stream and reply.timed
    cut = len(asked) > MAX_BODY or len(text) > MAX_BODY or (stream and len(frames) > MAX_FRAMES)
    return {
        "probe": exchange.probe or "",
        "model": exchange.model or "",
        "request": {
            "method": request.method,
            "path": request.path,
            "headers": [list(pair) for pair in request.headers],
            "body_text": asked[:MAX_BODY],
        },
        "response": {
            "status": reply.status,
            "headers": [list(pair) for pair in reply.headers],
            "body_text": "" if stream else text[:MAX_BODY],
        },
        "frames": [[ms, part[:MAX_BODY]] for ms, part in frames[:MAX_FRAMES]] if stream else [],
        "connection": {
            "ended": exchange.connection.ended.value,
            "reused": exchange.connection.reused,
            "error": exchange.connection.error,
            "total_ms": exchange.connection.total_ms,
        },
        "curl": curl(exchange, base_url),
        "truncated": cut,
    }
