"""Continue CLI 1.5.47, Responses: the `ResponseStream` of an older openai-node, and its own adapter."""

from typing import Any

from conformance.clients.readers.lines import node
from conformance.clients.readers.node_responses import OLDER, accumulated
from conformance.clients.readers.reading import Reading, StoppedError
from wire.exchange import Exchange

Json = dict[str, Any]


def continue_cli(x: Exchange) -> Reading:
    snapshot: Json | None = None
    text = ""
    begun: dict[Any, tuple[Any, Any]] = {}
    told: dict[Any, list[Any]] = {}
    begun_at: list[Json] = []
    for event in node(x):
        snapshot = accumulated(event, snapshot, OLDER)
        kind = event.get("type")
        if kind == "response.output_item.added" and event["item"].get("type") == "function_call":
            begun[event["item"].get("id")] = len(begun_at), event["item"].get("name")
            begun_at.append(event)
        elif kind == "response.output_item.done" and not isinstance(event.get("item"), dict):
            raise StoppedError("Cannot read properties of undefined (reading 'type')")
        elif kind == "response.output_text.delta":
            delta = event.get("delta")
            text += "" if delta is None else delta if isinstance(delta, str) else "[object Object]"
        elif kind == "response.function_call_arguments.delta" and event.get("item_id") in begun:
            # A call of which no delta tells is never begun; each says again whose it is.
            number, name = begun[event["item_id"]]
            told.setdefault(number, [name, ""])[1] += event.get("delta") or ""
    if snapshot is None:
        raise StoppedError("request ended without sending any events")
    return Reading(text, tuple((name, arguments) for name, arguments in told.values() if name))
