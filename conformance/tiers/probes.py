"""Requests that a key's tier decides about. All of them must be refused, and are free."""

from collections.abc import Callable
from typing import Any

from conformance.auth.probes import FOREIGN
from conformance.errors.probes import CHAT, HELLO, HELLO_RESPONSES, RESPONSES
from conformance.running.probe import Probe, ProbeContext, get, post
from wire.exchange import Request
from wire.secret import revealed

CLAUDE = "claude-sonnet-4-5"
# As an Anthropic client sends it.
ANTHROPIC: dict[str, Any] = {"model": CLAUDE, "max_tokens": 16, **HELLO}
VERSION = ("anthropic-version", "2023-06-01")
MESSAGES = "/messages"


def _probe(name: str, build: Callable[[ProbeContext], Request], key: str = "main") -> Probe:
    return Probe(f"tiers.{name}", build, key=key, feature="tiers", per_model=False, output_tokens=0)


def _anthropic_key(context: ProbeContext) -> Request:
    return post(MESSAGES, ANTHROPIC, ("x-api-key", revealed(context.keys.get("main", ""))), VERSION)


REFUSED_MESSAGES = (
    _probe("messages", lambda _: post(MESSAGES, ANTHROPIC, VERSION)),
    _probe(
        "messages-model",
        lambda context: post(MESSAGES, {**ANTHROPIC, "model": context.model}, VERSION),
    ),
    _probe("messages-streamed", lambda _: post(MESSAGES, {**ANTHROPIC, "stream": True}, VERSION)),
    _probe("messages-x-api-key", _anthropic_key),
    _probe("messages-empty", lambda _: post(MESSAGES, {})),
)
BELOW_MESSAGES = (
    _probe("messages-below-count", lambda _: post(f"{MESSAGES}/count_tokens", ANTHROPIC, VERSION)),
    _probe(
        "messages-below-batches", lambda _: post(f"{MESSAGES}/batches", {"requests": []}, VERSION)
    ),
)
STRANGERS = (
    _probe("stranger-messages", lambda _: post(MESSAGES, ANTHROPIC, VERSION), key=""),
    _probe(
        "stranger-count", lambda _: post(f"{MESSAGES}/count_tokens", ANTHROPIC, VERSION), key=""
    ),
    _probe(
        "stranger-x-api-key",
        lambda _: post(MESSAGES, ANTHROPIC, VERSION, ("x-api-key", FOREIGN)),
        key="",
    ),
)
OTHER_TIER = (
    _probe(
        "other-chat",
        lambda context: post(CHAT, {"model": context.model, **HELLO}),
        key="other_tier",
    ),
    _probe(
        "other-responses",
        lambda context: post(RESPONSES, {"model": context.model, **HELLO_RESPONSES}),
        key="other_tier",
    ),
    _probe(
        "other-chat-streamed",
        lambda context: post(CHAT, {"model": context.model, **HELLO, "stream": True}),
        key="other_tier",
    ),
)
OTHER_MODELS = _probe("other-models", lambda _: get("/models"), key="other_tier")
CLAUDE_MODEL = (
    _probe("claude-chat", lambda _: post(CHAT, {"model": CLAUDE, **HELLO})),
    _probe("claude-responses", lambda _: post(RESPONSES, {"model": CLAUDE, **HELLO_RESPONSES})),
)
FOREIGN_KEY = (
    _probe(
        "foreign-models", lambda _: get("/models", ("authorization", f"Bearer {FOREIGN}")), key=""
    ),
    _probe(
        "foreign-chat", lambda _: post(CHAT, {}, ("authorization", f"Bearer {FOREIGN}")), key=""
    ),
)
ROOT = (
    _probe("root-models", lambda _: get("//root/models")),
    _probe("root-chat", lambda _: post("//root/chat/completions", {})),
    _probe("root-models-no-key", lambda _: get("//root/models"), key=""),
)
