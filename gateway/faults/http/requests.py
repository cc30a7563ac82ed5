"""Faults of how requests are taken: methods, origins, forms and sizes of bodies, connections, paths."""

from dataclasses import replace
from itertools import count

from gateway.faults.machinery.fault import Family, Fault, rows
from gateway.faults.machinery.forged import CRASHED, refused
from gateway.faults.machinery.http_edits import CREATES, fault, has_header, method
from gateway.faults.machinery.selection import (
    CHAT,
    MODELS,
    RESPONSES,
    STREAM,
    When,
    at,
    both,
    negated,
)
from gateway.faults.machinery.transform import (
    ReplyChange,
    on_refusal,
    on_status,
    on_success,
    with_body,
    with_header,
    with_status,
    without_header,
)
from gateway.frames import Ending, GatewayReply
from wire.endpoint import Endpoint
from wire.exchange import Request


def _type(text: str) -> When:
    return lambda request: request.method == "POST" and request.header("content-type") == text


def _untyped(request: Request) -> bool:
    return request.method == "POST" and request.header("content-type") is None


def _chunked(request: Request) -> bool:
    return request.header("transfer-encoding") == "chunked"


def _redirected(to: str) -> ReplyChange:
    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        place = ("location", to + request.path.rstrip("/"))
        return replace(reply, status=308, headers=(*reply.headers, place))

    return made


def _slash(request: Request) -> bool:
    return request.path.partition("?")[0].endswith("/")


_turn = count()


def _now_and_then(change: ReplyChange) -> ReplyChange:
    return lambda request, reply: change(request, reply) if next(_turn) % 2 else reply


def _ended(ending: Ending) -> ReplyChange:
    return lambda _, reply: replace(reply, ending=ending)


def _slow(_: Request, reply: GatewayReply) -> GatewayReply:
    return replace(reply, delay_ms=reply.delay_ms + 60_000)


FAULTS = (
    fault("allow-missing", "http.allow", "A 405 has no Allow.", Family.HEADER,
        on_status(405, without_header("allow"))),
    fault("allow-wrong", "http.allow", "A 405 allows what it refuses.", Family.VALUE,
        on_status(405, with_header("allow", "DELETE, GET, PATCH, POST, PUT"))),
    fault("method-crash",
        "errors.no-server-error http.method.post-models http.method.unknown http.method.wrong",
        "A wrong method is answered with 500.", Family.STATUS,
        on_status(405, with_status(500))),
    fault("method-put-taken", "http.method.wrong", "PUT is taken for POST.", Family.PARAMETER,
        with_status(400), method("PUT", "PATCH")),
    fault("method-get-crash", "errors.no-server-error http.method.get-chat", "GET on chat is answered with 500.", Family.STATUS, CRASHED,
        both(at(Endpoint.CHAT), method("GET"))),
    fault("method-models-served", "http.method.post-models", "POST on the model list is served.", Family.STATUS,
        on_status(405, lambda request, reply: with_body({"object": "list", "data": []})(
            request, replace(reply, status=200))), both(MODELS, method("POST"))),
    fault("method-unknown-dropped", "http.method.unknown", "A strange method is answered with 403.", Family.STATUS,
        with_status(403), method("PROPFIND")),
    fault("html-404", "errors.path-unknown.json", "An unknown path is answered with an HTML page.", Family.SHAPE,
        on_status(404, with_body("<html>Not Found</html>", "text/html")),
        lambda request: "no-such-path" in request.path),
    fault("head-refused", "http.head", "HEAD is not allowed.", Family.STATUS, with_status(405), method("HEAD")),
    fault("head-body", "http.head", "HEAD has a body.", Family.CONTENT, with_body({"object": "list", "data": []}),
        method("HEAD")),
    fault("head-untyped", "http.head", "HEAD has no Content-Type.", Family.HEADER, without_header("content-type"),
        method("HEAD")),
    fault("preflight-refused", "http.preflight", "A preflight needs a key.", Family.STATUS, with_status(401),
        method("OPTIONS")),
    fault("preflight-no-authorization", "http.preflight", "A preflight does not grant Authorization.", Family.HEADER,
        with_header("access-control-allow-headers", "content-type"), method("OPTIONS")),
    fault("preflight-no-post", "http.preflight", "A preflight does not grant POST.", Family.HEADER,
        with_header("access-control-allow-methods", "GET"), method("OPTIONS")),
    fault("preflight-other-origin", "http.preflight", "A preflight grants another origin.", Family.HEADER,
        with_header("access-control-allow-origin", "https://other.example"), method("OPTIONS")),
    fault("cors-answer-lacks", "http.preflight.consistent", "Only the preflight grants the origin.", Family.HEADER,
        without_header("access-control-allow-origin"), negated(method("OPTIONS"))),
    fault("cors-hidden", "http.cors.expose", "CORS does not expose the request id.", Family.HEADER,
        without_header("access-control-expose-headers")),
    fault("text-plain-crash",
        "errors.no-server-error http.content-type.wrong",
        "JSON as text/plain is answered with 500.", Family.STATUS, CRASHED,
        _type("text/plain")),
    fault("form-forbidden", "http.content-type.wrong", "JSON as a form is answered with 403.", Family.STATUS, with_status(403),
        _type("application/x-www-form-urlencoded")),
    fault("untyped-crash",
        "errors.no-server-error http.content-type.missing",
        "JSON without Content-Type is answered with 500.", Family.STATUS, CRASHED,
        both(_untyped, CHAT)),
    fault("charset-refused", "http.charset", "Only application/json without charset is taken.", Family.STATUS,
        refused(415, "Unsupported Content-Type."),
        both(CREATES, lambda request: "charset" in (request.header("content-type") or ""))),
    fault("indented-refused", "http.body-spaces", "A body with line ends is refused.", Family.STATUS, refused(400, "We could not parse the JSON body of your request."),
        lambda request: b"\r\n\t" in request.body),
    fault("double-key-crash", "errors.no-server-error http.doubled-key", "A member that stands twice is answered with 500.", Family.STATUS, CRASHED,
        lambda request: request.body.count(b'"temperature"') > 1),
    fault("accept-strict", "http.accept http.too-large.after", "Only Accept: application/json is taken.", Family.STATUS,
        refused(406, "Not acceptable."),
        lambda request: not RESPONSES(request)
            and request.header("accept") in {"*/*", "text/event-stream"}),
    fault("too-large-crash", "errors.no-server-error http.too-large.status", "A body that is too large is answered with 500.", Family.STATUS,
        on_status(413, CRASHED)),
    fault("too-large-reset", "http.too-large.status", "A body that is too large ends in a reset.", Family.TRUNCATION,
        on_status(413, _ended(Ending.RESET))),
    fault("after-large-refused", "http.too-large.after", "After a body that is too large the server is out of order.",
        Family.STATE, refused(403, "Out of order."),
        both(at(Endpoint.MODEL), lambda request: request.header("accept") == "*/*")),
    fault("after-abort-crash", "errors.no-server-error http.abort", "After a stream that was left the server is out of order.",
        Family.STATE, CRASHED, both(at(Endpoint.MODEL), has_header("accept", "text/plain"))),
    fault("gzip-body-crash", "errors.no-server-error http.gzip-body", "A compressed body is answered with 500.", Family.STATUS, CRASHED,
        has_header("content-encoding", "gzip")),
    fault("expect-refused", "http.expect", "Expect is answered with 400.", Family.STATUS, refused(400, "We could not parse the JSON body of your request."),
        has_header("expect")),
    fault("expect-slow", "http.expect.prompt", "Expect is answered after a minute.", Family.TIMING, _slow, has_header("expect")),
    fault("header-limit", "errors.no-server-error http.header-size", "Headers of 60 KiB are answered with 500.", Family.STATUS, CRASHED,
        has_header("x-conformance-14")),
    fault("websocket-404", "http.websocket", "An upgrade to WebSocket gives 404.", Family.STATUS, with_status(404),
        has_header("upgrade")),
    fault("closes-after-error", "http.keep-alive", "The connection is closed after a refusal.", Family.HEADER,
        on_refusal(with_header("connection", "close"))),
    fault("closes-always", "http.keep-alive http.keep-alive.stream", "The connection is closed after each answer.", Family.HEADER,
        with_header("connection", "close")),
    fault("closes-after-stream", "http.keep-alive.stream", "The connection is closed after a stream.", Family.HEADER,
        with_header("connection", "close"), both(CHAT, STREAM)),
    fault("cut",
        "chat.param.json.control-characters chat.response.json http.whole",
        "Plain answers of chat end early.", Family.TRUNCATION,
        on_success(_ended(Ending.CUT)), both(CHAT, negated(STREAM))),
    fault("cut-after-stream",
        "chat.stream.whole http.keep-alive.stream http.whole",
        "Streams lack the end of the HTTP message.", Family.TRUNCATION,
        on_success(_ended(Ending.CUT)), both(CHAT, STREAM)),
    fault("reset-list", "http.keep-alive http.whole", "The model list ends in a reset.", Family.TRUNCATION,
        on_success(_ended(Ending.RESET)), both(MODELS, method("GET"))),
    fault("silent-at-last", "http.stays-up", "Whether it is still there is answered after a minute.", Family.TIMING, _slow,
        both(MODELS, has_header("x-conformance-alive"))),
    fault("one-at-a-time", "http.slow-reader", "While a client reads a stream, others wait.", Family.TIMING, _slow,
        both(MODELS, has_header("user-agent"))),
    fault("slash-flapping", "http.slash", "A trailing slash is a 404 or a 400, as it comes.", Family.STATE,
        _now_and_then(on_status(404, with_status(400))), _slash),
    fault("slash-crash", "errors.no-server-error http.slash", "A trailing slash is answered with 500.", Family.STATUS, CRASHED, _slash),
    fault("slash-other-list", "http.slash", "With a trailing slash the list is empty.", Family.CONTENT,
        on_status(404, lambda request, reply: with_body({"object": "list", "data": []})(request, replace(reply, status=200))), both(_slash, MODELS)),
    fault("redirect-plain-http", "http.redirect", "A trailing slash is redirected to another host.", Family.STATUS,
        _redirected("http://example.com"), _slash),
    fault("redirect-port", "http.redirect", "A trailing slash is redirected to another port.", Family.STATUS,
        _redirected("http://gateway:8080"), _slash),
    Fault("http.chunked-ignored", rows("http.chunked-body"), "A body without a length is not read.", Family.PARAMETER,
        when=_chunked, request=lambda request: replace(request, body=b"")),
)  # fmt: skip
