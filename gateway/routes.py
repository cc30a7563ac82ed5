"""Finds the endpoint modules of this package and the function that a path addresses."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Final, NamedTuple
from urllib.parse import unquote

import gateway
from gateway.call import Endpoint

PREFIX: Final = "/v1"
# What starts servers, and what is no endpoint, is not asked for routes.
_SKIPPED: Final = {
    f"gateway.{name}" for name in ("__main__", "server", "core", "faults", "model", "validation")
}


class Match(NamedTuple):
    """`endpoint` is None when the path exists but not for this method."""

    pattern: str
    path: dict[str, str]
    allowed: tuple[str, ...]
    endpoint: Endpoint | None


@cache
def _routes() -> tuple[tuple[str, str, re.Pattern[str], Endpoint], ...]:
    """Every module's ROUTES; patterns without placeholders first, so that they win."""
    found = []
    for module in _modules():
        for method, pattern, endpoint in getattr(module, "ROUTES", ()):
            expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern))
            found.append((method, pattern, re.compile(expression), endpoint))
    return tuple(sorted(found, key=lambda route: route[1].count("{")))


def _modules() -> Iterator[ModuleType]:
    """The modules at the root and in the endpoints' folders."""
    for info in pkgutil.iter_modules(gateway.__path__, "gateway."):
        if info.ispkg and info.name not in _SKIPPED:
            folder = importlib.import_module(info.name)
            for inner in pkgutil.iter_modules(folder.__path__, f"{info.name}."):
                yield importlib.import_module(inner.name)
        elif info.name not in _SKIPPED:
            yield importlib.import_module(info.name)


@cache
def _static() -> dict[str, list[tuple[str, Endpoint]]]:
    table: dict[str, list[tuple[str, Endpoint]]] = {}
    for method, pattern, _, endpoint in _routes():
        if "{" not in pattern:
            table.setdefault(pattern, []).append((method, endpoint))
    return table


def find(method: str, path: str) -> Match | None:
    """What answers `method` on `path` (without the prefix); HEAD is GET without a body."""
    wanted = "GET" if method == "HEAD" else method
    if offers := _static().get(path):
        return _match(path, {}, offers, wanted)
    for _, pattern, expression, _ in _routes():
        if hit := expression.fullmatch(path):
            values = {name: unquote(value) for name, value in hit.groupdict().items()}
            same = [(verb, do) for verb, other, _, do in _routes() if other == pattern]
            return _match(pattern, values, same, wanted)
    return None


def _match(
    pattern: str, values: dict[str, str], offers: list[tuple[str, Endpoint]], wanted: str
) -> Match:
    methods = {method for method, _ in offers}
    allowed = methods | ({"HEAD"} if "GET" in methods else set()) | {"OPTIONS"}
    endpoint = next((do for method, do in offers if method == wanted), None)
    return Match(pattern, values, tuple(sorted(allowed)), endpoint)
