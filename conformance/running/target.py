"""The target: its address as users write it, and a first look before anything is planned."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from conformance.running.probe import Probe, get, post
from conformance.running.sender import Sender, Target
from wire.exchange import Ended, Exchange

FIRST_LOOK = Probe("first-look", lambda _: get("/models"), per_model=False, output_tokens=0)


class BadTarget(Exception):  # noqa: N818 - the fault is the user's or the target's, never ours
    """The target cannot be judged; the message is one line and says what to change."""


def normalised(base_url: str) -> str:
    """The URL with its version segment and without a trailing slash.

    `https://host`, `https://host/`, `https://host/v1` and `https://host/v1/` are the same target.
    """
    url = base_url.strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadTarget(f"--base-url {base_url!r} is not an http:// or https:// URL")
    try:
        _ = parts.port
    except ValueError as error:
        raise BadTarget(f"--base-url {base_url!r}: {error}") from error
    if parts.query or parts.fragment:
        raise BadTarget(f"--base-url {base_url!r} must not have a query or fragment")
    last = parts.path.rsplit("/", 1)[-1]
    versioned = last.startswith("v") and last[1:2].isdigit()
    return url if versioned else f"{url}/v1"


def is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"


@dataclass(frozen=True)
class FirstLook:
    """What the first request showed: the address that works, and the models it lists."""

    base_url: str
    models: tuple[str, ...]


def first_look(target: Target, base_url_as_given: str) -> FirstLook:
    """Ask for the model list once; raise `BadTarget` when no run can make sense."""
    return asyncio.run(_first_look(target, base_url_as_given))


async def _first_look(target: Target, given: str) -> FirstLook:
    exchange = await _get_models(target)
    if _strange(exchange) and not given.rstrip("/").endswith("/v1"):
        bare = Target(given.strip().rstrip("/"), target.keys, target.timeout_s)
        other = await _get_models(bare)
        if not _strange(other):
            target, exchange = bare, other
    _refuse_unreachable(exchange, target.base_url)
    if exchange.reply.status in {401, 403} and await _chat_refuses_too(target):
        raise BadTarget(
            f"{target.base_url} refuses the key (HTTP {exchange.reply.status}): "
            "set CONFORMANCE_API_KEY to a valid key"
        )
    if _is_html(exchange):
        raise BadTarget(
            f"{target.base_url}/models answers an HTML page, not JSON: "
            "is --base-url the API's address?"
        )
    body = exchange.reply.json
    data = body.get("data") if isinstance(body, dict) else None
    listed = [row.get("id") for row in data or () if isinstance(row, dict)]
    return FirstLook(target.base_url, tuple(name for name in listed if isinstance(name, str)))


async def _get_models(target: Target) -> Exchange:
    async with Sender(target) as sender:
        return await sender.send(FIRST_LOOK, get("/models"), "")


async def _chat_refuses_too(target: Target) -> bool:
    """Whether a free, malformed chat request is refused for the key as well."""
    async with Sender(target) as sender:
        exchange = await sender.send(FIRST_LOOK, post("/chat/completions", {}), "")
    return exchange.reply.status in {401, 403}


def _is_html(exchange: Exchange) -> bool:
    return exchange.reply.media_type == "text/html" or exchange.reply.text.lstrip()[
        :15
    ].lower().startswith(("<!doctype", "<html"))


def _strange(exchange: Exchange) -> bool:
    return exchange.reply.status in {0, 404} or _is_html(exchange)


def _refuse_unreachable(exchange: Exchange, base_url: str) -> None:
    if exchange.reply.status:
        return
    error = exchange.connection.error
    lower = error.lower()
    if "certificate" in lower or "ssl" in lower or "tls" in lower:
        raise BadTarget(
            f"{base_url}: TLS failed ({error}): check the scheme and the certificate "
            "(SSL_CERT_FILE names extra authorities)"
        )
    if exchange.connection.ended is Ended.TIMEOUT:
        raise BadTarget(f"{base_url} did not answer in time: check --base-url")
    if exchange.connection.ended is Ended.FAILED:
        raise BadTarget(f"{base_url} cannot be reached ({error}): check --base-url")
    raise BadTarget(f"{base_url} does not speak HTTP as expected ({error}): check --base-url")
