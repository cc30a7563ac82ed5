"""Requests that must be refused. All of them are free."""

from collections.abc import Mapping
from typing import Any

from conformance.running.probe import Probe, ProbeContext, post, sends
from wire.exchange import Request

UNKNOWN = "conformance-no-such-model"
CHAT = "/chat/completions"
RESPONSES = "/responses"
HELLO: Mapping[str, Any] = {"messages": [{"role": "user", "content": "Say hello."}]}
HELLO_RESPONSES: Mapping[str, Any] = {"input": "Say hello."}


def refused(
    name: str,
    path: str,
    body: Any,
    *,
    feature: str = "",
    count: int = 1,
    key: str = "main",
) -> Probe:
    """A probe of a body that is sent as it stands."""
    return Probe(
        name,
        lambda _: post(path, body),
        feature=feature or ("responses" if path == RESPONSES else "chat"),
        count=count,
        per_model=False,
        output_tokens=0,
        key=key,
        retry=None if key == "main" else False,
    )


def _chat(name: str, body: Mapping[str, Any], feature: str = "chat", **more: Any) -> Probe:
    build = sends(CHAT, {**HELLO, **body})
    return Probe(f"errors.{name}", build, feature=feature, per_model=False, output_tokens=0, **more)


def _responses(name: str, body: Mapping[str, Any], feature: str = "responses") -> Probe:
    build = sends(RESPONSES, {**HELLO_RESPONSES, **body})
    return Probe(f"errors.{name}", build, feature=feature, per_model=False, output_tokens=0)


# The same bad request several times: all must get the same answer.
BAD_JSON = refused("errors.bad-json", CHAT, b'{"model": "gpt-5.5", "messages": [', count=5)
SYNTAX = (
    refused("errors.bad-json-responses", RESPONSES, b'{"input": "hi",}'),
    refused("errors.not-utf8", CHAT, b'{"model": "\xff\xfe", "messages": []}'),
    refused("errors.body-array", CHAT, b"[]"),
    refused("errors.body-string", CHAT, b'"hello"'),
    refused("errors.body-null", CHAT, b"null"),
    refused("errors.body-array-responses", RESPONSES, b"[]"),
    refused("errors.body-number-responses", RESPONSES, b"1"),
    refused("errors.body-empty", CHAT, b""),
    refused("errors.body-empty-responses", RESPONSES, b""),
    refused("errors.body-deep", CHAT, b'{"messages": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
)
PATHS = (
    refused("errors.path-unknown", "/conformance-no-such-path", {"model": "gpt-5.5"}),
    refused("errors.path-unknown-below", "/chat/conformance-no-such-path", {}),
)
TYPES = (
    _chat("type-temperature", {"temperature": "warm"}),
    _chat("type-stream", {"stream": "maybe"}),
    _responses("type-temperature-responses", {"temperature": "warm"}),
    _responses("type-stream-responses", {"stream": "maybe"}),
)
STREAMED = (
    _chat("streamed", {"stream": True, "messages": []}, "chat.stream"),
    _responses("streamed-responses", {"stream": True, "input": 5}, "responses.stream"),
)
UNKNOWN_PARAMETER = (
    _chat("parameter-unknown", {"conformance_no_such_parameter": 1}),
    _responses("parameter-unknown-responses", {"conformance_no_such_parameter": 1}),
)
UNSUPPORTED = (
    _chat("unsupported-parameter", {"web_search_options": {}}, "scripted"),
    _chat("unsupported-value", {"reasoning_effort": "minimal"}, "scripted"),
    _responses("unsupported-value-responses", {"reasoning": {"effort": "minimal"}}, "scripted"),
)
MODEL_UNKNOWN = (
    _chat("model-unknown-chat", {"model": UNKNOWN}),
    _chat("model-unknown-chat-streamed", {"model": UNKNOWN, "stream": True}, "chat.stream"),
    _responses("model-unknown-responses", {"model": UNKNOWN}),
)


def _marked(context: ProbeContext) -> Request:
    """Each of the parallel requests names a model of its own, chat and Responses in turn."""
    model = f"{UNKNOWN}-{context.index:02}x"
    if context.index % 2:
        return post(RESPONSES, {"model": model, **HELLO_RESPONSES})
    return post(CHAT, {"model": model, **HELLO})


PARALLEL = Probe(
    "errors.parallel", _marked, feature="chat", count=20, per_model=False, output_tokens=0
)

QUOTA = (
    refused("errors.no-credit", CHAT, {"model": "gpt-5.5", **HELLO}, key="no_credit"),
    refused(
        "errors.no-credit-responses",
        RESPONSES,
        {"model": "gpt-5.5", **HELLO_RESPONSES},
        key="no_credit",
    ),
    refused(
        "errors.no-credit-stream",
        CHAT,
        {"model": "gpt-5.5", **HELLO, "stream": True},
        key="no_credit",
    ),
    refused(
        "errors.no-credit-responses-stream",
        RESPONSES,
        {"model": "gpt-5.5", **HELLO_RESPONSES, "stream": True},
        key="no_credit",
    ),
)
# Valid and small: some servers count only what they serve.
RATE_LIMIT = Probe(
    "errors.rate-limit",
    sends(CHAT, {"messages": [{"role": "user", "content": "Count from 1 to 2"}]}),
    feature="chat",
    count=5,
    per_model=False,
    key="low_limit",
    output_tokens=10,
    retry=False,
)
