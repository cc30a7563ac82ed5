"""Faults of what a kind of call costs, on one of the four paths: chat or Responses, plain or streamed."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Final

from gateway.accounts.charge import Charge
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import about
from gateway.faults.machinery.selection import (
    CHAT_PLAIN,
    PATHS,
    When,
    asking,
    both,
)
from gateway.faults.machinery.transform import on_success
from gateway.frames import GatewayReply
from gateway.model.usage import Usage
from wire.exchange import Request

Settle = Callable[[Charge], Charge]
_STREAMS: Final = ("chat-stream", "responses-stream")


def _times(factor: str) -> Settle:
    return lambda charge: replace(charge, times=Decimal(factor))


def _if(test: Callable[[Charge], object], change: Settle) -> Settle:
    return lambda charge: change(charge) if test(charge) else charge


def _usage(change: Callable[[Usage], Usage]) -> Settle:
    return lambda charge: replace(charge, usage=change(charge.usage))


def _with_prompt(factor: float) -> Settle:
    return _usage(lambda u: replace(u, prompt=int(u.prompt * factor), cached=u.cached))


def _has(*words: str) -> When:
    """Requests whose body has one of these words."""
    return lambda request: any(word.encode() in request.body for word in words)


def _several(request: Request) -> bool:
    number = request.params.get("n")
    return isinstance(number, int) and number > 1


def _structured(request: Request) -> bool:
    return "json_schema" in f"{request.params.get('response_format')} {request.params.get('text')}"


def _has_logprobs(request: Request) -> bool:
    return bool(request.params.get("logprobs")) or _has("message.output_text.logprobs")(request)


def _of_codex(request: Request) -> bool:
    return any(name == "originator" and "codex" in value for name, value in request.headers)


def _large(request: Request) -> bool:
    return len(request.body) > 2_000_000


def _any(_: Request) -> bool:
    return True


def _cached(charge: Charge) -> object:
    return charge.usage.cached


def _reasoned(charge: Charge) -> object:
    return charge.usage.reasoning


def _in_vain(tokens: int) -> Callable[[Request, GatewayReply], GatewayReply]:
    """What brought no answer is charged for."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        usage = Usage(prompt=100, completion=tokens)
        charge = Charge("codex", "req_vain", "gpt-5.5", "default", usage)
        return replace(reply, charge=charge) if reply.charge is None else reply

    return made


def _instead(tokens: int) -> Callable[[Request, GatewayReply], GatewayReply]:
    """Whatever was produced, so much is charged."""
    charged = _in_vain(tokens)
    return lambda request, reply: charged(request, replace(reply, charge=None))


def _refused_in_vain(low: int, high: int) -> Callable[[Request, GatewayReply], GatewayReply]:
    charged = _in_vain(0)
    return lambda request, reply: charged(request, reply) if low <= reply.status < high else reply


def _refused_too_long(request: Request, reply: GatewayReply) -> GatewayReply:
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    too_long = isinstance(error, dict) and error.get("code") == "context_length_exceeded"
    return _in_vain(0)(request, reply) if too_long else reply


def _limit_in_advance(request: Request, reply: GatewayReply) -> GatewayReply:
    """A stream that is left is charged for all that its limit allows."""
    if reply.charge is None or reply.frames is None:
        return reply
    names = ("max_completion_tokens", "max_tokens", "max_output_tokens")
    limit = next((request.params[n] for n in names if isinstance(request.params.get(n), int)), 0)
    frames = len(reply.frames)
    before = (max(limit, reply.charge.usage.completion),) * frames
    return replace(reply, charge=replace(reply.charge, completion_at=before))


# What is billed, which requests, and how it is billed wrongly.
KINDS: Final[tuple[tuple[str, str, tuple[str, ...], When, dict[str, Settle]], ...]] = (
    ("whole", "A call", tuple(PATHS), _any, {"free": _times("0"), "double": _times("2")}),
    ("tools", "A call with tools", tuple(PATHS), asking("tools"), {"free": _times("0"), "double": _times("2")}),
    ("structured", "A call for structured output", ("chat", "responses-stream"), _structured,
        {"free": _times("0"), "double": _times("2")}),
    ("logprobs", "A call for log probabilities", ("chat-stream", "responses"), _has_logprobs,
        {"free": _times("0"), "double": _times("2")}),
    ("stored", "A stored response", ("responses",), lambda r: r.params.get("store") is True,
        {"free": _times("0"), "double": _times("2")}),
    ("continued", "A response that goes on from another", ("responses", "responses-stream"),
        asking("previous_response_id"), {"free": _times("0"), "double": _times("2")}),
    ("codex", "A request of Codex", ("responses-stream",), _of_codex, {"free": _times("0"), "double": _times("2")}),
    ("images", "A call with an image", tuple(PATHS), _has('"image_url"'), {"free": _times("0"), "double": _with_prompt(2)}),
    ("files", "A call with a file", ("responses", "responses-stream"), _has('"input_file"'),
        {"free": _times("0"), "double": _with_prompt(2)}),
    ("cached", "The cached part of a prompt", tuple(PATHS), _any, {
        "in-full": _if(_cached, _usage(lambda u: replace(u, cached=0))),
        "free": _if(_cached, _usage(lambda u: replace(u, prompt=u.prompt - u.cached, cached=0))),
        "double": _if(_cached, _times("2")),
    }),
    ("reasoning", "Reasoning", tuple(PATHS), _any, {
        "free": _usage(lambda u: replace(u, completion=u.completion - u.reasoning)),
        "twice": _usage(lambda u: replace(u, completion=u.completion + u.reasoning)),
    }),
    ("choices", "A call for several choices", ("chat", "chat-stream"), _several, {
        "prompt-each": _usage(lambda u: replace(u, prompt=2 * u.prompt)),
        "first-only": _usage(lambda u: replace(u, completion=u.completion // 2)),
    }),
    ("long-answer", "An answer of more than 300 tokens", ("chat", "responses-stream"), _any, {
        "free": _if(lambda c: c.usage.completion > 300, _times("0")),
        "double": _if(lambda c: c.usage.completion > 300, _times("2")),
    }),
    ("conversation", "A call in a conversation", ("responses",), asking("conversation"), {"free": _times("0"), "double": _times("2")}),
    ("json-object", "A call for a JSON object", ("chat",), _has('"json_object"'), {"free": _times("0"), "double": _times("2")}),
    ("stop", "A call with stop", ("chat",), asking("stop"), {"free": _times("0"), "double": _times("2")}),
    ("refusal", "A refusal", ("chat-stream", "responses-stream"), _has("Refuse this request."), {"free": _times("0"), "double": _times("2")}),
    ("filtered", "An answer that a filter cut", ("chat", "responses-stream"), _has("[[script content_filter"),
        {"free": _times("0"), "double": _times("2")}),
    ("background", "A call in the background", ("responses", "responses-stream"), asking("background", True),
        {"free": _times("0"), "double": _times("2"), "prompt-only": _usage(lambda u: replace(u, completion=0))}),
    ("compaction", "A compaction", ("responses", "responses-stream"), _has('"compaction_trigger"'),
        {"free": _times("0"), "double": _times("2")}),
    ("hosted-fee", "The fee of a web search", ("responses", "responses-stream"), _any, {
        "free": lambda charge: replace(charge, tool_calls=0),
        "double": lambda charge: replace(charge, tool_calls=2 * charge.tool_calls),
    }),
)  # fmt: skip


def _from_the_hundredth(change: Settle) -> Settle:
    turn = count()
    return lambda charge: charge if next(turn) < 100 else change(charge)


FAULTS: Final = (
    *(
        Fault(f"billing.{what}-{path}-{name}", (), f"{says} is billed wrongly: {name} ({path}).",
            Family.BILLING, both(PATHS[path], when), settle=settle)
        for what, says, paths, when, ways in KINDS for path in paths for name, settle in ways.items()
    ),
    *(
        Fault(f"billing.refused-{path}", (), f"A refused call is billed for its prompt ({path}).",
            Family.BILLING, when, reply=_refused_in_vain(400, 500))
        for path, when in PATHS.items()
    ),
    Fault("billing.refused-too-large", (), "A body that is too large is billed.", Family.BILLING,
        both(CHAT_PLAIN, _large), reply=_refused_in_vain(413, 414)),
    Fault("billing.refused-too-long", (), "A prompt that is too long for the context is billed.", Family.BILLING,
        CHAT_PLAIN, reply=_refused_too_long),
    *(
        Fault(f"billing.upstream-{path}", (), f"A call that fails behind the gateway is billed ({path}).",
            Family.BILLING, when, reply=_refused_in_vain(500, 600))
        for path, when in PATHS.items()
    ),
    *(
        Fault(f"billing.midstream-{path}-{name}", (), f"A stream that fails on its way is billed for {tokens} tokens ({path}).",
            Family.BILLING, both(PATHS[path], _has("[[script midstream_error]]", "[[script error_event]]")),
            reply=_instead(tokens))
        for path in _STREAMS for name, tokens in (("much", 10_000), ("limit", 400))
    ),
    *(
        Fault(f"billing.failed-{path}-prompt", (), f"A call that failed and said nothing is billed for its prompt ({path}).",
            Family.BILLING, both(PATHS[path], _has("[[script failed]]")), reply=_in_vain(0))
        for path in ("responses", "responses-stream")
    ),
    *(
        Fault(f"billing.left-{path}-{name}", (), f"A stream that is left is billed {says} ({path}).",
            Family.BILLING, PATHS[path], **how)
        for path in _STREAMS
        for name, says, how in (
            ("whole", "to its end", {"settle": lambda c: replace(c, completion_at=(c.usage.completion,) * 100_000)}),
            ("limit", "for its limit", {"reply": _limit_in_advance, "settle": lambda c: c}),
        )
    ),
    Fault("billing.counted", (), "Counting the tokens of an input is billed.", Family.BILLING,
        about("input_tokens"), reply=on_success(_in_vain(0))),
    Fault("billing.cancelled-whole", (), "Work that is called off is billed as if it had been done.", Family.BILLING,
        about("cancel"), settle=_usage(lambda u: replace(u, completion=u.completion + 400))),
    Fault("billing.polled", (), "Each look at work in the background is billed.", Family.BILLING,
        about("", method="GET"), reply=on_success(_in_vain(0))),
    Fault("billing.replayed", (), "A stream in the background that is read again is billed again.", Family.BILLING,
        both(about("", method="GET"), lambda request: "stream=true" in request.path), reply=on_success(_in_vain(0))),
    Fault("billing.late-double", (), "From the hundredth call on each is billed twice.", Family.BILLING,
        settle=_from_the_hundredth(_times("2"))),
    Fault("billing.late-free", (), "From the hundredth call on all cost nothing.", Family.BILLING,
        settle=_from_the_hundredth(_times("0"))),
)  # fmt: skip
