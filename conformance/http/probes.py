"""Requests with other methods, paths and headers than clients of the API send. All are free but a small one."""

from collections.abc import Callable, Mapping
from typing import Any

from conformance.errors.probes import CHAT, HELLO_RESPONSES, RESPONSES
from conformance.running.probe import Handling, Probe, ProbeContext, get, post, sends
from wire.exchange import Headers, Request

ORIGIN = ("origin", "https://conformance.example")
PADDING_BYTES = 17 * 2**20


def _free(
    name: str,
    method: str,
    path: str,
    *headers: tuple[str, str],
    key: str = "main",
    feature: str = "",
    count: int = 1,
) -> Probe:
    return Probe(
        f"http.{name}",
        lambda _: get(path, *headers, method=method),
        key=key,
        feature=feature,
        count=count,
        per_model=False,
        output_tokens=0,
    )


METHODS = (
    _free("method-get-chat", "GET", CHAT, feature="chat"),
    _free("method-put-chat", "PUT", CHAT, feature="chat"),
    _free("method-patch-chat", "PATCH", CHAT, feature="chat"),
    _free("method-delete-chat", "DELETE", CHAT, feature="chat"),
    _free("method-put-responses", "PUT", RESPONSES, feature="responses"),
    _free("method-patch-responses", "PATCH", RESPONSES, feature="responses"),
    _free("method-delete-responses", "DELETE", RESPONSES, feature="responses"),
    _free("method-post-models", "POST", "/models", feature="models"),
    _free("method-delete-models", "DELETE", "/models", feature="models"),
    _free("method-unknown", "PROPFIND", "/models", feature="models"),
)
HEAD = _free("head", "HEAD", "/models", feature="models")
PREFLIGHT = tuple(
    _free(
        f"preflight-{name}",
        "OPTIONS",
        path,
        ORIGIN,
        ("access-control-request-method", method),
        ("access-control-request-headers", "authorization, content-type"),
        key="",
    )
    for name, path, method in (("chat", CHAT, "POST"), ("models", "/models", "GET"))
)
CROSS_ORIGIN = _free("cross-origin", "GET", "/models", ORIGIN)
CROSS_ORIGIN_REFUSED = Probe(
    "http.cross-origin-refused",
    lambda _: post(CHAT, {}, ORIGIN),
    per_model=False,
    output_tokens=0,
    feature="chat",
)
SLASH = _free("slash", "GET", "/models/", count=3)
CASE = _free("double-slash", "GET", "//models")

# What the SDKs and Codex add to every request, in one.
CLIENT_HEADERS: Headers = (
    ("x-client-request-id", "conformance-" + "0123456789abcdef" * 31),
    ("idempotency-key", "stainless-python-retry-conformance"),
    ("x-stainless-lang", "python"),
    ("x-stainless-package-version", "3.54.0"),
    ("x-stainless-retry-count", "0"),
    ("x-stainless-read-timeout", "600"),
    ("originator", "codex_exec"),
    ("session-id", "00000000-0000-4000-8000-000000000000"),
    ("x-codex-turn-metadata", '{"turn_id":"0","sandbox":"none"}'),
    ("http-referer", "https://github.com/RooVetGit/Roo-Cline"),
    ("x-title", "Roo Code"),
    ("x-conformance-unknown", "1"),
)
HEADERS = _free("client-headers", "GET", "/models", *CLIENT_HEADERS)
HEADER_64K = _free(
    "header-64k", "GET", "/models", *((f"x-conformance-{n}", "h" * 4_000) for n in range(15))
)
GZIP = _free("gzip-answer", "GET", "/models", ("accept-encoding", "gzip, deflate"))
GZIP_REFUSED = Probe(
    "http.gzip-refused",
    lambda _: post(CHAT, {}, ("accept-encoding", "gzip, deflate, br, zstd")),
    per_model=False,
    output_tokens=0,
    feature="chat",
)
ANY_TYPE = _free("accept-any", "GET", "/models", ("accept", "*/*"))
WEBSOCKET = Probe(
    "http.websocket",
    lambda _: get(
        RESPONSES,
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "Y29uZm9ybWFuY2UgdGVzdA=="),
        ("openai-beta", "responses_websockets=2026-02-06"),
    ),
    per_model=False,
    output_tokens=0,
    feature="responses",
    handling=Handling(timeout_s=10, fresh=False, lane="websocket"),
)


def _posting(path: str, body: Mapping[str, Any]) -> Callable[[ProbeContext], Request]:
    return lambda _: post(path, body)


# As agents send them: long histories, images and files. Spaces after the body are part of it.
MIDDLE_BYTES = 3 * 2**20
MIDDLE = tuple(
    Probe(
        f"http.body-{name}",
        build,
        per_model=False,
        output_tokens=tokens,
        feature=feature,
        handling=Handling(padding_bytes=MIDDLE_BYTES, chunked=chunked),
    )
    for name, build, tokens, feature, chunked in (
        ("3mib-chat", _posting(CHAT, {"messages": []}), 0, "chat", False),
        ("3mib-responses", sends(RESPONSES, HELLO_RESPONSES), 16, "responses", False),
        ("3mib-chunked", _posting(CHAT, {"messages": []}), 0, "chat", True),
    )
)
TOO_LARGE = Probe(
    "http.too-large",
    lambda _: post(CHAT, {"messages": []}),
    per_model=False,
    output_tokens=0,
    feature="chat",
    handling=Handling(lane="too-large", padding_bytes=PADDING_BYTES),
)
AFTER_TOO_LARGE = Probe(
    "http.after-too-large",
    lambda ask: get(f"/models/{ask.model}", ("accept", "*/*")),
    after=("http.too-large",),
    per_model=False,
    output_tokens=0,
    handling=Handling(lane="too-large"),
)
