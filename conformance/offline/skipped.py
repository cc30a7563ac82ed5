"""Which recorded exchanges are not the API's and are skipped: told by path and body, on any host."""

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import urlsplit

from wire.endpoint import Endpoint
from wire.exchange import Exchange


class Skipped(StrEnum):
    """Why an exchange is not judged."""

    HOST = "of another host"
    OTHER = "other traffic"
    NO_REPLY = "without an answer"


# Paths that other things on the web have as well; there the body has to speak for it.
_COMMON: Final = frozenset({Endpoint.MODELS, Endpoint.MODEL, Endpoint.MESSAGES, Endpoint.OTHER})
_BY_OBJECT: Final = {
    "chat.completion": Endpoint.CHAT,
    "chat.completion.chunk": Endpoint.CHAT,
    "response": Endpoint.RESPONSES,
}


def host_of(x: Exchange) -> str:
    """Host and port that were spoken to, empty when nothing tells."""
    try:
        return urlsplit(x.connection.origin).netloc or x.request.header("host") or ""
    except ValueError:  # no URL
        return ""


def of_host(x: Exchange, patterns: tuple[str, ...]) -> bool:
    """Whether the host is one of the patterns; a pattern without a port is for any."""
    host = host_of(x).lower()
    names = {host, host.rpartition(":")[0] or host}
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns for name in names)


def why_skipped(x: Exchange, hosts: tuple[str, ...] = ()) -> Skipped | None:
    """Why the exchange is not judged, or None. An exchange that a probe sent always is."""
    if hosts and not of_host(x, hosts):
        return Skipped.HOST
    if x.probe is not None:
        return None
    if x.request.method in {"OPTIONS", "HEAD", "CONNECT"} or x.reply.status == 101:
        return Skipped.OTHER
    if not _is_api(x):
        return Skipped.OTHER
    return None if x.reply.status else Skipped.NO_REPLY


def _is_api(x: Exchange) -> bool:
    if x.endpoint in _COMMON:
        return _speaks_for_itself(x)
    if x.endpoint in {Endpoint.CHAT, Endpoint.RESPONSES} and x.request.method != "POST":
        return _has_error(x) or _object(x) == "list"
    return not _is_page(x) or (x.request.body_recorded and bool(x.request.params.get("model")))


def _speaks_for_itself(x: Exchange) -> bool:
    """Whether a body shows that the API is meant where the path alone could be anybody's."""
    if x.endpoint is Endpoint.MODELS:
        return _object(x) == "list" or _has_own_error(x)
    if x.endpoint is Endpoint.MODEL:
        return _object(x) == "model" or _has_own_error(x) or "deleted" in _top(x)
    if x.endpoint is Endpoint.MESSAGES:
        # Anthropic's own API says `type: error`; the hint of an OpenAI-compatible server does not.
        return not x.ok and _has_error(x) and "type" not in _top(x)
    found = _BY_OBJECT.get(str(_object(x)))
    if found is None or x.request.method != "POST":
        return False
    if x.request.body_recorded and "model" not in x.request.params:
        return False
    # The same operation under a path of its own: rules are to see it as what it is.
    vars(x)["endpoint"] = found
    return True


def _top(x: Exchange) -> dict[str, Any]:
    """The object that tells what the answer is: the body, or a stream's first event."""
    if x.reply.is_stream:
        first = next(iter(x.reply.payloads), None)
        if isinstance(first, dict) and isinstance(first.get("response"), dict):
            first = first["response"]
    else:
        first = x.reply.json
    return first if isinstance(first, dict) else {}


def _object(x: Exchange) -> Any:
    return _top(x).get("object")


def _has_error(x: Exchange) -> bool:
    return isinstance(_top(x).get("error"), dict)


def _has_own_error(x: Exchange) -> bool:
    """Not one of Google's APIs, which list models, too, and say {"code": 400, "status": "INVALID_ARGUMENT"}."""
    error = _top(x).get("error")
    return isinstance(error, dict) and not (
        isinstance(error.get("status"), str) and "type" not in error
    )


def _is_page(x: Exchange) -> bool:
    return x.reply.media_type == "text/html" and x.ok
