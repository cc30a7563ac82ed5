"""Faults of the key check and of tiers."""

from dataclasses import replace

from gateway.errors import ApiError
from gateway.fault import Family, Fault
from gateway.frames import GatewayReply
from gateway.keys import PREFIX
from gateway.request_edits import with_request_header
from gateway.selection import MESSAGES, negated
from gateway.transform import (
    alter,
    chain,
    on_error,
    on_status,
    put,
    with_body,
    with_header,
    with_status,
)
from wire.exchange import Request, parse_json


def _authorization(request: Request) -> str:
    return request.header("authorization") or ""


def _secret(request: Request) -> str:
    return _authorization(request).rpartition(" ")[2]


def _with_authorization(request: Request, value: str) -> Request:
    return with_request_header("authorization", value)(request)


def _any_scheme(request: Request) -> Request:
    return _with_authorization(request, f"Bearer {_secret(request)}")


def _from_query(request: Request) -> Request:
    _, found, rest = request.path.partition("api_key=")
    if not found or _authorization(request):
        return request
    return _with_authorization(request, "Bearer " + rest.partition("&")[0])


def _prefix_only(request: Request) -> Request:
    secret = _secret(request)[: len(PREFIX) + 32]
    return _with_authorization(request, f"Bearer {secret}") if secret else request


def _exact_scheme(request: Request, reply: GatewayReply) -> GatewayReply:
    scheme = _authorization(request).partition(" ")[0]
    if scheme and scheme != "Bearer":
        refusal = ApiError(401, "Unknown scheme.", code="invalid_api_key")
        return replace(reply, status=401, body=refusal.body, frames=None, charge=None)
    return reply


def _body_first(request: Request, reply: GatewayReply) -> GatewayReply:
    if request.method == "POST" and not isinstance(parse_json(request.body), dict):
        return replace(reply, status=400, body=ApiError(400, "Invalid JSON.").body)
    return reply


def _echo_key(request: Request, reply: GatewayReply) -> GatewayReply:
    message = f"Incorrect API key provided: {_secret(request)}."
    return on_status(401, on_error(put("error.message", message)))(request, reply)


def _crash_on_empty(request: Request, reply: GatewayReply) -> GatewayReply:
    empty = _authorization(request).strip().lower() == "bearer"
    crash = ApiError(500, "list index out of range", type="server_error").body
    return replace(reply, status=500, body=crash) if empty else reply


FAULTS = (
    Fault(
        "auth.unauthorized-is-403", (), "A missing or wrong key is answered with 403.",
        Family.STATUS, reply=on_status(401, with_status(403)),
    ),
    Fault(
        "auth.detail-body", (), "The 401 has the body of a web framework, not the envelope.",
        Family.SHAPE, reply=on_status(401, with_body({"detail": "Not authenticated"})),
    ),
    Fault(
        "auth.html-body", (), "The 401 is an HTML page.",
        Family.SHAPE, reply=on_status(401, with_body("<html>401</html>", "text/html")),
    ),
    Fault(
        "auth.code-missing", (), "The 401 has no code.",
        Family.VALUE, reply=on_status(401, on_error(put("error.code", None))),
    ),
    Fault(
        "auth.key-echoed", (), "The 401 repeats the whole key that was presented.",
        Family.LEAK, reply=_echo_key,
    ),
    Fault(
        "auth.scheme-case", (), "Only the exact spelling Bearer is taken.",
        Family.AUTH, reply=_exact_scheme,
    ),
    Fault(
        "auth.any-scheme", (), "Any scheme in front of a valid key is taken.",
        Family.AUTH, request=_any_scheme,
    ),
    Fault(
        "auth.empty-crashes", (), "An empty bearer value is answered with 500.",
        Family.STATUS, reply=_crash_on_empty,
    ),
    Fault(
        "auth.body-first", (), "The body is parsed before the key is checked.",
        Family.ORDER, reply=_body_first,
    ),
    Fault(
        "auth.prefix-match", (), "A valid key followed by more characters is taken.",
        Family.AUTH, request=_prefix_only,
    ),
    Fault(
        "auth.query-key", (), "A key in the query string is taken.",
        Family.AUTH, request=_from_query,
    ),
    Fault(
        "auth.revoked-as-rate-limit", (), "A refused key is answered as if it were rate limited.",
        Family.STATUS,
        reply=on_status(
            401, on_error(put("error.code", "rate_limit_exceeded"))
        ),
    ),
    Fault(
        "tiers.hint-missing", (), "The refusal of /v1/messages does not say where to go.",
        Family.CONTENT, when=MESSAGES,
        reply=on_status(404, on_error(put("error.message", "Not found."))),
    ),
    Fault(
        "tiers.messages-crash", (), "/v1/messages is answered with 500.",
        Family.STATUS, when=MESSAGES, reply=on_status(404, with_status(500)),
    ),
    Fault(
        "tiers.messages-html", (), "/v1/messages is refused with an HTML page.",
        Family.SHAPE, when=MESSAGES,
        reply=on_status(404, with_body("<html>404</html>", "text/html")),
    ),
    Fault(
        "tiers.refused-as-401", (), "A key of another tier is told that it is wrong.",
        Family.STATUS, when=negated(MESSAGES),
        reply=on_status(
            403,
            lambda request, reply: with_status(401)(
                request,
                on_error(
                    chain(
                        put("error.code", "invalid_api_key"),
                        alter("error.message", lambda _: "Incorrect API key provided."),
                    )
                )(request, with_header("www-authenticate", "Bearer")(request, reply)),
            ),
        ),
    ),
)  # fmt: skip
