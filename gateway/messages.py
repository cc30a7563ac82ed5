"""/v1/messages is not served on this tier; the refusal says where to go instead."""

from typing import Final

from gateway.call import Call, Route
from gateway.errors import ApiError
from gateway.frames import GatewayReply


def refuse(call: Call) -> GatewayReply:
    path = call.request.path.partition("?")[0]
    raise ApiError(
        404,
        f"{path} is not served on the codex tier. Use the OpenAI endpoints "
        "/v1/chat/completions or /v1/responses instead.",
        code="endpoint_not_served",
    )


ROUTES: Final[tuple[Route, ...]] = (
    ("POST", "/messages", refuse),
    ("POST", "/messages/count_tokens", refuse),
    ("POST", "/messages/batches", refuse),
)
