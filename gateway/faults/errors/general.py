"""Faults of refusals: shape, codes, leaks, statuses, costs."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from gateway.accounts.charge import Charge
from gateway.faults.machinery.fault import Family, Fault, always, rows
from gateway.faults.machinery.forged import CRASHED, chat_served, served
from gateway.faults.machinery.request_edits import without_param
from gateway.faults.machinery.selection import (
    CHAT,
    RESPONSES,
    STREAM,
    When,
    at,
    both,
    either,
    negated,
)
from gateway.faults.machinery.transform import (
    Change,
    ReplyChange,
    alter,
    drop,
    in_turn,
    on_error,
    on_refusal,
    on_status,
    put,
    rename,
    with_body,
    with_header,
    with_status,
    without_header,
)
from gateway.frames import Frame, GatewayReply
from gateway.model.usage import Usage
from wire.endpoint import Endpoint
from wire.exchange import Invalid, Request

_LEAKS = {
    "trace": 'Traceback (most recent call last):\n  File "/srv/app/proxy.py", line 42, in handle',
    "trace-node": "TypeError\n    at handler (/app/dist/server.js:14:22)",
    "trace-go": "goroutine 17 [running]: main.serve",
    "file-path": "cannot open /var/lib/gateway/keys.db",
    "upstream-url": "POST http://10.0.0.7:8000/v1 failed",
    "vendor-url": "POST https://api.anthropic.com/v1/messages failed",
    "inner-host": "dial tcp 10.42.3.9:5432: refused",
    "database": "sqlite3.OperationalError",
    "exception": "KeyError in the handler",
    "framework": "litellm.BadRequestError",
    "nested-error": 'upstream said {"error":{"message":"quota","type":"x"}}',
    "nested-python": "Error code: 429 - {'error': {'message': 'quota'}}",
    "nested-html": "bad gateway: <html><head><title>502</title></head></html>",
    "upstream-status": "bad response status code 401",
    "router-group": "No available channel for model gpt-5.5 under group default (distributor)",
    "router-channel": "channel #17 is disabled",
    "router-chinese": "当前分组 default 下无可用渠道",
    "account": "account someone@example.com is over its limit",
    "host-name": "dial pool-3.workers.internal failed",
    "upstream-key": "upstream sk-live-AbCdEf0123456789AbCdEf0123456789 refused",
}
# A key is replaced where traffic enters; its mark tells of it.
_LEAK_ROWS = {"upstream-key": "auth.key-hidden"}
_FIELDS = {
    "message": "auth.missing.message errors.message errors.same-shape tiers.messages.hint "
    "tiers.messages.shape tiers.messages.x-api-key tiers.root.refusal",
    "type": "auth.refusal.type errors.same-shape errors.type",
    "param": "errors.param errors.same-shape",
    "code": "auth.revoked.code auth.wrong.code errors.code errors.same-shape "
    "models.retrieve.unknown-code",
}
_CREATES = either(CHAT, RESPONSES)
_ELSEWHERE = negated(_CREATES)


def _codes(**changes: str | None) -> Change:
    return alter("error.code", lambda code: changes.get(str(code), code))


def _types(**changes: str) -> Change:
    return alter("error.type", lambda kind: changes.get(str(kind), kind))


def _code_is(*codes: str) -> Callable[[ReplyChange], ReplyChange]:
    """Only for refusals with one of these codes."""

    def limited(change: ReplyChange) -> ReplyChange:
        def made(request: Request, reply: GatewayReply) -> GatewayReply:
            error = reply.body.get("error") if isinstance(reply.body, dict) else None
            code = error.get("code") if isinstance(error, dict) else None
            return change(request, reply) if code in codes else reply

        return made

    return limited


def _as_event(request: Request, reply: GatewayReply) -> GatewayReply:
    stream = replace(reply, status=200, body=None, frames=(Frame(0, "", reply.body),))
    return with_header("content-type", "text/event-stream")(request, stream)


def _as_error_stream(request: Request, reply: GatewayReply) -> GatewayReply:
    return replace(_as_event(request, reply), status=reply.status)


def _as_answer(request: Request, reply: GatewayReply) -> GatewayReply:
    """The error's words as the model's: what a careless proxy makes of an upstream failure."""
    words = "Error: " + reply.body["error"]["message"]
    reply = chat_served(request, reply)
    return replace(reply, body=put("choices[].message.content", words)(reply.body))


def _with(leak: str) -> Change:
    return lambda text: f"{text} {leak}"


def _scripted(name: str) -> When:
    return lambda request: f"[[script {name}]]".encode() in request.body


def _body(*texts: bytes) -> When:
    return lambda request: request.body in texts


def _unparsed(request: Request) -> bool:
    return request.method == "POST" and isinstance(request.json, Invalid)


def _not_object(request: Request) -> bool:
    parsed = request.json
    bad = parsed is not None and not isinstance(parsed, dict | Invalid)
    return request.method == "POST" and bool(request.body) and (bad or request.body == b"null")


def _empty(request: Request) -> bool:
    return (
        request.method == "POST"
        and not request.body
        and at(Endpoint.CHAT, Endpoint.RESPONSES)(request)
    )


def _asks(name: str, value: Any) -> When:
    return lambda request: request.params.get(name) == value


def _deep(request: Request) -> bool:
    return request.body.count(b"[[[[") > 100


def _billed(_: Request, reply: GatewayReply) -> GatewayReply:
    usage = Usage(prompt=1_000)
    return replace(reply, charge=Charge("codex", reply.request_id, "gpt-5.5", "default", usage))


def _flapping(change: ReplyChange, every: int = 3) -> ReplyChange:
    """Every third answer (or so) comes from a replica that is different."""
    turn = count()
    return lambda request, reply: change(request, reply) if next(turn) % every == 1 else reply


def _neighbour(request: Request) -> Request:
    body = request.body
    for n in range(0, 20, 2):
        own, other = f"-{n:02}x".encode(), f"-{n + 1:02}x".encode()
        body = body.replace(own, b"\0").replace(other, own).replace(b"\0", other)
    return replace(request, body=body)


def _no_model(request: Request) -> bool:
    return request.params.get("model") == "conformance-no-such-model"


_NO_MODEL = both(RESPONSES, _no_model)


def _numbered(request: Request) -> bool:
    return "no-such-model-" in str(request.params.get("model"))


def _on_error(
    name: str, breaks: str, says: str, family: Family, change: Change, when: When = always
) -> Fault:
    return Fault(f"errors.{name}", rows(breaks), says, family, reply=on_error(change), when=when)


def _reply(
    name: str, breaks: str, says: str, family: Family, reply: ReplyChange, when: When = always
) -> Fault:
    return Fault(f"errors.{name}", rows(breaks), says, family, reply=reply, when=when)


FAULTS = (
    *(
        Fault(f"errors.{field}-missing", rows(breaks), f"Refusals have no {field}.", Family.SHAPE,
            when=_ELSEWHERE, reply=on_error(drop(f"error.{field}")))
        for field, breaks in _FIELDS.items()
    ),
    *(
        Fault(f"errors.{field}-missing-late", (f"errors.{field}", *more),
            f"A refusal that comes late, of the model, has no {field}.", Family.SHAPE,
            when=_NO_MODEL, reply=on_status(400, on_error(drop(f"error.{field}"))))
        for field, more in {"message": (), "type": (), "param": (),
            "code": ("models.unlisted.responses",)}.items()
    ),
    *(
        Fault(f"errors.leak-{name}", (_LEAK_ROWS.get(name, "errors.no-leak"),),
            "A refusal of a bad request shows the server's inside.",
            Family.LEAK, reply=on_status(400, on_error(alter("error.message", _with(leak)))))
        for name, leak in _LEAKS.items()
    ),
    _on_error("leak-debug", "errors.no-leak", "Refusals carry a member debug with a trace.", Family.LEAK,
        put("error.debug", 'File "/srv/app/main.py", line 7, in ask')),
    _on_error("detail-body",
        "auth.missing.message auth.refusal.type auth.revoked.code auth.wrong.code errors.envelope "
        "errors.same-shape models.retrieve.unknown-code tiers.messages.hint tiers.messages.shape "
        "tiers.messages.x-api-key tiers.root.refusal",
        "Refusals have the body of a web framework.", Family.SHAPE,
        lambda body: {"detail": body["error"]["message"]}, _ELSEWHERE),
    _on_error("bare",
        "auth.missing.message auth.refusal.type auth.revoked.code auth.wrong.code errors.envelope "
        "errors.same-shape models.retrieve.unknown-code tiers.messages.hint tiers.messages.shape "
        "tiers.messages.x-api-key tiers.root.refusal",
        "Refusals have no envelope.", Family.SHAPE, lambda body: body["error"], _ELSEWHERE),
    _on_error("text-error",
        "auth.missing.message auth.refusal.type auth.revoked.code auth.wrong.code errors.envelope "
        "errors.same-shape models.retrieve.unknown-code tiers.messages.hint tiers.messages.shape "
        "tiers.messages.x-api-key tiers.root.refusal",
        "error is a text.", Family.SHAPE,
        lambda body: {"error": body["error"]["message"]}, _ELSEWHERE),
    _on_error("list",
        "auth.missing.message auth.refusal.type auth.revoked.code auth.wrong.code errors.envelope "
        "errors.same-shape models.retrieve.unknown-code tiers.messages.hint tiers.messages.shape "
        "tiers.messages.x-api-key tiers.root.refusal",
        "Refusals are a list of errors.", Family.SHAPE,
        lambda body: {"errors": [body["error"]]}, _ELSEWHERE),
    _on_error("anthropic",
        "auth.revoked.code auth.wrong.code errors.code errors.param errors.same-shape "
        "models.retrieve.unknown-code",
        "Refusals have another vendor's shape.", Family.SHAPE,
        lambda body: {"type": "error", "error": {"type": "invalid_request_error",
            "message": body["error"]["message"]}}, _ELSEWHERE),
    _on_error("detail-responses",
        "auth.refusal.type errors.envelope errors.same-shape",
        "Only Responses refuses in the shape of a web framework.",
        Family.SHAPE, lambda body: {"detail": body["error"]["message"]}, both(RESPONSES, _unparsed)),
    _reply("html",
        "auth.missing.message auth.refusal.type auth.revoked.code auth.wrong.code "
        "errors.content-type errors.envelope errors.same-shape models.retrieve.unknown-code "
        "tiers.messages.hint tiers.messages.shape tiers.messages.x-api-key tiers.root.refusal",
        "Refusals are HTML.", Family.SHAPE,
        on_refusal(with_body("<html>error</html>", "text/html")), _ELSEWHERE),
    _reply("empty",
        "auth.missing.message auth.refusal.type auth.revoked.code auth.wrong.code errors.envelope "
        "errors.same-shape models.retrieve.unknown-code tiers.messages.hint tiers.messages.shape "
        "tiers.messages.x-api-key tiers.root.refusal",
        "Refusals have no body.", Family.SHAPE, on_refusal(with_body(None)), _ELSEWHERE),
    _reply("text-plain", "errors.content-type", "Refusals come as text/plain.", Family.HEADER,
        on_refusal(with_header("content-type", "text/plain"))),
    _reply("type-missing-header", "errors.content-type", "Refusals have no Content-Type.", Family.HEADER,
        on_refusal(without_header("content-type"))),
    _on_error("message-null",
        "auth.missing.message errors.message tiers.messages.hint tiers.messages.shape "
        "tiers.messages.x-api-key tiers.root.refusal",
        "The message is null.", Family.VALUE, put("error.message", None), _ELSEWHERE),
    _on_error("message-empty",
        "auth.missing.message errors.message tiers.messages.hint tiers.messages.shape "
        "tiers.messages.x-api-key tiers.root.refusal",
        "The message is empty.", Family.VALUE, put("error.message", ""), _ELSEWHERE),
    _on_error("message-same", "errors.message.tells tiers.messages.no-key", "Every refusal says the same words.", Family.CONTENT,
        put("error.message", "Wrong key or request; see /v1/chat/completions.")),
    _reply("latin", "errors.content-type", "Refusals say that they are Latin-1.", Family.HEADER,
        on_refusal(with_header("content-type", "application/json; charset=iso-8859-1"))),
    _reply("limit-late",
        "chat.answer.exact-text errors.rate-limit http.limits.falls",
        "One call more than the limit is served.", Family.STATE,
        on_status(429, _flapping(chat_served, 2)),
        both(CHAT, lambda request: b"Count from 1 to 2" in request.body)),
    _on_error("message-object",
        "auth.missing.message errors.message tiers.messages.hint tiers.messages.shape "
        "tiers.messages.x-api-key tiers.root.refusal",
        "The message is an object.", Family.VALUE,
        alter("error.message", lambda text: {"text": text}), _ELSEWHERE),
    _on_error("type-null",
        "auth.refusal.type errors.same-shape errors.type",
        "The type is null.", Family.VALUE, put("error.type", None), _ELSEWHERE),
    _on_error("type-empty",
        "auth.refusal.type errors.same-shape errors.type",
        "The type is empty.", Family.VALUE, put("error.type", ""), _ELSEWHERE),
    _on_error("type-own", "auth.refusal.type errors.type.invalid-request", "Mistakes of the caller have a type of their own.", Family.VALUE,
        _types(invalid_request_error="BadRequest")),
    _on_error("param-list", "auth.missing.message errors.param", "param is a list.", Family.VALUE, alter("error.param", lambda name: [name]), _ELSEWHERE),
    _on_error("code-number",
        "auth.revoked.code auth.wrong.code errors.code models.retrieve.unknown-code",
        "The code is the HTTP status.", Family.VALUE, put("error.code", 400), _ELSEWHERE),
    _on_error("code-renamed",
        "auth.revoked.code auth.wrong.code errors.code errors.same-shape "
        "models.retrieve.unknown-code",
        "The code stands under error_code.", Family.SHAPE,
        rename("error.code", "error_code"), _ELSEWHERE),
    _on_error("misalignment-text", "errors.misalignment", "misalignment is a text.", Family.VALUE,
        put("error.misalignment", "yes")),
    _on_error("usage", "errors.no-usage usage.none-on-errors", "Refusals tell a usage.", Family.VALUE,
        put("usage", {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9}), _ELSEWHERE),
    _on_error("choices", "errors.no-usage", "Refusals carry choices.", Family.CONTENT,
        put("choices", [{"index": 0, "message": {"role": "assistant", "content": ""}}]), _ELSEWHERE),
    _reply("should-retry-word", "errors.should-retry", "x-should-retry is 1.", Family.HEADER,
        on_refusal(with_header("x-should-retry", "1"))),
    _reply("should-retry-mistake", "errors.should-retry", "A caller's mistake is said to be worth a retry.", Family.HEADER,
        on_status(400, with_header("x-should-retry", "true"))),
    _reply("type-as-409", "errors.not-retryable errors.wrong-type", "A wrong type is answered with 409.", Family.STATUS,
        on_status(400, with_status(409)), _asks("temperature", "warm")),
    _reply("type-as-500",
        "chat.param.temperature.type errors.no-server-error errors.wrong-type "
        "responses.param.temperature.type",
        "A wrong type is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), _asks("temperature", "warm")),
    _reply("bad-json-as-422",
        "errors.bad-json errors.deep-body errors.not-utf8",
        "Broken JSON is answered with 422.", Family.STATUS,
        on_status(400, with_status(422)), _unparsed),
    _reply("bad-json-crash",
        "chat.param.json.encoding chat.param.json.nesting chat.param.json.numbers "
        "chat.param.json.syntax errors.bad-json errors.deep-body errors.no-server-error "
        "errors.not-utf8",
        "Broken JSON is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), _unparsed),
    _reply("not-object-crash", "errors.no-server-error errors.not-object", "JSON that is no object is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), _not_object),
    _reply("null-as-422", "errors.not-object", "The body null is answered with 422.", Family.STATUS,
        on_status(400, with_status(422)), _body(b"null")),
    _reply("empty-crash", "errors.empty-body errors.no-server-error", "An empty body is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), _empty),
    _reply("empty-as-411", "errors.empty-body", "An empty body is answered with 411.", Family.STATUS,
        on_status(400, with_status(411)), both(_empty, CHAT)),
    _reply("utf8-crash",
        "chat.param.json.encoding errors.no-server-error errors.not-utf8",
        "A body that is not UTF-8 is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), lambda request: b"\xff" in request.body),
    _reply("deep-crash",
        "chat.param.json.nesting errors.deep-body errors.no-server-error",
        "A body that is nested deeply is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), _deep),
    Fault("errors.type-ignored",
        rows("chat.param.temperature.type errors.wrong-type responses.param.temperature.type"),
        "A temperature that is no number is ignored.",
        Family.PARAMETER, when=_asks("temperature", "warm"), request=without_param("temperature")),
    Fault("errors.stream-type-ignored",
        rows("chat.param.stream.type errors.wrong-type responses.param.stream.type"),
        "A stream that is no boolean is ignored.",
        Family.PARAMETER, when=_asks("stream", "maybe"), request=without_param("stream")),
    _on_error("type-param-lost", "errors.wrong-type", "A wrong type does not name the parameter.", Family.VALUE,
        put("error.param", None), _asks("temperature", "warm")),
    Fault("errors.unknown-ignored", rows("errors.parameter-unknown"), "Unknown parameters are ignored.", Family.PARAMETER,
        request=without_param("conformance_no_such_parameter")),
    Fault("errors.unsupported-ignored", rows("errors.unsupported-parameter"), "A parameter that the model lacks is ignored.",
        Family.PARAMETER, when=CHAT, request=without_param("web_search_options")),
    Fault("errors.unsupported-value-ignored", rows("errors.unsupported-value"), "An effort that the model lacks is ignored.",
        Family.PARAMETER, when=_asks("reasoning_effort", "minimal"),
        request=without_param("reasoning_effort")),
    _reply("unsupported-code",
        "errors.unsupported-parameter errors.unsupported-value",
        "What is not supported has the code of a bad value.", Family.VALUE,
        on_error(_codes(unsupported_parameter="invalid_value", unsupported_value="invalid_value"))),
    _reply("path-as-200", "errors.path-unknown", "An unknown path is answered with 200.", Family.STATUS,
        _code_is("unknown_url")(served({"ok": True})),
        lambda request: request.path.startswith("/v1/conformance-")),
    _reply("path-as-400",
        "errors.path-unknown http.slash tiers.root.refusal",
        "An unknown path is answered with 400.", Family.STATUS,
        _code_is("unknown_url")(with_status(400))),
    _reply("path-html",
        "errors.content-type errors.envelope tiers.root.refusal",
        "An unknown path is answered with an HTML page.", Family.SHAPE,
        _code_is("unknown_url")(with_body("<html>Not Found</html>", "text/html"))),
    _reply("in-stream",
        "chat.stream.error-before errors.before-stream.status http.limits.same http.stream.cache",
        "A refusal of a chat stream is a 200 with an error event.", Family.STATUS,
        on_status(400, _as_event), both(CHAT, STREAM, _asks("messages", []))),
    _reply("in-stream-responses",
        "errors.before-stream.status http.limits.same http.stream.cache",
        "A refusal of a Responses stream is a 200 with an error event.",
        Family.STATUS, on_status(400, _as_event), both(RESPONSES, STREAM, _asks("input", 5))),
    _reply("as-stream",
        "chat.stream.error-before errors.before-stream.json errors.content-type errors.envelope",
        "A refused stream has the right status, but an event as body.", Family.SHAPE,
        on_status(400, _as_error_stream), both(STREAM, _asks("messages", []))),
    _reply("flapping-status", "errors.bad-json errors.repeatable", "The same mistake gets 400 or 422, as it comes.", Family.STATE,
        _flapping(on_status(400, with_status(422))), _body(b'{"model": "gpt-5.5", "messages": [')),
    _reply("flapping-words", "errors.repeatable", "The words for the same mistake change.", Family.STATE,
        _flapping(on_status(400, on_error(put("error.message", "Bad request.")))),
        _body(b'{"model": "gpt-5.5", "messages": [')),
    _on_error("shape-differs", "errors.same-shape", "Refusals of Responses have one member more.", Family.SHAPE,
        put("error.event_id", None), both(RESPONSES, negated(STREAM))),
    _reply("status-differs", "errors.bad-json errors.same-shape", "Broken JSON is 422 at Responses alone.", Family.STATUS,
        on_status(400, with_status(422)), both(RESPONSES, _unparsed)),
    Fault("errors.mixed", rows("errors.concurrent"), "Calls refused at once get each other's refusal.", Family.STATE,
        when=_numbered, request=_neighbour),
    _reply("billed", "billing.failures-free errors.free", "Refused requests cost something.", Family.BILLING, on_status(400, _billed)),
    _reply("billed-model", "billing.failures-free errors.free", "A call for an unknown model costs something.", Family.BILLING,
        on_status(404, _billed), CHAT),
    _reply("limit-as-503",
        "errors.no-server-error errors.rate-limit errors.rate-limit.scripted",
        "A rate limit is answered with 503.", Family.STATUS,
        _code_is("rate_limit_exceeded")(with_status(503))),
    _reply("limit-as-403", "errors.rate-limit errors.rate-limit.scripted", "A rate limit is answered with 403.", Family.STATUS,
        _code_is("rate_limit_exceeded")(with_status(403))),
    _reply("limit-code", "errors.rate-limit errors.rate-limit.scripted", "A rate limit has no code.", Family.VALUE,
        on_error(_codes(rate_limit_exceeded=None))),
    _reply("limit-type", "errors.rate-limit errors.rate-limit.scripted", "A rate limit is called an invalid request.", Family.VALUE,
        _code_is("rate_limit_exceeded")(on_error(put("error.type", "invalid_request_error")))),
    _reply("quota-as-limit", "errors.quota http.retry-after.present", "An empty credit looks like a rate limit.", Family.VALUE,
        _code_is("insufficient_quota")(in_turn(with_status(429), on_error(_codes(insufficient_quota="rate_limit_exceeded"))))),
    _reply("quota-as-429", "errors.quota.form", "An empty credit is answered with 429 and its own code, as OpenAI does.", Family.STATUS,
        _code_is("insufficient_quota")(with_status(429))),
    _reply("quota-type", "errors.quota http.retry-after.present", "An empty credit is a 429 with the type of a rate limit.", Family.VALUE,
        _code_is("insufficient_quota")(in_turn(with_status(429), on_error(put("error.type", "requests"))))),
    _reply("quota-wordless", "errors.quota", "An empty credit is a 429 without code and type.", Family.VALUE,
        _code_is("insufficient_quota")(in_turn(with_status(429), on_error(put("error.type", None)), on_error(put("error.code", None))))),
    _reply("quota-as-500", "errors.quota", "An empty credit is a server error.", Family.STATUS,
        _code_is("insufficient_quota")(with_status(500))),
    _reply("quota-as-503", "errors.quota", "An empty credit is an overload.", Family.STATUS,
        _code_is("insufficient_quota")(with_status(503))),
    _reply("quota-as-401", "errors.quota", "An empty credit is a wrong key.", Family.STATUS,
        _code_is("insufficient_quota")(with_status(401))),
    _reply("quota-should-retry", "errors.quota.no-retry-after", "An empty credit asks SDKs to try again.", Family.HEADER,
        _code_is("insufficient_quota")(with_header("x-should-retry", "true"))),
    _reply("quota-retry-after", "errors.quota.no-retry-after", "An empty credit asks to come back later.", Family.HEADER,
        _code_is("insufficient_quota")(with_header("retry-after", "20"))),
    _reply("spend-limit-code", "errors.spend-limit", "A spend limit has a code that says nothing.", Family.VALUE,
        on_error(_codes(organization_spend_limit_exceeded="limit"))),
    _reply("spend-limit-as-403", "errors.spend-limit", "A spend limit is answered with 403.", Family.STATUS,
        with_status(403), _scripted("spend_limit")),
    _reply("slow-down-as-503", "errors.slow-down", "Slow down is answered with 503.", Family.STATUS,
        _code_is("slow_down")(with_status(503))),
    _reply("overload-as-200", "errors.overload http.limits.same", "Overload is told in the text of a success.", Family.STATUS,
        on_status(503, _as_answer), both(CHAT, negated(STREAM))),
    _reply("overload-code", "errors.overload", "Overload has no code.", Family.VALUE,
        on_error(_codes(server_is_overloaded=None))),
    _reply("overload-type", "errors.overload", "Overload is called a server error.", Family.VALUE,
        on_error(_types(service_unavailable_error="server_error"))),
    _reply("upstream-as-answer", "errors.upstream http.limits.same", "A failure behind is told as the model's text.", Family.STATUS,
        on_status(502, _as_answer), both(CHAT, negated(STREAM), _scripted("upstream_500"))),
    _reply("upstream-as-400", "errors.type.invalid-request errors.upstream", "A failure behind is blamed on the caller.", Family.STATUS,
        on_status(502, with_status(400)), _scripted("upstream_500")),
    _reply("upstream-streamed",
        "chat.stream.error-before errors.upstream http.limits.same http.stream.cache",
        "A failure behind a stream is a 200 with an event.", Family.STATUS,
        on_status(502, _as_event), both(STREAM, _scripted("upstream_500"))),
    _reply("upstream-bare", "errors.type errors.upstream", "A failure behind has neither code nor type.", Family.VALUE,
        on_error(lambda body: put("error.code", None)(put("error.type", "")(body))),
        _scripted("upstream_500")),
    _reply("timeout-as-408", "errors.not-retryable errors.upstream-timeout", "A slow model is answered with 408.", Family.STATUS,
        on_status(504, with_status(408))),
    _reply("timeout-as-200", "errors.upstream-timeout http.limits.same", "A slow model is answered with some success.", Family.STATUS,
        on_status(504, chat_served), both(CHAT, negated(STREAM))),
    _reply("upstream-401-passed", "auth.refusal.type errors.upstream-key", "The upstream's 401 is passed on.", Family.STATUS,
        in_turn(on_status(502, with_status(401)), with_header("www-authenticate", "Bearer")),
        _scripted("upstream_401")),
    _reply("policy-as-500", "errors.content-policy", "A forbidden prompt is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), _scripted("content_policy")),
    _reply("context-as-500",
        "chat.param.messages.context errors.context errors.no-server-error",
        "A prompt that is too long is answered with 500.", Family.STATUS,
        _code_is("context_length_exceeded")(CRASHED)),
    _reply("context-code", "chat.param.messages.context errors.context", "A prompt that is too long has no code.", Family.VALUE,
        on_error(_codes(context_length_exceeded=None))),
    _reply("context-as-413", "chat.param.messages.context errors.context", "A prompt that is too long is answered with 413.", Family.STATUS,
        _code_is("context_length_exceeded")(with_status(413)), either(CHAT, RESPONSES)),
)  # fmt: skip
