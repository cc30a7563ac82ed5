"""Faults of the key check: open doors, odd refusals, leaks."""

import base64
import binascii
import json
from collections import Counter
from dataclasses import replace
from itertools import count
from urllib.parse import parse_qs

from gateway.accounts.keys import PREFIX
from gateway.errors import ApiError
from gateway.faults.machinery.fault import Family, Fault, rows
from gateway.faults.machinery.forged import CARD, CRASHED, LIST, refused, served
from gateway.faults.machinery.request_edits import with_request_header
from gateway.faults.machinery.selection import CHAT, RESPONSES, When, at, both, negated
from gateway.faults.machinery.transform import (
    ReplyChange,
    in_turn,
    on_error,
    on_frames,
    on_status,
    put,
    with_body,
    with_header,
    with_status,
    without_header,
)
from gateway.frames import GatewayReply
from wire.endpoint import Endpoint
from wire.exchange import Request

_LIST = at(Endpoint.MODELS)
_ONE = at(Endpoint.MODEL)
_STORED = at(Endpoint.RESPONSE, Endpoint.INPUT_ITEMS, Endpoint.CANCEL)
_BAD_BODY = ApiError(400, "Missing required parameter: 'model'.", param="model").body
_NO_MODEL = ApiError(
    404, "The model 'x' does not exist", param="model", code="model_not_found"
).body


def _authorization(request: Request) -> str:
    return request.header("authorization") or ""


def _secret(request: Request) -> str:
    return _authorization(request).rpartition(" ")[2]


def _keyless(request: Request) -> bool:
    return not _authorization(request)


def _well_formed(request: Request) -> bool:
    """A key that looks right, which says nothing about whether it is one."""
    secret = _secret(request)
    return secret.startswith(PREFIX) and len(secret) == len(PREFIX) + 32


def _scheme(*names: str) -> When:
    return lambda request: _authorization(request).partition(" ")[0].lower() in names


def _as_bearer(request: Request) -> Request:
    return with_request_header("authorization", f"Bearer {_secret(request)}")(request)


def _from_basic(request: Request) -> Request:
    try:
        pair = base64.b64decode(_secret(request)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return request
    return with_request_header("authorization", "Bearer " + pair.rpartition(":")[2])(request)


def _from_query(request: Request) -> Request:
    found = parse_qs(request.path.partition("?")[2]).get("api_key")
    if not found or _authorization(request):
        return request
    return with_request_header("authorization", "Bearer " + found[0])(request)


def _from_body(request: Request) -> Request:
    found = request.params.get("api_key")
    if not isinstance(found, str) or _authorization(request):
        return request
    return with_request_header("authorization", "Bearer " + found)(request)


def _prefix_only(request: Request) -> Request:
    secret = _secret(request)[: len(PREFIX) + 32]
    return with_request_header("authorization", f"Bearer {secret}")(request) if secret else request


def _any_case(request: Request) -> Request:
    return with_request_header("authorization", _authorization(request).lower())(request)


def _opened(request: Request, reply: GatewayReply) -> GatewayReply:
    if reply.status != 401:
        return reply
    kept = tuple(pair for pair in reply.headers if pair[0] != "www-authenticate")
    reply = replace(reply, headers=kept)
    if _LIST(request):
        return replace(reply, status=200, body=LIST)
    if _ONE(request):
        return replace(reply, status=200, body=CARD)
    return replace(reply, status=400, body=_BAD_BODY)


def _other_scheme_refused(request: Request, reply: GatewayReply) -> GatewayReply:
    if _authorization(request) and not _authorization(request).startswith("Bearer"):
        refusal = ApiError(401, "The key has an unknown scheme.", code="invalid_api_key")
        return replace(
            reply,
            status=401,
            body=refusal.body,
            headers=(*reply.headers, ("www-authenticate", "Bearer")),
        )
    return reply


def _echo_key(request: Request, reply: GatewayReply) -> GatewayReply:
    message = f"Incorrect API key provided: {_secret(request)}."
    return on_status(401, on_error(put("error.message", message)))(request, reply)


def _echo_most(request: Request, reply: GatewayReply) -> GatewayReply:
    message = f"Incorrect API key provided: {_secret(request)[:20]}…"
    return on_status(401, on_error(put("error.message", message)))(request, reply)


def _echo_tail(request: Request, reply: GatewayReply) -> GatewayReply:
    message = f"Incorrect API key provided: ****{_secret(request)[-12:]}."
    return on_status(401, on_error(put("error.message", message)))(request, reply)


def _key_in_header(request: Request, reply: GatewayReply) -> GatewayReply:
    return with_header("x-upstream-authorization", _authorization(request))(request, reply)


def _key_in_stream(request: Request, reply: GatewayReply) -> GatewayReply:
    first = iter((True,))
    change = put("debug", {"headers": {"authorization": _authorization(request)}})
    return on_frames(change, lambda _: next(first, False))(request, reply)


class _Busiest:
    """The Authorization that is sent most: in any run it is the main key's."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def watching(self, when: When) -> When:
        def watched(request: Request) -> bool:
            self._seen[_authorization(request)] += 1
            return when(request)

        return watched

    def used(self, request: Request) -> Request:
        return with_request_header("authorization", self._seen.most_common(1)[0][0])(request)


_busiest = _Busiest()


def _several(request: Request) -> bool:
    return sum(name == "authorization" for name, _ in request.headers) > 1


_turn = count()


def _flapping(request: Request, reply: GatewayReply) -> GatewayReply:
    # Two replicas that disagree about which header counts.
    return _opened(request, reply) if next(_turn) % 2 else reply


# The texts that calls at once ask for, as their bodies write them.
_MARKERS = tuple(
    json.dumps(text)[1:-1].encode()
    for text in (
        "marker 0: amber é", "marker 1: cobalt 世界", "marker 2: jade 👩\u200d🚀", "marker 3: umber שלום",
    )
)  # fmt: skip


def _neighbour(request: Request) -> Request:
    """The text of the call beside it: markers 0 and 1, 2 and 3 change places."""
    body = request.body
    for own, other in (_MARKERS[:2], _MARKERS[2:]):
        body = body.replace(own, b"\0").replace(other, own).replace(b"\0", other)
    return replace(request, body=body)


def _marked(request: Request) -> bool:
    return b"marker " in request.body


def _on_401(name: str, breaks: str, says: str, family: Family, *changes: ReplyChange) -> Fault:
    return Fault(
        f"auth.{name}", rows(breaks), says, family, reply=on_status(401, in_turn(*changes))
    )


def _open(name: str, breaks: str, says: str, when: When) -> Fault:
    return Fault(f"auth.{name}", rows(breaks), says, Family.AUTH, when=when, reply=_opened)


FAULTS = (
    _on_401("unauthorized-is-403",
        "auth.before-body auth.before-model auth.empty auth.missing.balance auth.missing.status "
        "auth.missing.stored auth.revoked auth.scheme.basic auth.two-headers.status "
        "auth.wrong.status tiers.foreign-key tiers.messages.no-key",
        "A missing or wrong key is answered with 403.",
        Family.STATUS, with_status(403)),
    _on_401("detail-body",
        "auth.missing.message auth.refusal.type auth.revoked.code auth.wrong.code errors.envelope",
        "The 401 has the body of a web framework, not the envelope.",
        Family.SHAPE, with_body({"detail": "Not authenticated"})),
    _on_401("html-body",
        "auth.missing.message auth.refusal.type auth.revoked.code auth.wrong.code "
        "chat.stream.error-before errors.content-type errors.envelope",
        "The 401 is an HTML page.",
        Family.SHAPE, with_body("<html>401</html>", "text/html")),
    _on_401("code-missing", "auth.revoked.code auth.wrong.code", "The 401 has no code.", Family.VALUE, on_error(put("error.code", None))),
    _on_401("type-odd", "auth.refusal.type", "The 401 has a type of its own.",
        Family.VALUE, on_error(put("error.type", "auth_failed"))),
    _on_401("param-set", "auth.missing.message", "The 401 names a parameter.",
        Family.VALUE, on_error(put("error.param", "Authorization"))),
    _on_401("message-vague", "auth.missing.message", "The 401 does not say what is missing.",
        Family.CONTENT, on_error(put("error.message", "No."))),
    _on_401("challenge-missing", "auth.challenge", "The 401 has no WWW-Authenticate.",
        Family.HEADER, without_header("www-authenticate")),
    _on_401("tier-told", "auth.refusal.discreet", "The 401 tells a stranger of tiers.",
        Family.LEAK, on_error(put("error.message", "This API key has no codex tier."))),
    _on_401("as-rate-limit", "auth.revoked.code auth.wrong.code", "A refused key is answered as if it were rate limited.",
        Family.VALUE, on_error(put("error.code", "rate_limit_exceeded"))),
    _on_401("should-retry", "errors.should-retry", "The 401 tells the client to try again.",
        Family.HEADER, with_header("x-should-retry", "true")),
    Fault("auth.key-echoed", rows("auth.key-hidden"), "The 401 repeats the whole key that was presented.",
        Family.LEAK, reply=_echo_key),
    Fault("auth.key-half-masked", rows("auth.key-hidden"), "The 401 shows twenty characters of the key.",
        Family.LEAK, reply=_echo_most),
    Fault("auth.key-tail-shown", rows("auth.key-masked"), "The 401 shows the last twelve characters of the key.",
        Family.LEAK, reply=_echo_tail),
    Fault("auth.key-in-header", rows("auth.key-hidden"), "Every answer repeats the Authorization header.",
        Family.LEAK, reply=_key_in_header),
    Fault("auth.key-in-stream", rows("auth.key-hidden"), "A stream's first event carries the caller's headers.",
        Family.LEAK, reply=_key_in_stream),
    Fault("auth.scheme-case", rows("auth.scheme.case"), "Only the exact spelling Bearer is taken.",
        Family.AUTH, reply=_other_scheme_refused, when=_scheme("bearer")),
    Fault("auth.scheme-token", rows("auth.scheme.other"), "The scheme Token is taken.",
        Family.AUTH, when=_scheme("token"), request=_as_bearer),
    Fault("auth.scheme-none", rows("auth.scheme.other"), "A key without a scheme is taken.",
        Family.AUTH, when=lambda request: _authorization(request).startswith(PREFIX), request=_as_bearer),
    Fault("auth.scheme-basic", rows("auth.scheme.basic"), "A key as the password of Basic is taken.",
        Family.AUTH, when=_scheme("basic"), request=_from_basic),
    Fault("auth.empty-crashes", rows("auth.empty errors.no-server-error"), "An empty bearer value is answered with 500.",
        Family.STATUS, when=lambda request: _authorization(request).strip() == "Bearer",
        reply=CRASHED),
    Fault("auth.empty-let-in", rows("auth.empty"), "An empty bearer value is let in.",
        Family.AUTH, when=lambda request: _authorization(request).strip() == "Bearer", reply=_opened),
    Fault("auth.spaces-crash", rows("auth.spaces errors.no-server-error"), "Two spaces before the key are answered with 500.",
        Family.STATUS, when=lambda request: "  sk" in _authorization(request),
        reply=CRASHED),
    Fault("auth.body-first", rows("auth.before-body"), "The body is parsed before the key is checked.",
        Family.ORDER, when=lambda request: request.body == b"{",
        reply=on_status(401, refused(400, "We could not parse the JSON body of your request."))),
    Fault("auth.model-first", rows("auth.before-model"), "The model is looked up before the key is checked.",
        Family.ORDER,
        when=lambda request: "no-such-model" in str(request.params.get("model")),
        reply=on_status(401, lambda _, reply: replace(reply, status=404, body=_NO_MODEL))),
    Fault("auth.model-first-retrieve", rows("auth.before-model"), "A model is looked up before the key is checked.",
        Family.ORDER, when=both(_ONE, lambda request: "no-such-model" in request.path),
        reply=on_status(401, lambda _, reply: replace(reply, status=404, body=_NO_MODEL))),
    Fault("auth.prefix-match", rows("auth.exact auth.scheme.other"), "A valid key followed by more characters is taken.",
        Family.AUTH, request=_prefix_only),
    Fault("auth.any-case", rows("auth.exact"), "The case of the key does not count.",
        Family.AUTH, when=lambda request: "SK-" in _authorization(request), request=_any_case),
    _open("shorter-key", "auth.exact", "A key that lacks its last character is taken.",
        lambda request: len(_secret(request)) == len(PREFIX) + 31),
    _open("prefix-alone", "auth.exact", "The prefix of all keys is taken for a key.",
        lambda request: _secret(request) == PREFIX),
    _open("form-only",
        "auth.before-body auth.before-model auth.exact auth.revoked auth.revoked.code "
        "auth.wrong.status",
        "Every key of the right form is taken.", both(_well_formed, _scheme("bearer"))),
    _open("no-key-models",
        "auth.missing.status auth.per-request auth.query",
        "The model list needs no key.", both(_keyless, _LIST)),
    _open("no-key-model", "auth.before-model auth.missing.status", "A model can be retrieved without a key.", both(_keyless, _ONE)),
    _open("no-key-chat",
        "auth.before-body auth.before-model auth.missing.status errors.same-shape",
        "Chat needs no key.", both(_keyless, CHAT)),
    _open("no-key-responses", "auth.missing.status errors.same-shape", "Responses needs no key.", both(_keyless, RESPONSES)),
    _open("no-key-streams", "auth.missing.status", "Streams need no key.",
        both(_keyless, lambda request: request.params.get("stream") is True)),
    Fault("auth.query-key", rows("auth.query"), "A key in the query string is taken.",
        Family.AUTH, request=_from_query),
    Fault("auth.body-key", rows("auth.body"), "A key in the body is taken.", Family.AUTH, request=_from_body),
    Fault("auth.two-headers-crash",
        rows("auth.two-headers.status errors.no-server-error"),
        "Two Authorization headers are answered with 500.",
        Family.STATUS, when=_several, reply=CRASHED),
    Fault("auth.two-headers-flap", rows("auth.two-headers.fixed"), "Which of two Authorization headers counts changes.",
        Family.STATE, when=_several, reply=_flapping),
    Fault("auth.stored-open", rows("auth.missing.stored"), "What concerns stored responses needs no key.",
        Family.AUTH, when=both(_keyless, _STORED),
        reply=on_status(401, in_turn(refused(404, "No such response."), without_header("www-authenticate")))),
    Fault("auth.balance-open", rows("auth.missing.balance"), "The balance is told without a key.",
        Family.AUTH, when=both(_keyless, lambda request: request.path.endswith("/credits")),
        reply=on_status(401, in_turn(
            served({"object": "credit_balance", "balance_usd": "12.5"}), without_header("www-authenticate")))),
    Fault("auth.owner-unchecked", rows("auth.foreign-response"), "Any key gets what another key stored.",
        Family.AUTH, when=_busiest.watching(at(Endpoint.RESPONSE, method="GET")),
        request=_busiest.used),
    Fault("auth.one-endpoint", rows("auth.one-key tiers.key-accepted tiers.pairs"), "Responses refuses the key that chat takes, now and then.",
        Family.AUTH, when=both(RESPONSES, _marked),
        reply=in_turn(refused(401, "Incorrect API key provided.", "invalid_api_key"),
            with_header("www-authenticate", "Bearer"))),
    Fault("auth.organization-refused", rows("auth.organization"), "An unknown organization is refused.",
        Family.PARAMETER, when=lambda request: request.header("openai-organization") is not None,
        reply=refused(400, "No such organization.")),
    Fault("auth.mixed-chat",
        rows("auth.concurrent chat.answer.exact-text chat.stream.content"),
        "Chat calls at once get each other's answers.",
        Family.STATE, when=both(CHAT, _marked), request=_neighbour),
    Fault("auth.mixed-responses",
        rows("auth.concurrent responses.echo responses.stream.echo"),
        "Responses calls at once get each other's answers.",
        Family.STATE, when=both(RESPONSES, _marked), request=_neighbour),
    Fault("auth.forbidden-crash", rows(
            "auth.before-body auth.before-model auth.revoked auth.revoked.code auth.wrong.status "
            "errors.no-server-error"
        ), "A refused key at Responses is answered with 500.",
        Family.STATUS, when=both(RESPONSES, negated(_keyless)),
        reply=on_status(401, CRASHED)),
)  # fmt: skip
