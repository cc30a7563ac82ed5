"""What happens to a response after it was made: read, replayed, listed, cancelled, deleted."""

from typing import Final

from gateway.call import Call, Route
from gateway.errors import ApiError, bad_value
from gateway.frames import GatewayReply
from gateway.responses.endpoint import billed
from gateway.responses.items import Item
from gateway.responses.parameters import INCLUDES
from gateway.responses.stored import Stored, StoredResponses
from gateway.responses.stream import after, stream_frames

_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_PAGE: Final = 20
_MOST: Final = 100


def retrieve(call: Call) -> GatewayReply:
    stored = _stored(call)
    include = _include(call)
    if not _flag(call, "stream"):
        if "starting_after" in call.query:
            raise bad_value("starting_after", "'starting_after' needs 'stream' to be true.")
        return GatewayReply(body=billed(stored.seen(call.gateway.clock(), include)))
    start = _number(call, "starting_after", -1, low=0)
    frames = stream_frames(stored.started, stored.shown(include), stored.options)
    return GatewayReply(frames=after(frames, start))


def delete(call: Call) -> GatewayReply:
    name = _stored(call).full["id"]
    call.gateway.store(StoredResponses).delete(call.key.name, name)
    return GatewayReply(body={"id": name, "object": "response", "deleted": True})


def cancel(call: Call) -> GatewayReply:
    stored = _stored(call)
    if not stored.full["background"]:
        raise ApiError(400, "Cannot cancel a synchronous response.")
    now = call.gateway.clock()
    charge = None
    if now < stored.done_at and not stored.cancelled:
        stored.cancelled = True
        if begun := call.gateway.pending.pop(stored.made_by, None):
            charge = begun.worked(stored.share(now))
        else:
            call.gateway.called_off[stored.made_by] = stored.share(now)
    return GatewayReply(body=billed(stored.seen(now)), charge=charge)


def list_input(call: Call) -> GatewayReply:
    stored = _stored(call)
    include = _include(call)
    limit = _number(call, "limit", _PAGE, low=1, high=_MOST)
    order = _word(call, "order", "desc")
    if order not in {"asc", "desc"}:
        raise bad_value(
            "order", f"Invalid value: '{order}'. Supported values are: 'asc' and 'desc'."
        )
    items = list(stored.input_items)
    if order == "desc":
        items.reverse()
    if last := _word(call, "after", ""):
        places = [index for index, item in enumerate(items) if item["id"] == last]
        if not places:
            raise bad_value("after", f"No input item with id '{last[:100]}' in this response.")
        items = items[places[0] + 1 :]
    page = items[:limit]
    return GatewayReply(
        body={
            "object": "list",
            "data": [_listed(item, include) for item in page],
            "first_id": page[0]["id"] if page else None,
            "has_more": len(items) > limit,
            "last_id": page[-1]["id"] if page else None,
        }
    )


def _listed(item: Item, include: frozenset[str]) -> Item:
    if item["type"] != "message":
        return item
    content = item["content"]
    if "message.input_image.image_url" not in include:
        content = [
            {**part, "image_url": None} if part["type"] == "input_image" else part
            for part in content
        ]
    return {"id": item["id"], "type": "message", "status": "completed", **item, "content": content}


def _stored(call: Call) -> Stored:
    name = call.path["id"]
    stored = call.gateway.store(StoredResponses).get(call.key.name, name)
    if stored is None:
        raise ApiError(404, f"Response with id '{name[:100]}' not found.")
    return stored


def _include(call: Call) -> frozenset[str]:
    given = [*call.query.get("include", ()), *call.query.get("include[]", ())]
    for index, word in enumerate(given):
        if word not in INCLUDES:
            listed = ", ".join(f"'{name}'" for name in INCLUDES)
            raise bad_value(
                f"include[{index}]", f"Invalid value: '{word}'. Supported values are: {listed}."
            )
    return frozenset(given)


def _word(call: Call, name: str, default: str) -> str:
    return call.query.get(name, [default])[-1]


def _flag(call: Call, name: str) -> bool:
    word = _word(call, name, "false").lower()
    if word not in _FLAGS:
        raise bad_value(
            name, f"Invalid type for '{name}': expected a boolean, but got a string instead.",
            "invalid_type",
        )  # fmt: skip
    return _FLAGS[word]


def _number(call: Call, name: str, default: int, *, low: int, high: int | None = None) -> int:
    if name not in call.query:
        return default
    word = _word(call, name, "")
    if not word.isdecimal():
        raise bad_value(
            name, f"Invalid type for '{name}': expected an integer, but got a string instead.",
            "invalid_type",
        )  # fmt: skip
    value = int(word)
    if value < low:
        raise bad_value(
            name, f"Invalid '{name}': integer below minimum value. Expected a value >= {low}, but "
            f"got {value} instead.", "integer_below_min_value",
        )  # fmt: skip
    if high is not None and value > high:
        raise bad_value(
            name, f"Invalid '{name}': integer above maximum value. Expected a value <= {high}, but "
            f"got {value} instead.", "integer_above_max_value",
        )  # fmt: skip
    return value


ROUTES: Final[tuple[Route, ...]] = (
    ("GET", "/responses/{id}", retrieve),
    ("DELETE", "/responses/{id}", delete),
    ("POST", "/responses/{id}/cancel", cancel),
    ("GET", "/responses/{id}/input_items", list_input),
)
