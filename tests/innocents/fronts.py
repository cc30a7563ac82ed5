"""What stands before a right server and speaks for it: fronts, firewalls, balancers, pools of equal machines.

Each stands alone; `more.TOGETHER` puts those that do not change the way of a run into one.
"""

import gzip
import itertools
import zlib
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate, parsedate_to_datetime
from typing import Any, Final

from gateway.faults.machinery.fault import Handler
from gateway.frames import GatewayReply, Piece, encode
from tests.innocents.doings import Doing, Front, Refusing, adds, changing, payloads
from wire.exchange import Request

MIB: Final = 2**20
NGINX: Final = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)
CHALLENGE: Final = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title><meta name="robots" content="noindex">'
    '</head><body><div id="cf-wrapper">Enable JavaScript and cookies to continue</div></body></html>'
)


def page(status: int, text: str, *headers: tuple[str, str]) -> GatewayReply:
    """An answer of a front in HTML."""
    sent = (("server", "nginx"), ("content-type", "text/html"), *headers)
    return GatewayReply(status, sent, pieces=(Piece(0, text.encode()),))


def nginx(status: int, reason: str, *headers: tuple[str, str]) -> GatewayReply:
    return page(status, NGINX.format(f"{status} {reason}"), *headers)


class Before(Front):
    """Answers itself what it does not let through."""

    def __init__(self, inner: Handler, test: Callable[[Request], GatewayReply | None]) -> None:
        super().__init__(inner, lambda _, reply: reply)
        self._test = test

    def handle(self, request: Request) -> GatewayReply:
        said = self._test(request)
        if said is None:
            return super().handle(request)
        dated = (("date", formatdate(usegmt=True)),)
        return replace(said, headers=(*said.headers, *dated))


def before(test: Callable[[Request], GatewayReply | None]) -> Doing:
    return lambda inner: Before(inner, test)


def _bodies_over(size: int, said: GatewayReply) -> Doing:
    return before(lambda request: said if len(request.body) > size else None)


def _odd(request: Request) -> GatewayReply | None:
    """A firewall that challenges bodies that no client sends: no UTF-8, NUL, nested without end."""
    body = request.body
    try:
        body.decode()
    except UnicodeDecodeError:
        return page(403, CHALLENGE, ("cf-mitigated", "challenge"))
    odd = b"\0" in body or b"\\u0000" in body or b"[" * 500 in body or b'{"a":' * 200 in body
    return page(403, CHALLENGE, ("cf-mitigated", "challenge")) if odd else None


_ROUTES: Final = (
    "/models",
    "/chat/completions",
    "/responses",
    "/credits",
    "/me",
    "/usage",
    "/messages",
)


def _unknown_route(request: Request) -> GatewayReply | None:
    """A front that passes on only what it knows."""
    path = request.path.partition("?")[0]
    known = any(path.startswith(f"/v1{route}") for route in _ROUTES) or path.startswith(
        "/reference"
    )
    return None if known else nginx(404, "Not Found")


def _unknown_method(request: Request) -> GatewayReply | None:
    odd = request.method not in {"GET", "POST", "DELETE", "HEAD", "OPTIONS"}
    return nginx(405, "Not Allowed") if odd else None


def _zipped(stream: bool) -> Doing:
    """Compressed for those who ask for it; a stream event by event."""

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        if "gzip" not in (request.header("accept-encoding") or "") or request.method == "HEAD":
            return reply
        headers = (*reply.headers, ("content-encoding", "gzip"), ("vary", "accept-encoding"))
        if reply.frames is None:
            pieces = tuple(
                Piece(p.delay_ms, gzip.compress(p.data)) for p in encode(reply) if p.data
            )
            return replace(reply, headers=headers, pieces=pieces) if pieces else reply
        if not stream:
            return reply
        coder = zlib.compressobj(wbits=31)
        told = [
            Piece(p.delay_ms, coder.compress(p.data) + coder.flush(zlib.Z_SYNC_FLUSH))
            for p in encode(reply)
        ]
        told[-1] = told[-1]._replace(data=told[-1].data + coder.flush())
        return replace(reply, headers=headers, pieces=tuple(told))

    return changing(made)


def _merged(number: int) -> Doing:
    """So many events in one write."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.frames is None:
            return reply
        pieces, joined = encode(reply), []
        for at in range(0, len(pieces), number):
            some = pieces[at : at + number]
            joined.append(Piece(sum(p.delay_ms for p in some), b"".join(p.data for p in some)))
        return replace(reply, pieces=tuple(joined))

    return changing(made)


def _each(number: int, change: Callable[[GatewayReply], GatewayReply]) -> Doing:
    """Every so many-th answer is changed."""

    def made(inner: Handler) -> Handler:
        turn = itertools.count(1)
        return Front(inner, lambda _, r: change(r) if next(turn) % number == 0 else r)

    return made


def _headers(change: Callable[[str, str], tuple[str, str] | None]) -> Doing:
    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        told = tuple(pair for name, value in reply.headers if (pair := change(name, value)))
        return replace(reply, headers=told)

    return changing(made)


def _skewed(seconds: float) -> Doing:
    """The clock of the front is off; what the server itself says is not."""

    def change(name: str, value: str) -> tuple[str, str]:
        if name != "date":
            return name, value
        return name, formatdate(parsedate_to_datetime(value).timestamp() + seconds, usegmt=True)

    return _headers(change)


def _own_clock(seconds: int) -> Doing:
    def change(value: Any) -> Any:
        for holder in (value, value.get("response")):
            for name in ("created", "created_at", "completed_at"):
                if (
                    isinstance(holder, dict)
                    and type(holder.get(name)) is int
                    and "owned_by" not in holder
                ):
                    holder[name] += seconds
        return value

    return payloads(change)


def _fingerprints(turn: Any = None) -> Doing:
    """A pool of equal machines, each with its own mark."""

    def made(inner: Handler) -> Handler:
        number = itertools.count()

        def change(_: Request, reply: GatewayReply) -> GatewayReply:
            mark = f"fp_{next(number) % 3:010x}"

            def marked(value: Any) -> Any:
                return {**value, "system_fingerprint": mark} if "choices" in value else value

            if reply.frames is not None:
                told = tuple(
                    f._replace(payload=marked(f.payload)) if isinstance(f.payload, dict) else f
                    for f in reply.frames
                )
                return replace(reply, frames=told)
            return (
                replace(reply, body=marked(reply.body)) if isinstance(reply.body, dict) else reply
            )

        return Front(inner, change)

    return made


def _blank_lines(_: Request, reply: GatewayReply) -> GatewayReply:
    """Empty lines before the JSON while the model works, so that nobody closes the connection (DeepSeek)."""
    if not isinstance(reply.body, dict) or reply.status >= 400:
        return reply
    return replace(reply, pieces=(Piece(5, b"\n"), Piece(5, b"\n"), Piece(0, reply.data)))


def _whole_numbers(value: Any) -> Any:
    """JSON written again by a language that knows one kind of number."""
    if isinstance(value, dict):
        return {name: _whole_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Away(Front):
    """A deployment: for a while every request is answered by the front."""

    def __init__(self, inner: Handler, first: int, number: int, said: GatewayReply) -> None:
        super().__init__(inner, lambda _, reply: reply)
        self._from, self._to, self._said, self._count = first, first + number, said, 0

    def handle(self, request: Request) -> GatewayReply:
        self._count += 1
        return self._said if self._from <= self._count < self._to else super().handle(request)


def _media(name: str, value: str) -> tuple[str, str] | None:
    if name != "content-type":
        return name, value
    return name, value.partition(";")[0] + "; charset=UTF-8"


FRONTS: Final[dict[str, Doing]] = {
    "413-over-8-mib": _bodies_over(8 * MIB, nginx(413, "Request Entity Too Large", ("connection", "close"))),
    "413-over-4-mib": _bodies_over(4 * MIB + 4096, nginx(413, "Request Entity Too Large", ("connection", "close"))),
    "413-of-cloudflare": _bodies_over(16 * MIB, page(413, CHALLENGE.replace("Just a moment...", "413 Payload Too Large"))),
    "413-as-text": _bodies_over(8 * MIB, GatewayReply(413, (("content-type", "text/plain"),), pieces=(Piece(0, b"length limit exceeded"),))),
    "413-without-body": _bodies_over(8 * MIB, GatewayReply(413, (("connection", "close"),), pieces=())),
    "413-of-fastapi": _bodies_over(8 * MIB, GatewayReply(413, (("content-type", "application/json"),), {"detail": "Request body too large"})),
    "firewall-on-odd-bodies": before(_odd),
    "routes-of-a-front": before(_unknown_route),
    "methods-of-a-front": before(_unknown_method),
    "gzip": _zipped(stream=False),
    "gzip-streams": _zipped(stream=True),
    "four-events-a-write": _merged(4),
    "limits-of-a-front": adds(
        ("x-ratelimit-limit", "600"), ("x-ratelimit-remaining", "598"), ("x-ratelimit-reset", "1764000000"),
        ("ratelimit-limit", "600, 600;w=60"), ("ratelimit-remaining", "598"), ("ratelimit-reset", "42"),
        ("x-ratelimit-limit-minute", "600"), ("x-ratelimit-remaining-minute", "598"),
    ),
    "limits-twice": adds(("x-ratelimit-limit-requests", "10000"), ("x-ratelimit-remaining-requests", "9999"),
                         ("x-ratelimit-reset-requests", "6ms")),
    "timing-headers": adds(("server-timing", "cfExtPri"), ("server-timing", 'cfL4;desc="?proto=TCP&rtt=1200"'), ("content-encoding", "identity"),
                           ("etag", 'W/"2a-9f"'), ("x-powered-by", "Express"), ("x-runtime", "0.1"), ("cache-control", "no-store")),
    "cors-of-a-front": _headers(lambda n, v: None if n == "vary" else (n, v)),
    "closes-now-and-then": _each(5, lambda r: replace(r, headers=(*r.headers, ("connection", "close")))),
    "date-6-s-ahead": _skewed(6),
    "date-6-s-behind": _skewed(-6),
    "clock-7-s-ahead": _own_clock(7),
    "clock-7-s-behind": _own_clock(-7),
    "one-of-fifty-10-s-slow": _each(50, lambda r: replace(r, delay_ms=r.delay_ms + 10_000)),
    "fingerprints": _fingerprints(),
    "blank-lines-before-json": changing(_blank_lines),
    "whole-numbers": payloads(_whole_numbers),
    "charset": _headers(_media),
    "one-of-hundred-520": lambda inner: Refusing(inner, 100, page(520, CHALLENGE)),
    "one-of-twenty-502-page": lambda inner: Refusing(inner, 20, nginx(502, "Bad Gateway")),
    "one-of-thirty-504-page": lambda inner: Refusing(inner, 30, nginx(504, "Gateway Time-out")),
    "one-of-twenty-503-page": lambda inner: Refusing(inner, 20, nginx(503, "Service Temporarily Unavailable")),
    "one-of-twenty-429-page": lambda inner: Refusing(inner, 20, nginx(429, "Too Many Requests")),
    "one-of-forty-524": lambda inner: Refusing(inner, 40, page(524, CHALLENGE)),
    "one-of-thirty-529": lambda inner: Refusing(inner, 30, GatewayReply(529, (("content-type", "application/json"),),
        {"error": {"message": "Overloaded", "type": "overloaded_error", "param": None, "code": None}})),
    "a-deployment": lambda inner: Away(inner, 150, 5, nginx(502, "Bad Gateway")),
    "should-retry": changing(lambda _, r: replace(r, headers=(*r.headers, ("x-should-retry", "false"))) if r.status >= 400 else r),
}  # fmt: skip


def main() -> None:
    """`python -m tests.innocents.fronts [NAME …]`: each by itself, and what it is accused of."""
    import sys

    from tests.innocents.test_innocents import accused, judged

    for name in sys.argv[1:] or FRONTS:
        said = accused(judged(FRONTS[name]))
        print(f"{name}: {len(said)} accusations", *said, sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
