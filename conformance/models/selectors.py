"""Kinds of exchanges about models, for selectors, and how their bodies are read."""

from typing import Any

from conformance.errors.selectors import is_api
from conformance.judging.selector import Selector
from wire.endpoint import Endpoint
from wire.exchange import Exchange


def _lists(x: Exchange) -> bool:
    # What Codex asks for has a requirement of its own.
    asked = x.endpoint is Endpoint.MODELS and x.request.method == "GET" and is_api(x)
    return asked and x.ok and "client_version=" not in x.request.path


def _retrieves(x: Exchange) -> bool:
    return x.endpoint is Endpoint.MODEL and x.request.method == "GET" and x.ok and is_api(x)


MODEL_LIST = Selector("a model list", _lists, ("models.list",))
ONE_MODEL = Selector("a retrieved model", _retrieves, ("models.retrieve",))


def cards(x: Exchange) -> list[dict[str, Any]]:
    """The entries of a list, or the one model of a retrieval; tolerant of anything."""
    body = x.reply.json
    if not isinstance(body, dict):
        return []
    rows = body.get("data") if x.endpoint is Endpoint.MODELS else [body]
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def listed(x: Exchange) -> list[str]:
    """The ids of a model list."""
    names = [card.get("id") for card in cards(x)]
    return [name for name in names if isinstance(name, str)]
