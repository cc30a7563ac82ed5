"""GET /v1/models and /v1/models/{id}."""

from typing import Any, Final

from gateway.accounts.prices import Model, models
from gateway.call import Call, Route
from gateway.errors import ApiError
from gateway.frames import GatewayReply

_OWNER: Final = "openai"


def list_models(call: Call) -> GatewayReply:
    data = [_card(name, model) for name, model in models().items()]
    body: dict[str, Any] = {"object": "list", "data": data}
    if "client_version" in call.query:
        # Codex reads its own catalogue from this member when it says its version.
        body["models"] = []
    return GatewayReply(body=body)


def retrieve(call: Call) -> GatewayReply:
    name = call.path["id"]
    if name not in models():
        raise ApiError(
            404, f"The model '{name[:100]}' does not exist", param="model", code="model_not_found"
        )
    return GatewayReply(body=_card(name, models()[name]))


def _card(name: str, model: Model) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": model.created, "owned_by": _OWNER}


ROUTES: Final[tuple[Route, ...]] = (
    ("GET", "/models", list_models),
    ("GET", "/models/{id}", retrieve),
)
