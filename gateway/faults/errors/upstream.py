"""Faults of what lies behind: overload, failures, timeouts, policy and prompts that are too long."""

from dataclasses import replace

from gateway.faults.machinery.error_edits import (
    as_answer,
    as_event,
    code_is,
    codes,
    fault,
    scripted,
    types,
)
from gateway.faults.machinery.fault import Family
from gateway.faults.machinery.forged import CRASHED, chat_served, refused
from gateway.faults.machinery.selection import (
    CHAT,
    RESPONSES,
    STREAM,
    asking,
    both,
    either,
    negated,
)
from gateway.faults.machinery.transform import (
    in_turn,
    on_error,
    on_status,
    put,
    with_header,
    with_status,
)
from gateway.frames import GatewayReply
from wire.exchange import Request


def _bare(request: Request, reply: GatewayReply) -> GatewayReply:
    """An error in place of an answer, and no word of it in the status; it costs nothing."""
    failed = refused(502, "The server had an error.", kind="server_error")(request, reply)
    return replace(failed, status=200) if reply.status == 200 else reply


FAULTS = (
    fault("overload-as-200", "errors.overload http.limits.same", "Overload is told in the text of a success.", Family.STATUS,
        on_status(503, as_answer), both(CHAT, negated(STREAM))),
    fault("overload-code", "errors.overload", "Overload has no code.", Family.VALUE,
        on_error(codes(server_is_overloaded=None))),
    fault("overload-type", "errors.overload", "Overload is called a server error.", Family.VALUE,
        on_error(types(service_unavailable_error="server_error"))),
    fault("upstream-as-answer", "errors.upstream http.limits.same", "A failure behind is told as the model's text.", Family.STATUS,
        on_status(502, as_answer), both(CHAT, negated(STREAM), scripted("upstream_500"))),
    fault("upstream-as-400", "errors.type.invalid-request errors.upstream", "A failure behind is blamed on the caller.", Family.STATUS,
        on_status(502, with_status(400)), scripted("upstream_500")),
    fault("upstream-streamed",
        "chat.stream.error-before errors.upstream http.limits.same http.stream.cache",
        "A failure behind a stream is a 200 with an event.", Family.STATUS,
        on_status(502, as_event), both(STREAM, scripted("upstream_500"))),
    fault("upstream-bare", "errors.type errors.upstream", "A failure behind has neither code nor type.", Family.VALUE,
        on_error(lambda body: put("error.code", None)(put("error.type", "")(body))),
        scripted("upstream_500")),
    fault("timeout-as-408", "errors.not-retryable errors.upstream-timeout", "A slow model is answered with 408.", Family.STATUS,
        on_status(504, with_status(408))),
    fault("timeout-as-200", "errors.upstream-timeout http.limits.same", "A slow model is answered with some success.", Family.STATUS,
        on_status(504, chat_served), both(CHAT, negated(STREAM))),
    fault("upstream-401-passed", "auth.refusal.type errors.upstream-key", "The upstream's 401 is passed on.", Family.STATUS,
        in_turn(on_status(502, with_status(401)), with_header("www-authenticate", "Bearer")),
        scripted("upstream_401")),
    fault("policy-as-500", "errors.content-policy", "A forbidden prompt is answered with 500.", Family.STATUS,
        on_status(400, CRASHED), scripted("content_policy")),
    fault("context-as-500",
        "chat.param.messages.context errors.context errors.no-server-error",
        "A prompt that is too long is answered with 500.", Family.STATUS,
        code_is("context_length_exceeded")(CRASHED)),
    fault("bare-success-chat", "", "Of plain chat calls with tools nothing but an error object is told, with 200.", Family.STATUS,
        _bare, both(CHAT, negated(STREAM), asking("tools"))),
    fault("bare-success-responses", "", "Of plain Responses calls with tools nothing but an error object is told, with 200.", Family.STATUS,
        _bare, both(RESPONSES, negated(STREAM), asking("tools"))),
    fault("bare-success-stream", "", "Of chat streams with tools nothing but an error object is told, with 200.", Family.STATUS,
        _bare, both(CHAT, STREAM, asking("tools"))),
    fault("context-code", "chat.param.messages.context errors.context", "A prompt that is too long has no code.", Family.VALUE,
        on_error(codes(context_length_exceeded=None))),
    fault("context-as-413", "chat.param.messages.context errors.context", "A prompt that is too long is answered with 413.", Family.STATUS,
        code_is("context_length_exceeded")(with_status(413)), either(CHAT, RESPONSES)),
)  # fmt: skip
