"""Faults of refusals: shape, codes, leaks, statuses."""

from dataclasses import replace

from gateway.fault import Family, Fault
from gateway.frames import Frame, GatewayReply
from gateway.selection import CHAT, STREAM, both
from gateway.transform import (
    Change,
    ReplyChange,
    alter,
    drop,
    on_error,
    on_status,
    put,
    with_body,
    with_header,
    with_status,
)
from wire.exchange import Request

_TRACE = 'Traceback (most recent call last):\n  File "/srv/app/proxy.py", line 42, in handle'


def _codes(**changes: str | None) -> Change:
    return alter("error.code", lambda code: changes.get(str(code), code))


def _as_event(request: Request, reply: GatewayReply) -> GatewayReply:
    stream = replace(reply, status=200, body=None, frames=(Frame(0, "", reply.body),))
    return with_header("content-type", "text/event-stream")(request, stream)


def _fault(name: str, says: str, family: Family, reply: ReplyChange) -> Fault:
    return Fault(f"errors.{name}", (), says, family, reply=reply)


FAULTS = (
    _fault("detail-body", "Refusals have the body of a web framework.", Family.SHAPE,
        on_error(lambda body: {"detail": body["error"]["message"]})),
    _fault("bare", "Refusals have no envelope.", Family.SHAPE, on_error(lambda body: body["error"])),
    _fault("html", "Refusals are HTML.", Family.SHAPE,
        lambda request, reply: with_body("<html>error</html>", "text/html")(request, reply)
        if reply.status >= 400 else reply),
    _fault("message-null", "The message is null.", Family.VALUE, on_error(put("error.message", None))),
    _fault("type-missing", "There is no type.", Family.SHAPE, on_error(drop("error.type"))),
    _fault("param-missing", "There is no param.", Family.SHAPE, on_error(drop("error.param"))),
    _fault("code-missing", "There is no code.", Family.SHAPE, on_error(drop("error.code"))),
    _fault("param-null", "param never names the parameter.", Family.VALUE,
        on_error(put("error.param", None))),
    _fault("code-number", "The code is the HTTP status.", Family.VALUE, on_error(put("error.code", 400))),
    _fault("trace", "Refusals carry a stack trace.", Family.LEAK,
        on_error(alter("error.message", lambda text: f"{text}\n{_TRACE}"))),
    _fault("upstream-url", "Refusals carry the upstream's address.", Family.LEAK,
        on_error(alter("error.message", lambda text: f"{text} (http://10.0.0.7:8000/v1)"))),
    _fault("invalid-as-500", "Every bad request is answered with 500.", Family.STATUS,
        on_status(400, with_status(500))),
    _fault("invalid-as-422", "Every bad request is answered with 422.", Family.STATUS,
        on_status(400, with_status(422))),
    _fault("model-as-500", "An unknown model is answered with 500.", Family.STATUS,
        on_status(404, with_status(500))),
    _fault("model-code", "An unknown model has no code of its own.", Family.VALUE,
        on_error(_codes(model_not_found=None))),
    _fault("limit-as-503", "A rate limit is answered with 503.", Family.STATUS,
        on_status(429, with_status(503))),
    _fault("quota-as-limit", "An empty credit looks like a rate limit.", Family.VALUE,
        on_error(_codes(insufficient_quota="rate_limit_exceeded"))),
    _fault("overload-as-200", "Overload is told in the text of a success.", Family.STATUS,
        on_status(503, with_status(200))),
    _fault("upstream-401-passed", "The upstream's 401 is passed on.", Family.STATUS,
        on_status(502, with_status(401))),
    _fault("should-retry-word", "x-should-retry is 1.", Family.HEADER,
        with_header("x-should-retry", "1")),
    Fault("errors.in-stream", (), "A refusal of a streamed call is a 200 with an error event.",
        Family.STATUS, when=both(CHAT, STREAM),
        reply=on_status(400, _as_event)),
)  # fmt: skip
