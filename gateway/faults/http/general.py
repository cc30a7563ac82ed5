"""Faults of headers, methods, bodies and connections, on any endpoint."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from gateway.faults.machinery.fault import Family, Fault, always, rows
from gateway.faults.machinery.forged import CRASHED, chat_served, refused
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
    alter,
    in_turn,
    on_all,
    on_body,
    on_frames,
    on_refusal,
    on_status,
    on_success,
    put,
    with_body,
    with_header,
    with_status,
    without_header,
)
from gateway.frames import Ending, GatewayReply, Piece, encode
from wire.endpoint import Endpoint
from wire.exchange import Request

_LIMITS = tuple(
    f"x-ratelimit-{part}-{what}"
    for part in ("limit", "remaining", "reset")
    for what in ("requests", "tokens")
)
_CREATES = at(Endpoint.CHAT, Endpoint.RESPONSES, method="POST")


def _method(*names: str) -> When:
    return lambda request: request.method in names


def _has(name: str, value: str = "") -> When:
    def when(request: Request) -> bool:
        given = request.header(name)
        return given is not None and value in given

    return when


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


def _zipped(_: Request, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    whole = b"".join(piece.data for piece in pieces)
    return (Piece(sum(piece.delay_ms for piece in pieces), gzip.compress(whole)),)


def _as_gzip(request: Request, reply: GatewayReply) -> GatewayReply:
    """The whole body compressed as one piece: right, but a stream waits for its end."""
    pieces = _zipped(request, encode(reply))
    reply = with_header("content-encoding", "gzip")(request, reply)
    return replace(reply, pieces=pieces)


def _twice(request: Request, reply: GatewayReply) -> GatewayReply:
    once = _as_gzip(request, reply)
    return replace(once, pieces=_zipped(request, encode(once)))


def _rewritten(change: Callable[[bytes], bytes]) -> ReplyChange:
    """The bytes of a plain body changed."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.body is None:
            return reply
        return replace(reply, pieces=(Piece(0, change(reply.data)),))

    return made


def _said_gzip(request: Request, reply: GatewayReply) -> GatewayReply:
    return with_header("content-encoding", "gzip")(request, reply)


def _slow(_: Request, reply: GatewayReply) -> GatewayReply:
    return replace(reply, delay_ms=reply.delay_ms + 60_000)


def _one_id(request: Request, reply: GatewayReply) -> GatewayReply:
    if CHAT(request):
        return on_all(put("id", "chatcmpl-" + "0" * 32))(request, reply)
    name = "resp_" + "0" * 48
    changes = (on_body(put("id", name)), on_frames(alter("response", put("id", name))))
    return in_turn(*changes)(request, reply)


def _hours_later(request: Request, reply: GatewayReply) -> GatewayReply:
    def later(value: object) -> object:
        return value + 3_600 if isinstance(value, int) else value

    for path in ("created", "created_at", "response.created_at"):
        reply = on_all(alter(path, later))(request, reply)
    return reply


def _fault(
    name: str, breaks: str, says: str, family: Family, reply: ReplyChange, when: When = always
) -> Fault:
    return Fault(f"http.{name}", rows(breaks), says, family, when=when, reply=reply)


FAULTS = (
    _fault("json-as-html",
        "http.content-type.json http.head models.list.status",
        "JSON comes as text/html.", Family.HEADER,
        on_success(with_header("content-type", "text/html")), both(MODELS, _method("GET"))),
    _fault("json-untyped", "chat.response.status http.content-type.json", "Plain answers of chat have no Content-Type.", Family.HEADER,
        on_success(without_header("content-type")), both(CHAT, negated(STREAM))),
    _fault("json-latin", "http.content-type.json", "Plain answers say that they are Latin-1.", Family.HEADER,
        on_success(with_header("content-type", "application/json; charset=latin-1")),
        both(CHAT, negated(STREAM))),
    _fault("json-bom", "http.json.utf8", "JSON begins with a byte order mark.", Family.FRAMING,
        _rewritten(lambda data: b"\xef\xbb\xbf" + data), MODELS),
    _fault("json-utf16", "http.json.utf8", "JSON comes in UTF-16.", Family.FRAMING,
        _rewritten(lambda data: data.decode().encode("utf-16-le")), MODELS),
    _fault("json-member-twice", "http.json.members-once", "A member stands twice in the body.", Family.SHAPE,
        _rewritten(lambda data: data.replace(b'"object":', b'"object":"","object":', 1)), MODELS),
    _fault("request-id-twice", "http.header-once", "x-request-id stands twice.", Family.HEADER,
        lambda _, reply: replace(reply, headers=(*reply.headers, ("x-request-id", "req_0")))),
    _fault("content-type-twice", "http.header-once", "Content-Type stands twice on refusals.", Family.HEADER,
        on_refusal(lambda _, reply: replace(reply, headers=(*reply.headers, ("content-type", "text/html"))))),
    _fault("stream-as-binary",
        "chat.stream.media-type http.content-type.stream",
        "Streams come as application/octet-stream.", Family.HEADER,
        on_success(with_header("content-type", "application/octet-stream")), both(CHAT, STREAM)),
    _fault("stream-as-json",
        "http.content-type.stream responses.stream.media-type",
        "Streams of Responses come as JSON.", Family.HEADER,
        on_success(with_header("content-type", "application/json")), both(RESPONSES, STREAM)),
    _fault("stream-latin",
        "chat.stream.media-type http.content-type.stream responses.stream.media-type",
        "Streams say that they are Latin-1.", Family.HEADER,
        on_success(with_header("content-type", "text/event-stream; charset=iso-8859-1")),
        both(_CREATES, STREAM)),
    _fault("stream-length", "http.stream.length", "Streams have a Content-Length.", Family.HEADER,
        on_success(lambda request, reply: with_header("content-length", str(len(reply.data)))(request, reply)),
        both(CHAT, STREAM)),
    _fault("stream-cached", "http.cacheable http.stream.cache", "Streams may be kept for an hour.", Family.HEADER,
        on_success(with_header("cache-control", "max-age=3600")), both(_CREATES, STREAM)),
    _fault("stream-cache-unsaid", "http.stream.cache", "Streams have no Cache-Control.", Family.HEADER,
        on_success(without_header("cache-control")), both(_CREATES, STREAM)),
    _fault("errors-cached", "http.cacheable", "Refusals may be kept by anybody.", Family.HEADER,
        on_refusal(with_header("cache-control", "public, max-age=60"))),
    _fault("gzip-unasked",
        "chat.stream.incremental http.encoding.asked http.encoding.stream",
        "Streams are compressed, asked or not.", Family.HEADER, _as_gzip,
        both(CHAT, STREAM, lambda request: b"Count" in request.body)),
    _fault("gzip-unasked-list", "http.encoding.asked", "The model list is compressed, asked or not.", Family.HEADER, on_success(_as_gzip),
        both(MODELS, _method("GET"))),
    _fault("gzip-stream-held", "http.encoding.stream", "A compressed stream comes in one piece.", Family.TIMING, _as_gzip,
        both(CHAT, STREAM, _has("accept-encoding", "gzip"))),
    _fault("gzip-twice",
        "http.encoding.valid http.json.utf8 models.list.shape",
        "Compressed answers are compressed twice.", Family.CONTENT, _twice,
        both(MODELS, _has("accept-encoding", "gzip"))),
    _fault("gzip-said", "http.encoding.valid", "Answers are said to be compressed and are not.", Family.HEADER, _said_gzip,
        both(MODELS, _has("accept-encoding", "gzip"))),
    _fault("gzip-refusal-said", "http.encoding.valid", "Refusals are said to be compressed and are not.", Family.HEADER,
        on_refusal(_said_gzip), _has("accept-encoding", "gzip")),
    _fault("request-id-missing", "http.request-id.present", "There is no x-request-id.", Family.HEADER,
        without_header("x-request-id")),
    _fault("request-id-missing-on-errors", "http.request-id.present", "Refusals have no x-request-id.", Family.HEADER,
        on_refusal(without_header("x-request-id"))),
    _fault("request-id-missing-on-streams", "http.request-id.present", "Streams have no x-request-id.", Family.HEADER,
        without_header("x-request-id"), both(CHAT, STREAM)),
    _fault("request-id-empty", "http.request-id.present", "x-request-id is empty.", Family.VALUE, with_header("x-request-id", "")),
    _fault("request-id-constant", "http.request-id.unique", "Every answer has one x-request-id.", Family.STATE,
        with_header("x-request-id", "req_" + "0" * 32)),
    _fault("request-id-constant-on-errors", "http.request-id.unique", "Every refusal has one x-request-id.", Family.STATE,
        on_refusal(with_header("x-request-id", "req_" + "0" * 32))),
    _fault("id-constant",
        "chat.answer.id-unique http.object-id.unique responses.state.id-unique",
        "Every completion and response has the same id.", Family.STATE,
        on_success(_one_id), both(_CREATES, lambda request: b"marker " in request.body)),
    _fault("client-headers-refused", "http.client-headers", "Headers that are not known are refused.", Family.PARAMETER,
        refused(400, "Unknown header."), _has("x-conformance-unknown")),
    _fault("processing-negative", "http.openai-headers", "openai-processing-ms is negative.", Family.VALUE,
        with_header("openai-processing-ms", "-1")),
    _fault("processing-fraction", "http.openai-headers", "openai-processing-ms has a fraction.", Family.VALUE,
        with_header("openai-processing-ms", "12.5")),
    _fault("version-wrong", "http.openai-headers", "openai-version is a number.", Family.VALUE,
        with_header("openai-version", "1.0")),
    _fault("date-wrong",
        "http.date.created http.date.right responses.state.created-at-now",
        "The server's clock is far behind.", Family.VALUE,
        with_header("date", "Thu, 01 Jan 2026 00:00:00 GMT")),
    _fault("date-missing", "http.date.present", "Answers have no Date.", Family.HEADER, without_header("date")),
    _fault("date-iso", "http.date.present", "Date is not an HTTP date.", Family.VALUE,
        with_header("date", "2026-11-22T11:00:00Z")),
    _fault("created-later",
        "chat.answer.created http.date.created responses.state.completed-at "
        "responses.state.created-at-now",
        "Completions are an hour younger than their Date.", Family.VALUE,
        on_success(_hours_later), both(_CREATES, lambda request: b"marker " in request.body)),
    _fault("limits-partial", "http.limits.all", "Only some of the rate limit headers come.", Family.HEADER,
        without_header("x-ratelimit-remaining-tokens")),
    _fault("limits-none-on-streams", "http.limits.same", "Streams have no rate limit headers.", Family.HEADER,
        without_header(*_LIMITS), both(_CREATES, STREAM)),
    _fault("limits-negative", "http.limits.falls http.limits.numbers", "The remaining requests are -1.", Family.VALUE,
        on_success(with_header("x-ratelimit-remaining-requests", "-1")), _CREATES),
    _fault("limits-above", "http.limits.numbers", "More tokens remain than the limit has.", Family.VALUE,
        on_success(with_header("x-ratelimit-remaining-tokens", "999999999999")), _CREATES),
    _fault("limits-fraction", "http.limits.numbers", "The limit of tokens has a fraction.", Family.VALUE,
        on_success(with_header("x-ratelimit-limit-tokens", "1e6")), _CREATES),
    _fault("limits-constant", "http.limits.falls", "The remaining requests never fall.", Family.STATE,
        on_success(with_header("x-ratelimit-remaining-requests", "2")), _CREATES),
    _fault("limits-refused-left", "http.limits.falls", "A refused call has requests left.", Family.STATE,
        on_status(429, with_header("x-ratelimit-remaining-requests", "3"))),
    _fault("reset-epoch", "http.limits.reset", "Resets are given as seconds of the epoch.", Family.VALUE,
        on_success(with_header("x-ratelimit-reset-requests", "1795346817")), _CREATES),
    _fault("reset-empty", "http.limits.reset", "Resets are empty.", Family.VALUE,
        on_success(with_header("x-ratelimit-reset-tokens", "")), _CREATES),
    _fault("limits-unenforced",
        "chat.answer.exact-text errors.rate-limit http.limits.falls",
        "The limit of requests does not hold.", Family.STATE,
        on_status(429, chat_served), both(CHAT, lambda request: b"Count from 1 to 2" in request.body)),
    _fault("retry-after-missing", "http.retry-after.present", "A rate limit does not say how long to wait.", Family.HEADER,
        on_status(429, without_header("retry-after", "retry-after-ms"))),
    _fault("retry-after-long", "http.retry-after.short", "A rate limit asks to wait an hour.", Family.VALUE,
        on_status(429, lambda request, reply: with_header("retry-after", "3600")(request, reply)
            if reply.header("retry-after") else reply)),
    _fault("retry-after-words", "http.retry-after.present", "A rate limit says 'soon'.", Family.VALUE,
        on_status(429, lambda request, reply: with_header("retry-after", "soon")(request, reply)
            if reply.header("retry-after") else reply)),
    _fault("retry-after-overload", "http.retry-after.overload", "Overload does not say how long to wait.", Family.HEADER,
        on_status(503, without_header("retry-after"))),
    _fault("allow-missing", "http.allow", "A 405 has no Allow.", Family.HEADER,
        on_status(405, without_header("allow"))),
    _fault("allow-wrong", "http.allow", "A 405 allows what it refuses.", Family.VALUE,
        on_status(405, with_header("allow", "DELETE, GET, PATCH, POST, PUT"))),
    _fault("method-crash",
        "errors.no-server-error http.method.post-models http.method.unknown http.method.wrong",
        "A wrong method is answered with 500.", Family.STATUS,
        on_status(405, with_status(500))),
    _fault("method-put-taken", "http.method.wrong", "PUT is taken for POST.", Family.PARAMETER,
        with_status(400), _method("PUT", "PATCH")),
    _fault("method-get-crash", "errors.no-server-error http.method.get-chat", "GET on chat is answered with 500.", Family.STATUS, CRASHED,
        both(at(Endpoint.CHAT), _method("GET"))),
    _fault("method-models-served", "http.method.post-models", "POST on the model list is served.", Family.STATUS,
        on_status(405, lambda request, reply: with_body({"object": "list", "data": []})(
            request, replace(reply, status=200))), both(MODELS, _method("POST"))),
    _fault("method-unknown-dropped", "http.method.unknown", "A strange method is answered with 403.", Family.STATUS,
        with_status(403), _method("PROPFIND")),
    _fault("html-404", "errors.content-type errors.envelope", "An unknown path is answered with an HTML page.", Family.SHAPE,
        on_status(404, with_body("<html>Not Found</html>", "text/html")),
        lambda request: "no-such-path" in request.path),
    _fault("head-refused", "http.head", "HEAD is not allowed.", Family.STATUS, with_status(405), _method("HEAD")),
    _fault("head-body", "http.head", "HEAD has a body.", Family.CONTENT, with_body({"object": "list", "data": []}),
        _method("HEAD")),
    _fault("head-untyped", "http.head", "HEAD has no Content-Type.", Family.HEADER, without_header("content-type"),
        _method("HEAD")),
    _fault("preflight-refused", "http.preflight", "A preflight needs a key.", Family.STATUS, with_status(401),
        _method("OPTIONS")),
    _fault("preflight-no-authorization", "http.preflight", "A preflight does not grant Authorization.", Family.HEADER,
        with_header("access-control-allow-headers", "content-type"), _method("OPTIONS")),
    _fault("preflight-no-post", "http.preflight", "A preflight does not grant POST.", Family.HEADER,
        with_header("access-control-allow-methods", "GET"), _method("OPTIONS")),
    _fault("preflight-other-origin", "http.preflight", "A preflight grants another origin.", Family.HEADER,
        with_header("access-control-allow-origin", "https://other.example"), _method("OPTIONS")),
    _fault("cors-answer-lacks", "http.preflight.consistent", "Only the preflight grants the origin.", Family.HEADER,
        without_header("access-control-allow-origin"), negated(_method("OPTIONS"))),
    _fault("cors-hidden", "http.cors.expose", "CORS does not expose the request id.", Family.HEADER,
        without_header("access-control-expose-headers")),
    _fault("text-plain-crash",
        "errors.no-server-error http.content-type.wrong",
        "JSON as text/plain is answered with 500.", Family.STATUS, CRASHED,
        _type("text/plain")),
    _fault("form-forbidden", "http.content-type.wrong", "JSON as a form is answered with 403.", Family.STATUS, with_status(403),
        _type("application/x-www-form-urlencoded")),
    _fault("untyped-crash",
        "errors.no-server-error http.content-type.missing",
        "JSON without Content-Type is answered with 500.", Family.STATUS, CRASHED,
        both(_untyped, CHAT)),
    _fault("charset-refused", "http.charset", "Only application/json without charset is taken.", Family.STATUS,
        refused(415, "Unsupported Content-Type."),
        both(_CREATES, lambda request: "charset" in (request.header("content-type") or ""))),
    _fault("indented-refused", "http.body-spaces", "A body with line ends is refused.", Family.STATUS, refused(400, "We could not parse the JSON body of your request."),
        lambda request: b"\r\n\t" in request.body),
    _fault("double-key-crash", "errors.no-server-error http.doubled-key", "A member that stands twice is answered with 500.", Family.STATUS, CRASHED,
        lambda request: request.body.count(b'"temperature"') > 1),
    _fault("accept-strict", "http.accept http.too-large.after", "Only Accept: application/json is taken.", Family.STATUS,
        refused(406, "Not acceptable."),
        lambda request: not RESPONSES(request)
            and request.header("accept") in {"*/*", "text/event-stream"}),
    _fault("too-large-crash", "errors.no-server-error http.too-large.status", "A body that is too large is answered with 500.", Family.STATUS,
        on_status(413, CRASHED)),
    _fault("too-large-reset", "http.too-large.status", "A body that is too large ends in a reset.", Family.TRUNCATION,
        on_status(413, _ended(Ending.RESET))),
    _fault("after-large-refused", "http.too-large.after", "After a body that is too large the server is out of order.",
        Family.STATE, refused(403, "Out of order."),
        both(at(Endpoint.MODEL), lambda request: request.header("accept") == "*/*")),
    _fault("after-abort-crash", "errors.no-server-error http.abort", "After a stream that was left the server is out of order.",
        Family.STATE, CRASHED, both(at(Endpoint.MODEL), _has("accept", "text/plain"))),
    _fault("gzip-body-crash", "errors.no-server-error http.gzip-body", "A compressed body is answered with 500.", Family.STATUS, CRASHED,
        _has("content-encoding", "gzip")),
    _fault("expect-refused", "http.expect", "Expect is answered with 400.", Family.STATUS, refused(400, "We could not parse the JSON body of your request."),
        _has("expect")),
    _fault("expect-slow", "http.expect.prompt", "Expect is answered after a minute.", Family.TIMING, _slow, _has("expect")),
    _fault("header-limit", "errors.no-server-error http.header-size", "Headers of 60 KiB are answered with 500.", Family.STATUS, CRASHED,
        _has("x-conformance-14")),
    _fault("websocket-404", "http.websocket", "An upgrade to WebSocket gives 404.", Family.STATUS, with_status(404),
        _has("upgrade")),
    _fault("closes-after-error", "http.keep-alive", "The connection is closed after a refusal.", Family.HEADER,
        on_refusal(with_header("connection", "close"))),
    _fault("closes-always", "http.keep-alive http.keep-alive.stream", "The connection is closed after each answer.", Family.HEADER,
        with_header("connection", "close")),
    _fault("closes-after-stream", "http.keep-alive.stream", "The connection is closed after a stream.", Family.HEADER,
        with_header("connection", "close"), both(CHAT, STREAM)),
    _fault("cut",
        "chat.param.json.control-characters chat.response.json http.whole",
        "Plain answers of chat end early.", Family.TRUNCATION,
        on_success(_ended(Ending.CUT)), both(CHAT, negated(STREAM))),
    _fault("cut-after-stream",
        "chat.stream.whole http.keep-alive.stream http.whole",
        "Streams lack the end of the HTTP message.", Family.TRUNCATION,
        on_success(_ended(Ending.CUT)), both(CHAT, STREAM)),
    _fault("reset-list", "http.keep-alive http.whole", "The model list ends in a reset.", Family.TRUNCATION,
        on_success(_ended(Ending.RESET)), both(MODELS, _method("GET"))),
    _fault("silent-at-last", "http.stays-up", "Whether it is still there is answered after a minute.", Family.TIMING, _slow,
        both(MODELS, _has("x-conformance-alive"))),
    _fault("one-at-a-time", "http.slow-reader", "While a client reads a stream, others wait.", Family.TIMING, _slow,
        both(MODELS, _has("user-agent"))),
    _fault("slash-flapping", "http.slash", "A trailing slash is a 404 or a 400, as it comes.", Family.STATE,
        _now_and_then(on_status(404, with_status(400))), _slash),
    _fault("slash-crash", "errors.no-server-error http.slash", "A trailing slash is answered with 500.", Family.STATUS, CRASHED, _slash),
    _fault("slash-other-list", "http.slash", "With a trailing slash the list is empty.", Family.CONTENT,
        on_status(404, lambda request, reply: with_body({"object": "list", "data": []})(request, replace(reply, status=200))), both(_slash, MODELS)),
    _fault("redirect-plain-http", "http.redirect", "A trailing slash is redirected to another host.", Family.STATUS,
        _redirected("http://example.com"), _slash),
    _fault("redirect-port", "http.redirect", "A trailing slash is redirected to another port.", Family.STATUS,
        _redirected("http://gateway:8080"), _slash),
    Fault("http.chunked-ignored", rows("http.chunked-body"), "A body without a length is not read.", Family.PARAMETER,
        when=_chunked, request=lambda request: replace(request, body=b"")),
)  # fmt: skip
