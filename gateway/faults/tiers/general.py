"""Faults of tiers: what is served to whom, and what a refusal says."""

from dataclasses import replace

from gateway.accounts.charge import Charge
from gateway.faults.machinery.fault import Family, Fault, rows
from gateway.faults.machinery.forged import LIST, chat_served, refused, served
from gateway.faults.machinery.request_edits import with_param
from gateway.faults.machinery.selection import (
    CHAT,
    MESSAGES,
    MODELS,
    PLAIN,
    RESPONSES,
    STREAM,
    When,
    both,
    negated,
)
from gateway.faults.machinery.transform import (
    ReplyChange,
    alter,
    chain,
    in_turn,
    on_error,
    on_status,
    put,
    with_body,
    with_header,
    with_status,
    without_header,
)
from gateway.frames import Frame, GatewayReply
from gateway.model.usage import Usage
from wire.exchange import Request

_HINT = "Use the OpenAI endpoints /v1/chat/completions or /v1/responses instead."
_CLAUDE_SAYS = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "Hello."}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 9, "output_tokens": 3},
}  # fmt: skip


def _below(request: Request) -> bool:
    return "/messages/" in request.path


def _anthropic_key(request: Request) -> bool:
    return request.header("x-api-key") is not None


def _outside(request: Request) -> bool:
    return not request.path.startswith("/v1/")


def _claude(request: Request) -> bool:
    return str(request.params.get("model")).startswith("claude")


def _pair(model: str) -> When:
    return lambda request: b"marker " in request.body and request.params.get("model") == model


def _foreign(request: Request) -> bool:
    return "sk-proj-" in (request.header("authorization") or "")


def _streamed(_: Request, reply: GatewayReply) -> GatewayReply:
    frames = (Frame(0, "error", {"type": "error", "error": {"message": _HINT}}),)
    kept = tuple(pair for pair in reply.headers if pair[0] != "content-type")
    headers = (*kept, ("content-type", "text/event-stream"))
    return replace(reply, status=200, headers=headers, body=None, frames=frames)


def _billed(_: Request, reply: GatewayReply) -> GatewayReply:
    usage = Usage(prompt=1_000)
    return replace(reply, charge=Charge("codex", reply.request_id, "gpt-5.5", "default", usage))


def _inside(request: Request) -> Request:
    return replace(request, path="/v1" + request.path)


_WRONG_KEY = in_turn(
    with_status(401),
    on_error(
        chain(
            put("error.code", "invalid_api_key"),
            alter("error.message", lambda _: "Incorrect API key provided."),
        )
    ),
    with_header("www-authenticate", "Bearer"),
)


def _messages(
    name: str, breaks: str, says: str, family: Family, reply: ReplyChange, when: When = MESSAGES
) -> Fault:
    return Fault(
        f"tiers.messages-{name}", rows(breaks), says, family, when=both(MESSAGES, when), reply=reply
    )


def _other(name: str, breaks: str, says: str, family: Family, reply: ReplyChange) -> Fault:
    return Fault(f"tiers.other-{name}", rows(breaks), says, family, when=negated(MESSAGES),
        reply=on_status(403, reply))  # fmt: skip


FAULTS = (
    _messages("served",
        "tiers.messages.below tiers.messages.hint tiers.messages.refused tiers.messages.shape "
        "tiers.messages.stream tiers.messages.x-api-key",
        "/v1/messages is served.", Family.STATUS, on_status(404, served(_CLAUDE_SAYS))),
    _messages("crash",
        "errors.no-server-error tiers.messages.below tiers.messages.refused tiers.messages.stream "
        "tiers.messages.x-api-key",
        "/v1/messages is answered with 500.", Family.STATUS,
        on_status(404, with_status(500))),
    _messages("as-401",
        "auth.challenge tiers.messages.below tiers.messages.refused tiers.messages.stream",
        "/v1/messages tells a right key that it is wrong.", Family.STATUS,
        on_status(404, with_status(401))),
    _messages("html",
        "errors.content-type errors.envelope tiers.messages.hint tiers.messages.shape "
        "tiers.messages.x-api-key",
        "/v1/messages is refused with an HTML page.", Family.SHAPE,
        on_status(404, with_body("<html>404</html>", "text/html"))),
    _messages("text",
        "errors.content-type errors.envelope tiers.messages.hint tiers.messages.shape "
        "tiers.messages.x-api-key",
        "/v1/messages is refused in plain text.", Family.SHAPE,
        on_status(404, with_body(_HINT, "text/plain"))),
    _messages("no-hint", "tiers.messages.hint tiers.messages.x-api-key", "The refusal of /v1/messages does not say where to go.", Family.CONTENT,
        on_status(404, on_error(put("error.message", "Not found.")))),
    _messages("no-hint-streamed", "tiers.messages.hint", "Only a plain call of /v1/messages gets the hint.", Family.CONTENT,
        on_status(404, on_error(put("error.message", "Not found."))), STREAM),
    _messages("streamed",
        "tiers.messages.hint tiers.messages.shape tiers.messages.stream",
        "A stream from /v1/messages is refused by an event.", Family.STATUS,
        on_status(404, _streamed), STREAM),
    _messages("x-api-key-crash",
        "errors.no-server-error tiers.messages.no-key tiers.messages.x-api-key",
        "x-api-key at /v1/messages is answered with 500.", Family.STATUS,
        with_status(500), _anthropic_key),
    _messages("x-api-key-no-hint", "tiers.messages.x-api-key", "x-api-key at /v1/messages gets no hint.", Family.CONTENT,
        on_status(404, on_error(put("error.message", "Not found."))), _anthropic_key),
    _messages("count-served", "tiers.messages.below tiers.messages.shape", "/v1/messages/count_tokens is served.", Family.STATUS,
        on_status(404, served({"input_tokens": 9})), _below),
    _messages("below-crash", "errors.no-server-error tiers.messages.below", "What lies below /v1/messages is answered with 500.", Family.STATUS,
        on_status(404, with_status(500)), _below),
    _messages("stranger-hint", "tiers.messages.no-key", "Strangers get the hint of /v1/messages.", Family.LEAK,
        on_status(401, in_turn(refused(404, _HINT, "endpoint_not_served"), without_header("www-authenticate")))),
    _messages("stranger-hint-401", "tiers.messages.no-key", "The 401 of /v1/messages has the hint.", Family.LEAK,
        on_status(401, on_error(put("error.message", f"No API key. {_HINT}")))),
    _messages("billed", "billing.failures-free tiers.messages.free", "The refused call of /v1/messages costs something.", Family.BILLING,
        on_status(404, _billed)),
    Fault("tiers.other-served", rows("http.limits.same tiers.other-key.refused"), "A key of another tier is served by chat.", Family.AUTH,
        when=both(CHAT, PLAIN), reply=on_status(403, chat_served)),
    _other("refused-as-401", "tiers.other-key.code", "A key of another tier is told that it is wrong.", Family.STATUS, _WRONG_KEY),
    _other("code-missing", "tiers.other-key.code", "The refusal of another tier has no code.", Family.VALUE,
        on_error(put("error.code", None))),
    _other("crash",
        "errors.no-server-error tiers.other-key.models tiers.other-key.refused",
        "A key of another tier is answered with 500.", Family.STATUS, with_status(500)),
    Fault("tiers.other-sees-models", rows("tiers.other-key.models"), "A key of another tier is shown the models.", Family.LEAK,
        when=MODELS, reply=on_status(403, served(LIST))),
    Fault("tiers.claude-served", rows("tiers.claude-model"), "A Claude model is answered by another model.",
        Family.PARAMETER, when=both(negated(MESSAGES), _claude), request=with_param("model", "gpt-5.5")),
    Fault("tiers.claude-as-403", rows("tiers.claude-model"), "A Claude model is refused as forbidden.", Family.STATUS,
        when=both(CHAT, _claude), reply=on_status(404, with_status(403))),
    Fault("tiers.claude-code", rows("tiers.claude-model"), "A Claude model is refused without its code.", Family.VALUE,
        when=both(RESPONSES, _claude), reply=on_error(put("error.code", "unsupported_value"))),
    Fault("tiers.foreign-key-taken", rows("tiers.foreign-key"), "A key of another vendor's form is let in.", Family.AUTH,
        when=both(_foreign, MODELS), reply=on_status(401, in_turn(served(LIST), without_header("www-authenticate")))),
    Fault("tiers.root-served", rows("tiers.root.not-served tiers.root.refusal"), "The API is served without /v1 as well.", Family.STATE,
        when=_outside, request=_inside),
    Fault("tiers.root-open", rows("tiers.root.not-served tiers.root.refusal"), "Without /v1 the model list needs no key.", Family.AUTH,
        when=both(_outside, MODELS), reply=on_status(404, served(LIST))),
    Fault("tiers.root-html", rows("tiers.root.refusal"), "Paths without /v1 give an HTML page.", Family.SHAPE,
        when=_outside, reply=on_status(404, with_body("<html>Hi</html>", "text/html"))),
    Fault("tiers.root-as-403", rows("tiers.root.refusal"), "Paths without /v1 are forbidden.", Family.STATUS,
        when=_outside, reply=on_status(404, with_status(403))),
    Fault("tiers.pair-missing", rows("auth.one-key tiers.key-accepted tiers.pairs"), "gpt-5.5 is not served by Responses, now and then.", Family.STATUS,
        when=both(RESPONSES, _pair("gpt-5.5")),
        reply=refused(403, "This model is not enabled here.", "model_not_enabled")),
)  # fmt: skip
