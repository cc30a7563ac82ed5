"""Faults of the headers and bodies of answers, on any endpoint."""

import gzip
from collections.abc import Callable
from dataclasses import replace

from gateway.faults.machinery.fault import Family
from gateway.faults.machinery.forged import chat_served, refused
from gateway.faults.machinery.http_edits import CREATES, fault, has_header, method
from gateway.faults.machinery.selection import (
    CHAT,
    MODELS,
    RESPONSES,
    STREAM,
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
    with_header,
    without_header,
)
from gateway.frames import GatewayReply, Piece, encode
from wire.exchange import Request

_LIMITS = tuple(
    f"x-ratelimit-{part}-{what}"
    for part in ("limit", "remaining", "reset")
    for what in ("requests", "tokens")
)


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


FAULTS = (
    fault("json-as-html",
        "http.content-type.json http.head models.list.status",
        "JSON comes as text/html.", Family.HEADER,
        on_success(with_header("content-type", "text/html")), both(MODELS, method("GET"))),
    fault("json-untyped", "chat.response.status http.content-type.json", "Plain answers of chat have no Content-Type.", Family.HEADER,
        on_success(without_header("content-type")), both(CHAT, negated(STREAM))),
    fault("json-latin", "http.content-type.json", "Plain answers say that they are Latin-1.", Family.HEADER,
        on_success(with_header("content-type", "application/json; charset=latin-1")),
        both(CHAT, negated(STREAM))),
    fault("json-bom", "http.json.utf8", "JSON begins with a byte order mark.", Family.FRAMING,
        _rewritten(lambda data: b"\xef\xbb\xbf" + data), MODELS),
    fault("json-utf16", "http.json.utf8", "JSON comes in UTF-16.", Family.FRAMING,
        _rewritten(lambda data: data.decode().encode("utf-16-le")), MODELS),
    fault("json-member-twice", "http.json.members-once", "A member stands twice in the body.", Family.SHAPE,
        _rewritten(lambda data: data.replace(b'"object":', b'"object":"","object":', 1)), MODELS),
    fault("request-id-twice", "http.header-once", "x-request-id stands twice.", Family.HEADER,
        lambda _, reply: replace(reply, headers=(*reply.headers, ("x-request-id", "req_0")))),
    fault("content-type-twice", "http.header-once", "Content-Type stands twice on refusals.", Family.HEADER,
        on_refusal(lambda _, reply: replace(reply, headers=(*reply.headers, ("content-type", "text/html"))))),
    fault("stream-as-binary",
        "chat.stream.media-type http.content-type.stream",
        "Streams come as application/octet-stream.", Family.HEADER,
        on_success(with_header("content-type", "application/octet-stream")), both(CHAT, STREAM)),
    fault("stream-as-json",
        "http.content-type.stream responses.stream.media-type",
        "Streams of Responses come as JSON.", Family.HEADER,
        on_success(with_header("content-type", "application/json")), both(RESPONSES, STREAM)),
    fault("stream-latin",
        "chat.stream.media-type http.content-type.stream responses.stream.media-type",
        "Streams say that they are Latin-1.", Family.HEADER,
        on_success(with_header("content-type", "text/event-stream; charset=iso-8859-1")),
        both(CREATES, STREAM)),
    fault("stream-length", "http.stream.length", "Streams have a Content-Length.", Family.HEADER,
        on_success(lambda request, reply: with_header("content-length", str(len(reply.data)))(request, reply)),
        both(CHAT, STREAM)),
    fault("stream-cached", "http.cacheable http.stream.cache", "Streams may be kept for an hour.", Family.HEADER,
        on_success(with_header("cache-control", "max-age=3600")), both(CREATES, STREAM)),
    fault("stream-cache-unsaid", "http.stream.cache", "Streams have no Cache-Control.", Family.HEADER,
        on_success(without_header("cache-control")), both(CREATES, STREAM)),
    fault("errors-cached", "http.cacheable", "Refusals may be kept by anybody.", Family.HEADER,
        on_refusal(with_header("cache-control", "public, max-age=60"))),
    fault("gzip-unasked",
        "chat.stream.incremental http.encoding.asked http.encoding.stream",
        "Streams are compressed, asked or not.", Family.HEADER, _as_gzip,
        both(CHAT, STREAM, lambda request: b"Count" in request.body)),
    fault("gzip-unasked-list", "http.encoding.asked", "The model list is compressed, asked or not.", Family.HEADER, on_success(_as_gzip),
        both(MODELS, method("GET"))),
    fault("gzip-stream-held", "http.encoding.stream", "A compressed stream comes in one piece.", Family.TIMING, _as_gzip,
        both(CHAT, STREAM, has_header("accept-encoding", "gzip"))),
    fault("gzip-twice",
        "http.encoding.valid http.json.utf8 models.list.shape",
        "Compressed answers are compressed twice.", Family.CONTENT, _twice,
        both(MODELS, has_header("accept-encoding", "gzip"))),
    fault("gzip-said", "http.encoding.valid", "Answers are said to be compressed and are not.", Family.HEADER, _said_gzip,
        both(MODELS, has_header("accept-encoding", "gzip"))),
    fault("gzip-refusal-said", "http.encoding.valid", "Refusals are said to be compressed and are not.", Family.HEADER,
        on_refusal(_said_gzip), has_header("accept-encoding", "gzip")),
    fault("request-id-missing", "http.request-id.present", "There is no x-request-id.", Family.HEADER,
        without_header("x-request-id")),
    fault("request-id-missing-on-errors", "http.request-id.present", "Refusals have no x-request-id.", Family.HEADER,
        on_refusal(without_header("x-request-id"))),
    fault("request-id-missing-on-streams", "http.request-id.present", "Streams have no x-request-id.", Family.HEADER,
        without_header("x-request-id"), both(CHAT, STREAM)),
    fault("request-id-empty", "http.request-id.present", "x-request-id is empty.", Family.VALUE, with_header("x-request-id", "")),
    fault("request-id-constant", "http.request-id.unique", "Every answer has one x-request-id.", Family.STATE,
        with_header("x-request-id", "req_" + "0" * 32)),
    fault("request-id-constant-on-errors", "http.request-id.unique", "Every refusal has one x-request-id.", Family.STATE,
        on_refusal(with_header("x-request-id", "req_" + "0" * 32))),
    fault("id-constant",
        "chat.answer.id-unique http.object-id.unique responses.state.id-unique",
        "Every completion and response has the same id.", Family.STATE,
        on_success(_one_id), both(CREATES, lambda request: b"marker " in request.body)),
    fault("client-headers-refused", "http.client-headers", "Headers that are not known are refused.", Family.PARAMETER,
        refused(400, "Unknown header."), has_header("x-conformance-unknown")),
    fault("processing-negative", "http.openai-headers", "openai-processing-ms is negative.", Family.VALUE,
        with_header("openai-processing-ms", "-1")),
    fault("processing-fraction", "http.openai-headers", "openai-processing-ms has a fraction.", Family.VALUE,
        with_header("openai-processing-ms", "12.5")),
    fault("version-wrong", "http.openai-headers", "openai-version is a number.", Family.VALUE,
        with_header("openai-version", "1.0")),
    fault("date-wrong",
        "http.date.created http.date.right responses.state.created-at-now",
        "The server's clock is far behind.", Family.VALUE,
        with_header("date", "Thu, 01 Jan 2026 00:00:00 GMT")),
    fault("date-missing", "http.date.present", "Answers have no Date.", Family.HEADER, without_header("date")),
    fault("date-iso", "http.date.present", "Date is not an HTTP date.", Family.VALUE,
        with_header("date", "2026-11-22T11:00:00Z")),
    fault("created-later",
        "chat.answer.created http.date.created responses.state.completed-at "
        "responses.state.created-at-now",
        "Completions are an hour younger than their Date.", Family.VALUE,
        on_success(_hours_later), both(CREATES, lambda request: b"marker " in request.body)),
    fault("limits-partial", "http.limits.all", "Only some of the rate limit headers come.", Family.HEADER,
        without_header("x-ratelimit-remaining-tokens")),
    fault("limits-none-on-streams", "http.limits.same", "Streams have no rate limit headers.", Family.HEADER,
        without_header(*_LIMITS), both(CREATES, STREAM)),
    fault("limits-negative", "http.limits.falls http.limits.numbers", "The remaining requests are -1.", Family.VALUE,
        on_success(with_header("x-ratelimit-remaining-requests", "-1")), CREATES),
    fault("limits-above", "http.limits.numbers", "More tokens remain than the limit has.", Family.VALUE,
        on_success(with_header("x-ratelimit-remaining-tokens", "999999999999")), CREATES),
    fault("limits-fraction", "http.limits.numbers", "The limit of tokens has a fraction.", Family.VALUE,
        on_success(with_header("x-ratelimit-limit-tokens", "1e6")), CREATES),
    fault("limits-constant", "http.limits.falls", "The remaining requests never fall.", Family.STATE,
        on_success(with_header("x-ratelimit-remaining-requests", "2")), CREATES),
    fault("limits-refused-left", "http.limits.falls", "A refused call has requests left.", Family.STATE,
        on_status(429, with_header("x-ratelimit-remaining-requests", "3"))),
    fault("reset-epoch", "http.limits.reset", "Resets are given as seconds of the epoch.", Family.VALUE,
        on_success(with_header("x-ratelimit-reset-requests", "1795346817")), CREATES),
    fault("reset-empty", "http.limits.reset", "Resets are empty.", Family.VALUE,
        on_success(with_header("x-ratelimit-reset-tokens", "")), CREATES),
    fault("limits-unenforced",
        "chat.answer.exact-text errors.rate-limit http.limits.falls",
        "The limit of requests does not hold.", Family.STATE,
        on_status(429, chat_served), both(CHAT, lambda request: b"Count from 1 to 2" in request.body)),
    fault("retry-after-missing", "http.retry-after.present", "A rate limit does not say how long to wait.", Family.HEADER,
        on_status(429, without_header("retry-after", "retry-after-ms"))),
    fault("retry-after-long", "http.retry-after.short", "A rate limit asks to wait an hour.", Family.VALUE,
        on_status(429, lambda request, reply: with_header("retry-after", "3600")(request, reply)
            if reply.header("retry-after") else reply)),
    fault("retry-after-words", "http.retry-after.present", "A rate limit says 'soon'.", Family.VALUE,
        on_status(429, lambda request, reply: with_header("retry-after", "soon")(request, reply)
            if reply.header("retry-after") else reply)),
    fault("retry-after-overload", "http.retry-after.overload", "Overload does not say how long to wait.", Family.HEADER,
        on_status(503, without_header("retry-after"))),
)  # fmt: skip
