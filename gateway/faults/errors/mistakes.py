"""Faults of how a caller's mistakes are refused: statuses, what is ignored, by turns, for money."""

from dataclasses import replace

from gateway.accounts.charge import Charge
from gateway.faults.machinery.error_edits import (
    as_event,
    code_is,
    codes,
    fault,
    flapping,
    of_body,
    unparsed,
)
from gateway.faults.machinery.fault import Family, Fault, rows
from gateway.faults.machinery.forged import CRASHED, served
from gateway.faults.machinery.request_edits import without_param
from gateway.faults.machinery.selection import CHAT, RESPONSES, STREAM, When, asking, at, both
from gateway.faults.machinery.transform import (
    on_error,
    on_refusal,
    on_status,
    put,
    with_body,
    with_header,
    with_status,
)
from gateway.frames import GatewayReply
from gateway.model.usage import Usage
from wire.endpoint import Endpoint
from wire.exchange import Invalid, Request


def _as_error_stream(request: Request, reply: GatewayReply) -> GatewayReply:
    return replace(as_event(request, reply), status=reply.status)


def _body(*texts: bytes) -> When:
    return lambda request: request.body in texts


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


def _deep(request: Request) -> bool:
    return request.body.count(b"[[[[") > 100


def _billed(_: Request, reply: GatewayReply) -> GatewayReply:
    usage = Usage(prompt=1_000)
    return replace(reply, charge=Charge("codex", reply.request_id, "gpt-5.5", "default", usage))


def _neighbour(request: Request) -> Request:
    body = request.body
    for n in range(0, 20, 2):
        own, other = f"-{n:02}x".encode(), f"-{n + 1:02}x".encode()
        body = body.replace(own, b"\0").replace(other, own).replace(b"\0", other)
    return replace(request, body=body)


def _numbered(request: Request) -> bool:
    return "no-such-model-" in str(request.params.get("model"))


FAULTS = (
    fault("should-retry-word", "errors.should-retry", "x-should-retry is 1.", Family.HEADER,
        on_refusal(with_header("x-should-retry", "1"))),
    fault("should-retry-mistake", "errors.should-retry", "A caller's mistake is said to be worth a retry.", Family.HEADER,
        on_status(400, with_header("x-should-retry", "true"))),
    fault("type-as-409", "errors.not-retryable errors.wrong-type", "A wrong type is answered with 409.", Family.STATUS,
        on_status(400, with_status(409)), asking("temperature", "warm")),
    fault("type-as-500",
        "chat.param.temperature.type errors.no-server-error errors.wrong-type "
        "responses.param.temperature.type",
        "A wrong type is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), asking("temperature", "warm")),
    fault("bad-json-as-422",
        "errors.bad-json errors.deep-body errors.not-utf8",
        "Broken JSON is answered with 422.", Family.STATUS,
        on_status(400, with_status(422)), unparsed),
    fault("bad-json-crash",
        "chat.param.json.encoding chat.param.json.nesting chat.param.json.numbers "
        "chat.param.json.syntax errors.bad-json errors.deep-body errors.no-server-error "
        "errors.not-utf8",
        "Broken JSON is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), unparsed),
    fault("not-object-crash", "errors.no-server-error errors.not-object", "JSON that is no object is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), _not_object),
    fault("null-as-422", "errors.not-object", "The body null is answered with 422.", Family.STATUS,
        on_status(400, with_status(422)), _body(b"null")),
    fault("empty-crash", "errors.empty-body errors.no-server-error", "An empty body is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), _empty),
    fault("empty-as-411", "errors.empty-body", "An empty body is answered with 411.", Family.STATUS,
        on_status(400, with_status(411)), both(_empty, CHAT)),
    fault("utf8-crash",
        "chat.param.json.encoding errors.no-server-error errors.not-utf8",
        "A body that is not UTF-8 is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), lambda request: b"\xff" in request.body),
    fault("deep-crash",
        "chat.param.json.nesting errors.deep-body errors.no-server-error",
        "A body that is nested deeply is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), _deep),
    Fault("errors.type-ignored",
        rows("chat.param.temperature.type errors.wrong-type responses.param.temperature.type"),
        "A temperature that is no number is ignored.",
        Family.PARAMETER, when=asking("temperature", "warm"), request=without_param("temperature")),
    Fault("errors.stream-type-ignored",
        rows("chat.param.stream.type errors.wrong-type responses.param.stream.type"),
        "A stream that is no boolean is ignored.",
        Family.PARAMETER, when=asking("stream", "maybe"), request=without_param("stream")),
    of_body("type-param-lost", "errors.wrong-type", "A wrong type does not name the parameter.", Family.VALUE,
        put("error.param", None), asking("temperature", "warm")),
    Fault("errors.unknown-ignored", rows("errors.parameter-unknown"), "Unknown parameters are ignored.", Family.PARAMETER,
        request=without_param("conformance_no_such_parameter")),
    Fault("errors.unsupported-ignored", rows("errors.unsupported-parameter"), "A parameter that the model lacks is ignored.",
        Family.PARAMETER, when=CHAT, request=without_param("web_search_options")),
    Fault("errors.unsupported-value-ignored", rows("errors.unsupported-value"), "An effort that the model lacks is ignored.",
        Family.PARAMETER, when=asking("reasoning_effort", "minimal"),
        request=without_param("reasoning_effort")),
    fault("unsupported-code",
        "errors.unsupported-parameter errors.unsupported-value",
        "What is not supported has the code of a bad value.", Family.VALUE,
        on_error(codes(unsupported_parameter="invalid_value", unsupported_value="invalid_value"))),
    fault("path-as-200", "errors.path-unknown", "An unknown path is answered with 200.", Family.STATUS,
        code_is("unknown_url")(served({"ok": True})),
        lambda request: request.path.startswith("/v1/conformance-")),
    fault("path-as-400",
        "errors.path-unknown http.slash tiers.root.refusal",
        "An unknown path is answered with 400.", Family.STATUS,
        code_is("unknown_url")(with_status(400))),
    fault("path-html",
        "errors.content-type errors.envelope tiers.root.refusal",
        "An unknown path is answered with an HTML page.", Family.SHAPE,
        code_is("unknown_url")(with_body("<html>Not Found</html>", "text/html"))),
    fault("in-stream",
        "chat.stream.error-before errors.before-stream.status http.limits.same http.stream.cache",
        "A refusal of a chat stream is a 200 with an error event.", Family.STATUS,
        on_status(400, as_event), both(CHAT, STREAM, asking("messages", []))),
    fault("in-stream-responses",
        "errors.before-stream.status http.limits.same http.stream.cache",
        "A refusal of a Responses stream is a 200 with an error event.",
        Family.STATUS, on_status(400, as_event), both(RESPONSES, STREAM, asking("input", 5))),
    fault("as-stream",
        "chat.stream.error-before errors.before-stream.json errors.content-type errors.envelope",
        "A refused stream has the right status, but an event as body.", Family.SHAPE,
        on_status(400, _as_error_stream), both(STREAM, asking("messages", []))),
    fault("flapping-status", "errors.bad-json errors.repeatable", "The same mistake gets 400 or 422, as it comes.", Family.STATE,
        flapping(on_status(400, with_status(422))), _body(b'{"model": "gpt-5.5", "messages": [')),
    fault("flapping-words", "errors.repeatable", "The words for the same mistake change.", Family.STATE,
        flapping(on_status(400, on_error(put("error.message", "Bad request.")))),
        _body(b'{"model": "gpt-5.5", "messages": [')),
    fault("status-differs", "errors.bad-json errors.same-shape", "Broken JSON is 422 at Responses alone.", Family.STATUS,
        on_status(400, with_status(422)), both(RESPONSES, unparsed)),
    Fault("errors.mixed", rows("errors.concurrent"), "Calls refused at once get each other's refusal.", Family.STATE,
        when=_numbered, request=_neighbour),
    fault("billed", "billing.failures-free errors.free", "Refused requests cost something.", Family.BILLING, on_status(400, _billed)),
    fault("billed-model", "billing.failures-free errors.free", "A call for an unknown model costs something.", Family.BILLING,
        on_status(404, _billed), CHAT),
)  # fmt: skip
