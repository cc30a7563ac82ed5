"""Faults of headers and methods, on any endpoint."""

from dataclasses import replace

from gateway.fault import Family, Fault
from gateway.frames import GatewayReply
from gateway.transform import (
    ReplyChange,
    on_refusal,
    on_status,
    on_success,
    with_body,
    with_header,
    with_status,
    without_header,
)
from wire.exchange import Request

_LIMITS = tuple(
    f"x-ratelimit-{part}-{what}"
    for part in ("limit", "remaining", "reset")
    for what in ("requests", "tokens")
)


def _not_redirected(path: str) -> bool:
    return path.partition("?")[0].endswith("/")


def _redirected(request: Request, reply: GatewayReply) -> GatewayReply:
    if not _not_redirected(request.path):
        return reply
    place = ("location", "http://example.com" + request.path.rstrip("/"))
    return replace(reply, status=308, headers=(*reply.headers, place))


def _no_preflight(request: Request, reply: GatewayReply) -> GatewayReply:
    return replace(reply, status=401) if request.method == "OPTIONS" else reply


def _head_refused(request: Request, reply: GatewayReply) -> GatewayReply:
    return replace(reply, status=405) if request.method == "HEAD" else reply


def _fault(name: str, says: str, family: Family, reply: ReplyChange) -> Fault:
    return Fault(f"http.{name}", (), says, family, reply=reply)


FAULTS = (
    _fault("request-id-missing", "There is no x-request-id.", Family.HEADER,
        without_header("x-request-id")),
    _fault("request-id-missing-on-errors", "Refusals have no x-request-id.", Family.HEADER,
        on_refusal(without_header("x-request-id"))),
    _fault("request-id-constant", "Every answer has one x-request-id.", Family.STATE,
        with_header("x-request-id", "req_" + "0" * 32)),
    _fault("processing-negative", "openai-processing-ms is negative.", Family.VALUE,
        with_header("openai-processing-ms", "-1")),
    _fault("version-wrong", "openai-version is a number.", Family.VALUE,
        with_header("openai-version", "1.0")),
    _fault("date-wrong", "The server's clock is a day behind.", Family.VALUE,
        with_header("date", "Thu, 01 Jan 2026 00:00:00 GMT")),
    _fault("limits-partial", "Only some of the rate limit headers come.", Family.HEADER,
        without_header("x-ratelimit-remaining-tokens")),
    _fault("limits-missing", "No rate limit headers come.", Family.HEADER, without_header(*_LIMITS)),
    _fault("limits-negative", "The remaining requests are -1.", Family.VALUE,
        on_success(with_header("x-ratelimit-remaining-requests", "-1"))),
    _fault("limits-constant", "The remaining requests never fall.", Family.STATE,
        on_success(with_header("x-ratelimit-remaining-requests", "4999"))),
    _fault("reset-epoch", "Resets are given as seconds of the epoch.", Family.VALUE,
        on_success(with_header("x-ratelimit-reset-requests", "1795346817"))),
    _fault("retry-after-missing", "A rate limit does not say how long to wait.", Family.HEADER,
        on_status(429, without_header("retry-after", "retry-after-ms"))),
    _fault("retry-after-long", "A rate limit asks to wait an hour.", Family.VALUE,
        on_status(429, with_header("retry-after", "3600"))),
    _fault("allow-missing", "A 405 has no Allow.", Family.HEADER,
        on_status(405, without_header("allow"))),
    _fault("method-crash", "A wrong method is answered with 500.", Family.STATUS,
        on_status(405, with_status(500))),
    _fault("html-404", "An unknown path is answered with an HTML page.", Family.SHAPE,
        on_status(404, with_body("<html>Not Found</html>", "text/html"))),
    _fault("charset-lost", "JSON comes as text/html.", Family.HEADER,
        on_success(lambda request, reply: reply if reply.frames is not None
            else with_header("content-type", "text/html")(request, reply))),
    _fault("cors-hidden", "CORS does not expose the request id.", Family.HEADER,
        without_header("access-control-expose-headers")),
    _fault("preflight-refused", "A preflight needs a key.", Family.STATUS, _no_preflight),
    _fault("head-refused", "HEAD is not allowed.", Family.STATUS, _head_refused),
    _fault("redirect", "A trailing slash is redirected to plain http elsewhere.", Family.STATUS,
        _redirected),
)  # fmt: skip
