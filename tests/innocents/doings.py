"""What right servers and the proxies before them do that looks odd. None of it may fail a MUST.

Each is something in front of the reference gateway; `docs/innocent.md` has one line for each.
"""

import copy
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from gateway.faults.machinery.fault import Faulty, Handler, all_faults
from gateway.frames import Frame, GatewayReply, Piece, encode, encode_frame
from wire.exchange import Request

Doing = Callable[[Handler], Handler]


class Front:
    """Something in front of a gateway that changes what it says."""

    def __init__(
        self, inner: Handler, change: Callable[[Request, GatewayReply], GatewayReply]
    ) -> None:
        self._inner, self._change = inner, change

    def handle(self, request: Request) -> GatewayReply:
        return self._change(request, self._inner.handle(request))

    def settle(self, reply: GatewayReply, sent: int | None = None) -> None:
        """The gateway counts its own frames, however they were cut on the way."""
        if reply.pieces is not None and reply.frames is not None:
            if sent is not None:
                arrived = sum(len(piece.data) for piece in reply.pieces[:sent])
                ends = itertools.accumulate(len(encode_frame(frame)) for frame in reply.frames)
                sent = sum(end <= arrived for end in ends)
            reply = replace(reply, pieces=None)
        self._inner.settle(reply, sent)


def changing(change: Callable[[Request, GatewayReply], GatewayReply]) -> Doing:
    return lambda inner: Front(inner, change)


def adds(*headers: tuple[str, str]) -> Doing:
    """Headers on everything."""
    return changing(lambda _, reply: replace(reply, headers=(*reply.headers, *headers)))


def payloads(change: Callable[[Any], Any]) -> Doing:
    """Every JSON body of a success and every payload of a stream, changed."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.frames is not None:
            frames = tuple(
                f._replace(payload=change(copy.deepcopy(f.payload)))
                if isinstance(f.payload, dict)
                else f
                for f in reply.frames
            )
            return replace(reply, frames=frames)
        if isinstance(reply.body, dict) and reply.status < 400:
            return replace(reply, body=change(copy.deepcopy(reply.body)))
        return reply

    return changing(made)


def frames(change: Callable[[tuple[Frame, ...]], tuple[Frame, ...]]) -> Doing:
    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        return reply if reply.frames is None else replace(reply, frames=change(reply.frames))

    return changing(made)


class Refusing(Front):
    """One request of `one_in` is refused before it reaches the gateway."""

    def __init__(self, inner: Handler, one_in: int, refusal: GatewayReply) -> None:
        super().__init__(inner, lambda _, reply: reply)
        self._one_in, self._refusal, self._count = one_in, refusal, 0

    def handle(self, request: Request) -> GatewayReply:
        self._count += 1
        if self._count % self._one_in == 0:
            return replace(
                self._refusal,
                headers=(
                    *self._refusal.headers,
                    *(h for h in super().handle(Request("OPTIONS", "/v1/models")).headers
                      if h[0] in ("date", "x-request-id")),
                ),
            )  # fmt: skip
        return super().handle(request)


def refusal(status: int, kind: str, code: str | None, *headers: tuple[str, str]) -> GatewayReply:
    message = {"message": "Please try again.", "type": kind, "param": None, "code": code}
    return GatewayReply(
        status, (("content-type", "application/json"), *headers), {"error": message}
    )


def refusing(one_in: int, said: GatewayReply) -> Doing:
    return lambda inner: Refusing(inner, one_in, said)


def late_book(seconds: float) -> Doing:
    """Charges are booked so many seconds after their answers: the fault, only sooner or later."""
    late = replace(all_faults()["billing.late"], late_s=seconds)
    return lambda inner: Faulty(inner, (late,))


def merged(_: Request, reply: GatewayReply) -> GatewayReply:
    """Two events in one TCP segment, as a busy proxy sends them."""
    if reply.frames is None:
        return reply
    pieces, joined = encode(reply), []
    for at in range(0, len(pieces), 2):
        pair = pieces[at : at + 2]
        joined.append(Piece(sum(p.delay_ms for p in pair), b"".join(p.data for p in pair)))
    return replace(reply, pieces=tuple(joined))


def split(_: Request, reply: GatewayReply) -> GatewayReply:
    """Bytes in small segments, cut anywhere."""
    if reply.frames is None:
        return reply
    pieces: list[Piece] = []
    for piece in encode(reply):
        data = piece.data
        parts = [data[at : at + 7] for at in range(0, len(data), 7)] or [b""]
        pieces += [Piece(piece.delay_ms if n == 0 else 0, part) for n, part in enumerate(parts)]
    return replace(reply, pieces=tuple(pieces))


def slow(_: Request, reply: GatewayReply) -> GatewayReply:
    return replace(reply, delay_ms=reply.delay_ms + 4_000)


def _vendor(value: Any) -> Any:
    """Members that vendors add to their answers, where each does."""
    if "choices" in value:
        value |= {"provider": "Acme", "x_groq": {"id": "req_1"}, "prompt_token_ids": None}
        for choice in value["choices"]:
            if isinstance(choice, dict):
                choice |= {
                    "stop_reason": None,
                    "matched_stop": None,
                    "native_finish_reason": "stop",
                }
        if isinstance(value.get("usage"), dict):
            value["usage"] |= {"cost": 0.0001, "total_time": 0.2, "is_byok": False}
    elif value.get("object") == "response":
        value |= {"provider": "Acme", "cost_details": {"total": 0.1}}
    elif isinstance(value.get("response"), dict):
        value["response"] |= {"provider": "Acme"}
    elif "type" in value:
        value |= {"obfuscation": "a1b2c3"}
    return value


AZURE_FILTERS = {
    name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")
}  # fmt: skip


def _azure(given: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Azure tells before a chat stream what its filters made of the prompt, in a chunk that says nothing else."""
    first = given[0].payload if given and isinstance(given[0].payload, dict) else {}
    if first.get("object") != "chat.completion.chunk":
        return given
    told = {"choices": [], "created": 0, "id": "", "model": "", "object": "",
            "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": AZURE_FILTERS}]}  # fmt: skip
    seen = tuple(
        f._replace(payload={**f.payload, "choices": [{**c, "content_filter_results": AZURE_FILTERS} for c in f.payload["choices"]]})
        if isinstance(f.payload, dict) and isinstance(f.payload.get("choices"), list)
        else f
        for f in given
    )  # fmt: skip
    return (given[0]._replace(payload=told), *seen)


def _comments(given: tuple[Frame, ...]) -> tuple[Frame, ...]:
    first = Frame(0, "", b": OPENROUTER PROCESSING\n\n")
    beat = Frame(0, "", b": keep-alive\n\n")
    out = [first]
    for number, frame in enumerate(given):
        out += [frame, beat] if number % 3 == 1 and number < len(given) - 1 else [frame]
    return tuple(out)


def _padded(given: tuple[Frame, ...]) -> tuple[Frame, ...]:
    return tuple(
        f._replace(payload={**f.payload, "obfuscation": "x" * (7 + n % 9)})
        if isinstance(f.payload, dict) and f.payload.get("choices")
        else f
        for n, f in enumerate(given)
    )


class Fronted(Front):
    """A front with limits of its own on the headers, which it tells in HTML, as nginx does."""

    def handle(self, request: Request) -> GatewayReply:
        size = sum(len(name) + len(value) for name, value in request.headers)
        keys = [name for name, _ in request.headers].count("authorization")
        if size > 8 * 1024 or keys > 1:
            page = b"<html><head><title>400 Bad Request</title></head></html>\n"
            return GatewayReply(400, (("content-type", "text/html"),), pieces=(Piece(0, page),))
        return self._change(request, self._inner.handle(request))


RATE = refusal(429, "requests", "rate_limit_exceeded", ("retry-after", "1"))
CONCURRENCY = refusal(429, "rate_limit_error", "concurrency_limit_exceeded", ("retry-after", "1"))
AWAY = refusal(503, "server_error", None, ("retry-after", "1"))
DOINGS: dict[str, Doing] = {
    "cookies": adds(
        ("set-cookie", "__cf_bm=a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ0123456789-1764000000-1.0.1.1; path=/; HttpOnly"),
        ("set-cookie", "_cfuvid=q9W8e7R6t5Y4u3I2o1P0a9S8d7F6g5H4j3K2l1Z0-1764000000000-0.0.1.1-604800000; path=/"),
    ),
    "organization": adds(
        ("openai-organization", "acme-inc-8f2k"), ("openai-project", "proj_a1B2c3D4e5F6g7H8"),
    ),
    "cloudflare": adds(
        ("cf-ray", "8f1a2b3c4d5e6f70-FRA"), ("cf-cache-status", "DYNAMIC"), ("server", "cloudflare"),
        ("alt-svc", 'h3=":443"; ma=86400'), ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
        ("nel", '{"report_to":"cf-nel","success_fraction":0.01,"max_age":604800}'),
    ),
    "hops": adds(
        ("via", "1.1 varnish"), ("via", "1.1 Caddy"), ("age", "0"), ("server", "nginx"), ("server", "uvicorn"),
        ("x-cache", "MISS"), ("vary", "Accept-Encoding"), ("vary", "Origin"), ("x-envoy-upstream-service-time", "812"),
        ("x-served-by", "cache-fra-etou8220033-FRA"), ("x-kong-upstream-latency", "800"), ("keep-alive", "timeout=75"),
        ("x-accel-buffering", "no"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'"), ("x-robots-tag", "noindex"),
    ),
    "headers-limited-by-a-front": lambda inner: Fronted(inner, lambda _, reply: reply),
    "comments": frames(_comments),
    "azure-prompt-filter": frames(_azure),
    "vendor-members": payloads(_vendor),
    "obfuscation": frames(_padded),
    "two-events-a-segment": changing(merged),
    "small-segments": changing(split),
    "slow": changing(slow),
    "one-of-ten-503": refusing(10, AWAY),
    "one-of-seven-429": refusing(7, RATE),
    "one-of-nine-concurrency": refusing(9, CONCURRENCY),
    "one-of-twelve-500": refusing(12, refusal(500, "server_error", None)),
    "book-2-s-late": late_book(2.0),
    "book-5-s-late": late_book(5.0),
}  # fmt: skip


def _refuses(test: Callable[[Request], bool], said: GatewayReply) -> Doing:
    """A server with a limit that it tells plainly: what passes it is refused, all else is served."""

    def made(inner: Handler) -> Handler:
        return Limited(inner, test, said)

    return made


class Limited(Front):
    """Refuses before anything is generated, with the headers that every answer has."""

    def __init__(self, inner: Handler, test: Callable[[Request], bool], said: GatewayReply) -> None:
        super().__init__(inner, lambda _, reply: reply)
        self._test, self._said = test, said

    def handle(self, request: Request) -> GatewayReply:
        reply = super().handle(request)
        if reply.status >= 400 or request.method != "POST" or not self._test(request):
            return reply
        kept = tuple(h for h in reply.headers if h[0] in ("date", "x-request-id"))
        return replace(self._said, headers=(*self._said.headers, *kept))


def _bad(message: str, param: str, code: str | None) -> GatewayReply:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return GatewayReply(400, (("content-type", "application/json"),), {"error": error})


def _prompt_over(tokens: int) -> Callable[[Request], bool]:
    """Whether the prompt is longer; a token of text is about four letters. Spaces around the body do not count."""

    def test(request: Request) -> bool:
        parts = [request.params.get(n) for n in ("messages", "input", "tools", "instructions")]
        return len(json.dumps(parts)) > 4 * tokens

    return test


def _asks(*names: str) -> Callable[[Request], bool]:
    return lambda request: any(request.params.get(name) not in (None, False) for name in names)


def _several(request: Request) -> bool:
    number = request.params.get("n")
    return type(number) is int and number > 1


def _logged(request: Request) -> bool:
    include = request.params.get("include")
    listed = isinstance(include, list) and "message.output_text.logprobs" in include
    return bool(request.params.get("logprobs")) or listed


def _context(tokens: int) -> Doing:
    message = f"This model's maximum context length is {tokens} tokens. Please reduce the length of the messages."
    return _refuses(_prompt_over(tokens), _bad(message, "messages", "context_length_exceeded"))


def _images(request: Request) -> bool:
    return b'"image_url"' in request.body or b'"input_image"' in request.body


def _lacks(*names: str) -> Doing:
    """A server that does not know these parameters of chat, and says so of the first it meets."""

    def made(inner: Handler) -> Handler:
        return Lacking(inner, names)

    return made


class Lacking(Front):
    def __init__(self, inner: Handler, names: tuple[str, ...]) -> None:
        super().__init__(inner, lambda _, reply: reply)
        self._names = names

    def handle(self, request: Request) -> GatewayReply:
        reply = super().handle(request)
        met = next((n for n in self._names if n in request.params), None)
        elsewhere = not request.path.endswith("/chat/completions")
        if met is None or elsewhere or reply.status in (401, 403):
            return reply
        said = _bad(
            f"Unsupported parameter: '{met}' is not supported.", met, "unsupported_parameter"
        )
        kept = tuple(h for h in reply.headers if h[0] in ("date", "x-request-id"))
        return replace(said, headers=(*said.headers, *kept))


# What an engine of two years ago knows of chat.
_OLD: Final = frozenset((
    "model", "messages", "stream", "max_tokens", "max_completion_tokens", "temperature", "top_p", "n", "stop", "tools",
    "tool_choice", "seed", "user", "response_format", "stream_options", "logprobs", "top_logprobs", "frequency_penalty",
    "presence_penalty", "parallel_tool_calls",
))  # fmt: skip


class Strict(Front):
    """Refuses parameters that it does not know, as pydantic does with `extra="forbid"`."""

    def handle(self, request: Request) -> GatewayReply:
        reply = super().handle(request)
        met = next((n for n in request.params if n not in _OLD), None)
        elsewhere = not request.path.endswith("/chat/completions")
        if met is None or elsewhere or reply.status in (401, 403):
            return reply
        shown = met.encode("ascii", "replace").decode()
        said = _bad(f"Unknown parameter: '{shown}'.", shown, "unknown_parameter")
        kept = tuple(h for h in reply.headers if h[0] in ("date", "x-request-id"))
        return replace(said, headers=(*said.headers, *kept))


LIMITED: dict[str, Doing] = {
    "only-max-tokens": _lacks("max_completion_tokens"),
    "only-max-completion-tokens": _lacks("max_tokens"),
    "no-stream-options": _lacks("stream_options"),
    "no-n": _lacks("n"),
    "no-seed-no-user": _lacks("seed", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"),
    "no-metadata": _lacks("metadata", "store", "verbosity", "modalities", "prediction"),
    "old-engine": lambda inner: Strict(inner, lambda _, reply: reply),
    "context-of-2k": _context(2_000),
    "context-of-8k": _context(8_000),
    "one-choice": _refuses(_several, _bad("n must be 1 for this model.", "n", "unsupported_value")),
    "no-logprobs": _refuses(_logged, _bad("logprobs is not supported with this model.", "logprobs", "unsupported_parameter")),
    "no-images": _refuses(_images, _bad("This model does not support image input.", "messages", "unsupported_value")),
    "no-store": _refuses(lambda r: r.params.get("store") is True, _bad("store is not supported.", "store", "unsupported_parameter")),
    "one-service-tier": _refuses(
        lambda r: r.params.get("service_tier") not in (None, "auto", "default"),
        _bad("service_tier is not supported.", "service_tier", "unsupported_parameter")),
    "no-penalties": _refuses(
        _asks("frequency_penalty", "presence_penalty", "logit_bias"),
        _bad("penalties are not supported with this model: frequency_penalty, presence_penalty, logit_bias.", "frequency_penalty", "unsupported_parameter")),
    "no-json-schema": _refuses(
        lambda r: "json_schema" in str(r.params.get("response_format")) + str(r.params.get("text")),
        _bad("response_format of type json_schema is not supported.", "response_format", "unsupported_value")),
    "one-tool-at-a-time": _refuses(
        lambda r: isinstance(r.params.get("tools"), list) and len(r.params["tools"]) > 64,
        _bad("At most 64 tools are supported.", "tools", "array_above_max_length")),
}  # fmt: skip
"""Limits of engines and small models, told as the API tells them: judged under the profile of other people's servers."""


class Reserving(Front):
    """Takes a dollar before it answers, and gives back what was not used a moment after: the balance dips."""

    def __init__(self, inner: Handler, keeps_s: float) -> None:
        super().__init__(inner, lambda _, reply: reply)
        self._clock: Callable[[], float] = getattr(inner, "clock", time.time)
        self._keeps_s, self._held = keeps_s, 0.0

    def handle(self, request: Request) -> GatewayReply:
        reply = super().handle(request)
        if reply.charge is not None:
            self._held = self._clock() + self._keeps_s
        body = reply.body
        if (
            request.path.endswith("/credits")
            and isinstance(body, dict)
            and self._clock() < self._held
        ):
            dipped = Decimal(str(body["balance_usd"])) - 1
            return replace(reply, body={**body, "balance_usd": str(dipped)})
        return reply


DOINGS["reserves-and-refunds"] = lambda inner: Reserving(inner, 1.5)
DOINGS["reserves-long"] = lambda inner: Reserving(inner, 4.0)
