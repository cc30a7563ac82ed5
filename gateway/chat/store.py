"""Stored chat completions: kept when `store` is true, listed, read, changed and deleted."""

from collections import OrderedDict
from typing import Any, Final

from gateway.call import Call, Route
from gateway.chat.parameters import CREATE
from gateway.errors import ApiError
from gateway.frames import GatewayReply
from gateway.validation.parameters import validate

_KEPT: Final = 1000
_METADATA: Final = tuple(param for param in CREATE if param.name == "metadata")


class StoredChats:
    """Completions by owner and id; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[dict[str, Any], list[Any]]] = OrderedDict()

    def keep(self, owner: str, body: dict[str, Any], messages: list[Any]) -> None:
        self._kept[owner, body["id"]] = (body, messages)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def find(self, call: Call) -> tuple[dict[str, Any], list[Any]]:
        found = self._kept.get((call.key.name, call.path["id"]))
        if found is None:
            raise ApiError(
                404,
                f"Chat completion with id '{call.path['id'][:100]}' not found.",
                code="not_found",
            )
        return found

    def of(self, owner: str) -> list[dict[str, Any]]:
        return [dict(body) for (name, _), (body, _) in self._kept.items() if name == owner]

    def forget(self, call: Call) -> None:
        self.find(call)
        del self._kept[call.key.name, call.path["id"]]


def listing(data: list[dict[str, Any]]) -> GatewayReply:
    return GatewayReply(
        body={
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": False,
        }
    )


def list_all(call: Call) -> GatewayReply:
    return listing(call.gateway.store(StoredChats).of(call.key.name))


def retrieve(call: Call) -> GatewayReply:
    # A copy: what is kept may change, what was answered may not.
    return GatewayReply(body=dict(call.gateway.store(StoredChats).find(call)[0]))


def update(call: Call) -> GatewayReply:
    validate(call.body, _METADATA)
    body, _ = call.gateway.store(StoredChats).find(call)
    body["metadata"] = call.body.get("metadata") or {}
    return GatewayReply(body=dict(body))


def delete(call: Call) -> GatewayReply:
    call.gateway.store(StoredChats).forget(call)
    gone = {"object": "chat.completion.deleted", "id": call.path["id"], "deleted": True}
    return GatewayReply(body=gone)


def messages(call: Call) -> GatewayReply:
    body, given = call.gateway.store(StoredChats).find(call)
    data = [{"id": f"{body['id']}-{n}", **message} for n, message in enumerate(given)]
    return listing(data)


ROUTES: Final[tuple[Route, ...]] = (
    ("GET", "/chat/completions", list_all),
    ("GET", "/chat/completions/{id}", retrieve),
    ("POST", "/chat/completions/{id}", update),
    ("DELETE", "/chat/completions/{id}", delete),
    ("GET", "/chat/completions/{id}/messages", messages),
)
