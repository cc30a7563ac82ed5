"""What one answer of the first look tells: whether the API is there, and how its endpoint keeps limits."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from conformance.judging.answer import error_of
from conformance.judging.route import MISSING
from conformance.running.budget import BYTES_A_TOKEN, FRAME_TOKENS, usage_of
from wire.endpoint import Endpoint
from wire.exchange import Ended, Exchange
from wire.usage import Usage

SAID: Final = "Nine birds sit on the wire."
"""What the first look says. It asks for nothing, and a model without a limit answers at length."""
LIMIT: Final = 16
THINKING: Final = 400
"""A model that thinks is asked once more with so much room."""


@dataclass(frozen=True)
class Looked:
    """A first answer of an endpoint, and what it tells."""

    endpoint: Endpoint
    member: str
    """The limit that was sent."""
    answer: Exchange
    thinking_tokens: int = 0

    @property
    def _usage(self) -> Usage:
        return (usage_of(self.answer) if self.answer.ok else None) or Usage()

    @property
    def whole(self) -> bool:
        """Whether it is an answer as a server gives them, to its end."""
        return self.answer.ok and self.answer.connection.ended is Ended.COMPLETE

    @property
    def seconds(self) -> float:
        return (self.answer.connection.total_ms or 0.0) / 1000

    @property
    def tokens(self) -> int:
        return self._usage.completion_tokens or LIMIT

    @property
    def reasoning_tokens(self) -> int:
        return min(max(0, self._usage.reasoning_tokens or 0), 10 * THINKING)

    @property
    def refused_limit(self) -> bool:
        """Refused for the limit itself: the server does not know it by this name."""
        return (
            bool(self.member)
            and 400 <= self.answer.reply.status < 500
            and self.member in self.answer.reply.text
        )

    @property
    def excess_tokens(self) -> int:
        output = self._usage.completion_tokens or 0
        return output if self.member and LIMIT < output < 10**6 else 0

    @property
    def cut_thinking(self) -> bool:
        """Thought until the limit cut it."""
        return bool(self._usage.reasoning_tokens) and self.tokens >= LIMIT

    @property
    def prompt_ratio(self) -> Decimal:
        """The server's count of the prompt by ours; at most ten, so that nonsense stays harmless."""
        mine = len(self.answer.request.body) // BYTES_A_TOKEN + FRAME_TOKENS
        theirs = self._usage.prompt_tokens or 0
        return min(max(Decimal(1), Decimal(theirs) / mine), Decimal(10))


def said(endpoint: Endpoint) -> dict[str, Any]:
    """The members that make a plain request of an endpoint."""
    if endpoint is Endpoint.CHAT:
        return {"messages": [{"role": "user", "content": SAID}]}
    return {"input": SAID}


def models_of(listing: Exchange) -> tuple[str, ...]:
    """The ids of the models that a list has."""
    names = [row.get("id") for row in _rows(listing)]
    return tuple(name for name in names if isinstance(name, str) and name)


def owner_of(listing: Exchange) -> str:
    """Who owns the listed models, when one does."""
    owners = [row.get("owned_by") for row in _rows(listing)]
    owner = owners[0] if owners else ""
    if not isinstance(owner, str) or any(other != owner for other in owners):
        return ""
    return owner[:60]


def _rows(listing: Exchange) -> list[dict[str, Any]]:
    body = listing.reply.json if listing.ok else None
    data = body.get("data") if isinstance(body, dict) else None
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def is_html(exchange: Exchange) -> bool:
    start = exchange.reply.text.lstrip()[:15].lower()
    return exchange.reply.media_type == "text/html" or start.startswith(("<!doctype", "<html"))


def not_there(exchange: Exchange, model: str) -> bool:
    """Refused as a route, not for what was asked of it."""
    if exchange.reply.status not in MISSING:
        return False
    message = error_of(exchange).get("message")
    code = str(error_of(exchange).get("code"))
    return not (isinstance(message, str) and model in message) and "model" not in code


def unknown_model(exchange: Exchange, model: str, listed: tuple[str, ...]) -> bool:
    """Refused because of the model: as its error says, or as far as the list tells."""
    if exchange.reply.status not in {400, 403, 404, 422}:
        return False
    error = error_of(exchange)
    text = f"{error.get('message')} {error.get('code')}".lower()
    return bool(listed) or (model.lower() in text) or "model" in text


def api(exchange: Exchange) -> bool:
    """Whether something that knows the API answered: an object of it, a stream, or an error."""
    if not exchange.ok:
        return not is_html(exchange)
    body = exchange.reply.json
    known = ("choices", "output", "object", "error", "id", "usage")
    return exchange.reply.is_stream or (isinstance(body, dict) and any(n in body for n in known))


def what_came(exchange: Exchange) -> str:
    """A request and what it was answered with, in words; also how its body ended, if not well."""
    request = exchange.request
    kind = "an HTML page" if is_html(exchange) else f"HTTP {exchange.reply.status}"
    error = f", {exchange.connection.error}" if exchange.connection.error else ""
    return f"{request.method} {request.path} was answered with {kind}{error}"
