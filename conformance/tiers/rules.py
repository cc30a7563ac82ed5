"""Rules about what a tier serves, and what it refuses with which words."""

import re
from collections.abc import Iterator

from conformance.errors.selectors import code_is, error, status_is, text
from conformance.judging.answer import status_line
from conformance.judging.finding import ABSENT, Finding, Findings, show
from conformance.judging.rule import rule
from conformance.judging.selector import probe
from conformance.models.selectors import MODEL_LIST, listed
from wire.exchange import Exchange

REFUSED = probe("tiers.messages", "tiers.messages-*")
OPENAI_NAME = re.compile(r"(gpt-|o\d|chatgpt-|codex-|ft:)")


@rule(
    "tiers.messages.refused",
    on=probe("tiers.messages", "tiers.messages-model", "tiers.messages-empty"),
)
def messages_refused(x: Exchange) -> Findings:
    yield from _refused(x)


@rule("tiers.messages.x-api-key", on=probe("tiers.messages-x-api-key"))
def messages_x_api_key(x: Exchange) -> Findings:
    yield from _refused(x)
    if x.reply.status not in (0, 401) and not _hints(x):
        yield Finding("error.message", "the hint, or status 401", show(_message(x)))


@rule("tiers.messages.below", on=probe("tiers.messages-below-*"))
def messages_below(x: Exchange) -> Findings:
    yield from _refused(x)


@rule(
    "tiers.messages.hint",
    on=probe("tiers.messages", "tiers.messages-model", "tiers.messages-streamed"),
)
def messages_hint(x: Exchange) -> Findings:
    if not _hints(x):
        yield Finding(
            "error.message", "/v1/chat/completions or /v1/responses named", show(_message(x))
        )


@rule("tiers.messages.shape", on=REFUSED)
def messages_shape(x: Exchange) -> Findings:
    if not _message(x):
        yield Finding("error.message", "a text in an error object", show(x.reply.text))


@rule("tiers.messages.stream", on=probe("tiers.messages-streamed"))
def messages_stream(x: Exchange) -> Findings:
    yield from _refused(x)
    if x.reply.is_stream:
        yield Finding("header content-type", "a JSON refusal", "an event stream")


@rule("tiers.messages.no-key", on=probe("tiers.stranger-*"))
def messages_no_key(x: Exchange) -> Findings:
    yield from status_is(x, 401)
    if _hints(x):
        yield Finding("error.message", "no hint to a stranger", show(_message(x)))


@rule("tiers.other-key.refused", on=probe("tiers.other-chat*", "tiers.other-responses"))
def other_key(x: Exchange) -> Findings:
    if not 400 <= x.reply.status < 500:
        yield Finding("status", "4xx for a key of another tier", status_line(x))


@rule("tiers.other-key.code", on=probe("tiers.other-chat*", "tiers.other-responses"))
def other_key_code(x: Exchange) -> Findings:
    if 400 <= x.reply.status < 500:
        yield from status_is(x, 403, 404)
        if not text(x, "code") or text(x, "code") == "invalid_api_key":
            yield Finding(
                "error.code", "a code that speaks of permission", show(error(x).get("code", ABSENT))
            )


@rule("tiers.other-key.models", on=probe("tiers.other-models"))
def other_key_models(x: Exchange) -> Findings:
    if x.ok and any(OPENAI_NAME.match(name) for name in listed(x)):
        yield Finding("data[].id", "no model of a tier that the key may not use", show(listed(x)))
    if x.reply.status >= 500:
        yield Finding("status", "a list or a refusal", status_line(x))


@rule("tiers.claude-model", on=probe("tiers.claude-*"))
def claude_model(x: Exchange) -> Findings:
    yield from status_is(x, *((404,) if "chat" in (x.probe or "") else (400, 404)))
    yield from code_is(x, "model_not_found")


@rule(
    "tiers.models-only",
    on=MODEL_LIST.only(
        "of this tier",
        lambda x: x.source is None and x.probe != "tiers.other-models",
        "models.list",
    ),
)
def models_only(x: Exchange) -> Findings:
    for name in listed(x):
        if not OPENAI_NAME.match(name):
            yield Finding("data[].id", "only OpenAI models", show(name))


@rule("tiers.foreign-key", on=probe("tiers.foreign-*"))
def foreign_key(x: Exchange) -> Findings:
    yield from status_is(x, 401)


@rule("tiers.root.not-served", on=probe("tiers.root-*"))
def root_not_served(x: Exchange) -> Findings:
    if x.ok and isinstance(x.reply.json, dict):
        yield Finding("status", "no API beside the base URL", status_line(x))


@rule("tiers.root.refusal", on=probe("tiers.root-*"))
def root_refusal(x: Exchange) -> Findings:
    yield from status_is(x, 404)
    if x.reply.status >= 400 and not text(x, "message"):
        yield Finding("body", "an error envelope", show(x.reply.text))


def _refused(x: Exchange) -> Iterator[Finding]:
    if not 400 <= x.reply.status < 500 or (
        x.reply.status == 401 and "x-api-key" not in str(x.probe)
    ):
        yield Finding("status", "a 4xx that is not about the key", status_line(x))


def _message(x: Exchange) -> str:
    """The text of either vendor's error object."""
    return text(x, "message")


def _hints(x: Exchange) -> bool:
    return any(path in _message(x) for path in ("/chat/completions", "/responses"))
