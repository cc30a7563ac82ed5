"""Faults of the members of an error: values that are no message, type, param or code."""

from gateway.faults.machinery.error_edits import ELSEWHERE, of_body, types
from gateway.faults.machinery.fault import Family
from gateway.faults.machinery.transform import alter, put

_NO_MESSAGE = (
    "auth.missing.message errors.message tiers.messages.hint tiers.messages.shape "
    "tiers.messages.x-api-key tiers.root.refusal"
)
FAULTS = (
    of_body("message-null", _NO_MESSAGE, "The message is null.", Family.VALUE, put("error.message", None), ELSEWHERE),
    of_body("message-empty", _NO_MESSAGE, "The message is empty.", Family.VALUE, put("error.message", ""), ELSEWHERE),
    of_body("message-same", "errors.message.tells tiers.messages.no-key", "Every refusal says the same words.", Family.CONTENT,
        put("error.message", "Wrong key or request; see /v1/chat/completions.")),
    of_body("message-object", _NO_MESSAGE, "The message is an object.", Family.VALUE,
        alter("error.message", lambda text: {"text": text}), ELSEWHERE),
    of_body("type-null",
        "auth.refusal.type errors.same-shape errors.type",
        "The type is null.", Family.VALUE, put("error.type", None), ELSEWHERE),
    of_body("type-empty",
        "auth.refusal.type errors.same-shape errors.type",
        "The type is empty.", Family.VALUE, put("error.type", ""), ELSEWHERE),
    of_body("type-own", "auth.refusal.type errors.type.invalid-request", "Mistakes of the caller have a type of their own.", Family.VALUE,
        types(invalid_request_error="BadRequest")),
    of_body("param-list", "auth.missing.message errors.param", "param is a list.", Family.VALUE, alter("error.param", lambda name: [name]), ELSEWHERE),
    of_body("code-number",
        "auth.revoked.code auth.wrong.code errors.code models.retrieve.unknown-code",
        "The code is the HTTP status.", Family.VALUE, put("error.code", 400), ELSEWHERE),
    of_body("misalignment-text", "errors.misalignment", "misalignment is a text.", Family.VALUE,
        put("error.misalignment", "yes")),
    of_body("usage", "errors.no-usage usage.none-on-errors", "Refusals tell a usage.", Family.VALUE,
        put("usage", {"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9}), ELSEWHERE),
    of_body("choices", "errors.no-usage", "Refusals carry choices.", Family.CONTENT,
        put("choices", [{"index": 0, "message": {"role": "assistant", "content": ""}}]), ELSEWHERE),
)  # fmt: skip
