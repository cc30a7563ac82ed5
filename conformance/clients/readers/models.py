"""OpenAI SDKs: the list of models by its pages, and one model by its name."""

from collections.abc import Iterable

from conformance.clients.readers.lines import node_body, python_body
from conformance.clients.readers.reading import Reading, StoppedError
from wire.exchange import Exchange


def python_list(x: Exchange) -> Reading:
    """The ids, one a line."""
    entries = python_body(x).get("data") or []
    return Reading(_ids(entries))


def node_list(x: Exchange) -> Reading:
    entries = node_body(x).get("data") or []
    if not isinstance(entries, list):
        raise StoppedError(
            "page.getPaginatedItems is not a function or its return value is not iterable"
        )
    return Reading(_ids(entries))


def _ids(entries: Iterable[dict[str, object]]) -> str:
    return "\n".join(name for entry in entries if isinstance(name := entry.get("id"), str))


def python_one(x: Exchange) -> Reading:
    """The id of the model."""
    return Reading(str(_first(python_body(x)).get("id")))


def node_one(x: Exchange) -> Reading:
    return Reading(str(node_body(x).get("id")))


def _first(body: object) -> dict[str, object]:
    if not isinstance(body, dict):
        raise StoppedError(f"AttributeError: {type(body).__name__} has no attribute 'id'")
    return body
