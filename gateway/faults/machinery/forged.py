"""Answers that the gateway did not give: for faults that let in whom it refused."""

from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any, Final

from gateway.errors import INVALID_REQUEST, ApiError
from gateway.faults.machinery.transform import ReplyChange, with_body, with_header
from gateway.frames import GatewayReply
from wire.exchange import Request

CARD: Final[dict[str, Any]] = {
    "id": "gpt-5.5", "object": "model", "created": 1_776_902_400, "owned_by": "openai",
}  # fmt: skip
LIST: Final[dict[str, Any]] = {"object": "list", "data": [CARD]}
_CHAT: Final[dict[str, Any]] = {
    "object": "chat.completion", "model": "gpt-5.5", "service_tier": "default",
    "system_fingerprint": "fp_0123456789",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello.", "refusal": None,
        "annotations": []}, "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}},
}  # fmt: skip


def served(body: object) -> ReplyChange:
    """A success with this body."""
    return lambda request, reply: with_body(body)(request, replace(reply, status=200))


def chat_served(request: Request, reply: GatewayReply) -> GatewayReply:
    """A whole chat completion in place of a refusal."""
    created = int(parsedate_to_datetime(reply.header("date") or "").timestamp())
    name = "chatcmpl-" + reply.request_id.removeprefix("req_")
    return served({"id": name, **_CHAT, "created": created})(request, reply)


def refused(
    status: int,
    message: str,
    code: str | None = None,
    kind: str = INVALID_REQUEST,
    param: str | None = None,
) -> ReplyChange:
    """A refusal in place of whatever was answered; it costs nothing."""
    body = ApiError(status, message, code=code, type=kind, param=param).body

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        reply = with_header("content-type", "application/json")(request, reply)
        return replace(reply, status=status, body=body, frames=None, pieces=None, charge=None)

    return made


CRASHED: Final = refused(500, "The server had an error.", kind="server_error")
