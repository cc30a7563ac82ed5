"""The properties: which requests, and when an answer to them is wrong."""

from hypothesis import strategies as st

from conformance.judging.declined import declined
from conformance.properties import bodies, damage
from conformance.running.probe import Probe, get, post
from conformance.running.property import Property
from wire.exchange import Exchange, Request


def _probe(name: str, feature: str, output_tokens: int = 0) -> Probe:
    return Probe(
        name,
        lambda _: get("/"),
        feature=feature,
        output_tokens=output_tokens,
    )


def not_accepted(x: Exchange) -> str | None:
    """Why an answer to a valid request is wrong."""
    if declined(x):
        return None
    return None if x.ok else f"status {x.reply.status}"


def not_refused(x: Exchange) -> str | None:
    """Why an answer to a broken request is wrong: it must be a clean refusal."""
    status = x.reply.status
    if declined(x):
        return None
    if not 400 <= status < 500:
        return f"status {status}"
    body = x.reply.json
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return None if isinstance(message, str) and message else "no error envelope"


def _posts(path: str, strategy: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[Request]:
    return strategy.map(lambda body: post(path, body))


PROPERTIES = (
    Property(
        _probe("properties.chat-valid", "chat", bodies.OUTPUT_TOKENS),
        lambda model: _posts("/chat/completions", bodies.chat(model)),
        not_accepted,
        examples=6,
    ),
    Property(
        _probe("properties.responses-valid", "responses", bodies.OUTPUT_TOKENS),
        lambda model: _posts("/responses", bodies.responses(model)),
        not_accepted,
        examples=6,
    ),
    Property(
        _probe("properties.chat-broken", "chat"), damage.broken_chat, not_refused, examples=40
    ),
    Property(
        _probe("properties.responses-broken", "responses"),
        damage.broken_responses,
        not_refused,
        examples=40,
    ),
    Property(_probe("properties.torn", ""), damage.torn, not_refused, examples=25),
)
