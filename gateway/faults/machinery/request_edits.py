"""Building blocks of faults: changes of a request before the gateway sees it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from gateway.faults.machinery.transform import Change
from wire.exchange import Request

RequestChange = Callable[[Request], Request]


def on_json(change: Change) -> RequestChange:
    """With its JSON object changed; what is no JSON object stays as it is."""

    def made(request: Request) -> Request:
        if not isinstance(request.json, dict):
            return request
        return replace(request, body=json.dumps(change(request.json)).encode())

    return made


def without_param(*names: str) -> RequestChange:
    """As if these parameters had not been sent."""
    return on_json(lambda body: {k: v for k, v in body.items() if k not in names})


def with_param(name: str, value: Any) -> RequestChange:
    """As if this parameter had been sent so."""
    return on_json(lambda body: {**body, name: value})


def clamped_param(name: str, low: float, high: float) -> RequestChange:
    """With a number brought into its bounds."""

    def clamp(body: dict[str, Any]) -> dict[str, Any]:
        value = body.get(name)
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return body
        return {**body, name: min(high, max(low, value))}

    return on_json(clamp)


def with_request_header(name: str, value: str) -> RequestChange:
    def made(request: Request) -> Request:
        others = tuple(pair for pair in request.headers if pair[0] != name)
        return replace(request, headers=(*others, (name, value)))

    return made


def without_query(*names: str) -> RequestChange:
    """A request change: as if these query parameters had not been sent."""

    def change(request: Request) -> Request:
        path, _, query = request.path.partition("?")
        pairs = [pair for pair in query.split("&") if pair and _query_name(pair) not in names]
        return replace(request, path="?".join(filter(None, (path, "&".join(pairs)))))

    return change


def _query_name(pair: str) -> str:
    return unquote(pair.partition("=")[0]).removesuffix("[]")
