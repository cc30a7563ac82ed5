"""POST /v1/responses/compact and /v1/responses/input_tokens: a conversation shortened or measured."""

from typing import Any, Final

from gateway.call import Call, Route
from gateway.frames import GatewayReply
from gateway.model import tokens
from gateway.model.tokens import prompt_tokens
from gateway.model.usage import Usage
from gateway.responses.input import sealed_compaction
from gateway.responses.items import PREFIXES, Item
from gateway.responses.object import usage_object
from gateway.responses.parameters import COMPACT, INPUT_TOKENS
from gateway.responses.request import read

_MODEL: Final = "gpt-5.5"  # counts for a caller who names none


def compact(call: Call) -> GatewayReply:
    """The user's messages stay as they are, everything else becomes one sealed item."""
    request = read(call, COMPACT)
    items = (*request.history, *request.input_items)
    kept: list[Item] = [
        {**item, "status": "completed"}
        for item in items
        if item["type"] == "message" and item["role"] == "user"
    ]
    text = "\n".join(f"{turn.role}: {turn.text}" for turn in request.conversation.turns)
    sealed = {
        "id": call.new_id(PREFIXES["compaction"]),
        "type": "compaction",
        "encrypted_content": sealed_compaction(text),
    }
    usage = Usage(
        prompt=prompt_tokens(request.conversation, request.asked), completion=tokens.count(text)
    )
    body: dict[str, Any] = {
        "id": call.new_id("resp_"),
        "object": "response.compaction",
        "created_at": call.now,
        "output": [*kept, sealed],
        "usage": usage_object(usage),
    }
    return GatewayReply(body=body, charge=call.charge(request.model, "default", usage))


def count_input(call: Call) -> GatewayReply:
    request = read(call, INPUT_TOKENS, default_model=_MODEL)
    count = prompt_tokens(request.conversation, request.asked)
    return GatewayReply(body={"object": "response.input_tokens", "input_tokens": count})


ROUTES: Final[tuple[Route, ...]] = (
    ("POST", "/responses/compact", compact),
    ("POST", "/responses/input_tokens", count_input),
)
