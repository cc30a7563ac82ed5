"""Faults of the shape of refusals: no envelope, members that are missing, another media type."""

from gateway.faults.machinery.error_edits import ELSEWHERE, fault, of_body, unparsed
from gateway.faults.machinery.fault import Family, Fault, rows
from gateway.faults.machinery.selection import RESPONSES, STREAM, both, negated
from gateway.faults.machinery.transform import (
    drop,
    on_error,
    on_refusal,
    on_status,
    put,
    rename,
    with_body,
    with_header,
    without_header,
)
from wire.exchange import Request

_FIELDS = {
    "message": "auth.missing.message errors.message errors.same-shape tiers.messages.hint "
    "tiers.messages.shape tiers.messages.x-api-key tiers.root.refusal",
    "type": "auth.refusal.type errors.same-shape errors.type",
    "param": "errors.param errors.same-shape",
    "code": "auth.revoked.code auth.wrong.code errors.code errors.same-shape "
    "models.retrieve.unknown-code",
}
# What fails where a refusal has no error object at all, or none that has a message.
_NO_ENVELOPE = (
    "auth.missing.message auth.refusal.type auth.revoked.code auth.wrong.code errors.envelope "
    "errors.same-shape models.retrieve.unknown-code tiers.messages.hint tiers.messages.shape "
    "tiers.messages.x-api-key tiers.root.refusal"
)


def _no_model(request: Request) -> bool:
    return request.params.get("model") == "conformance-no-such-model"


_NO_MODEL = both(RESPONSES, _no_model)
FAULTS = (
    *(
        Fault(f"errors.{field}-missing", rows(breaks), f"Refusals have no {field}.", Family.SHAPE,
            when=ELSEWHERE, reply=on_error(drop(f"error.{field}")))
        for field, breaks in _FIELDS.items()
    ),
    *(
        Fault(f"errors.{field}-missing-late", (f"errors.{field}", *more),
            f"A refusal that comes late, of the model, has no {field}.", Family.SHAPE,
            when=_NO_MODEL, reply=on_status(400, on_error(drop(f"error.{field}"))))
        for field, more in {"message": (), "type": (), "param": (),
            "code": ("models.unlisted.responses",)}.items()
    ),
    of_body("detail-body", _NO_ENVELOPE, "Refusals have the body of a web framework.", Family.SHAPE,
        lambda body: {"detail": body["error"]["message"]}, ELSEWHERE),
    of_body("bare", _NO_ENVELOPE, "Refusals have no envelope.", Family.SHAPE, lambda body: body["error"], ELSEWHERE),
    of_body("text-error", _NO_ENVELOPE, "error is a text.", Family.SHAPE,
        lambda body: {"error": body["error"]["message"]}, ELSEWHERE),
    of_body("list", _NO_ENVELOPE, "Refusals are a list of errors.", Family.SHAPE,
        lambda body: {"errors": [body["error"]]}, ELSEWHERE),
    of_body("anthropic",
        "auth.revoked.code auth.wrong.code errors.code errors.param errors.same-shape "
        "models.retrieve.unknown-code",
        "Refusals have another vendor's shape.", Family.SHAPE,
        lambda body: {"type": "error", "error": {"type": "invalid_request_error",
            "message": body["error"]["message"]}}, ELSEWHERE),
    of_body("detail-responses",
        "auth.refusal.type errors.envelope errors.same-shape",
        "Only Responses refuses in the shape of a web framework.",
        Family.SHAPE, lambda body: {"detail": body["error"]["message"]}, both(RESPONSES, unparsed)),
    fault("html",
        "auth.missing.message auth.refusal.type auth.revoked.code auth.wrong.code "
        "errors.content-type errors.envelope errors.same-shape models.retrieve.unknown-code "
        "tiers.messages.hint tiers.messages.shape tiers.messages.x-api-key tiers.root.refusal",
        "Refusals are HTML.", Family.SHAPE,
        on_refusal(with_body("<html>error</html>", "text/html")), ELSEWHERE),
    fault("empty", _NO_ENVELOPE, "Refusals have no body.", Family.SHAPE, on_refusal(with_body(None)), ELSEWHERE),
    fault("text-plain", "errors.content-type", "Refusals come as text/plain.", Family.HEADER,
        on_refusal(with_header("content-type", "text/plain"))),
    fault("type-missing-header", "errors.content-type", "Refusals have no Content-Type.", Family.HEADER,
        on_refusal(without_header("content-type"))),
    fault("latin", "errors.content-type", "Refusals say that they are Latin-1.", Family.HEADER,
        on_refusal(with_header("content-type", "application/json; charset=iso-8859-1"))),
    of_body("code-renamed",
        "auth.revoked.code auth.wrong.code errors.code errors.same-shape "
        "models.retrieve.unknown-code",
        "The code stands under error_code.", Family.SHAPE,
        rename("error.code", "error_code"), ELSEWHERE),
    of_body("shape-differs", "errors.same-shape", "Refusals of Responses have one member more.", Family.SHAPE,
        put("error.event_id", None), both(RESPONSES, negated(STREAM))),
)  # fmt: skip
