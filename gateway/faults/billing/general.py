"""Faults of the ledger: what a call costs."""

import copy
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from gateway.accounts.charge import Charge
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import CHAT, RESPONSES, STREAM, When, both, either, negated
from gateway.faults.machinery.transform import on_all
from gateway.frames import GatewayReply
from gateway.model.usage import Usage
from wire.exchange import Request


def _usage(change: Callable[[Usage], Usage]) -> Callable[[Charge], Charge]:
    return lambda charge: replace(charge, usage=change(charge.usage))


def _times(factor: str) -> Callable[[Charge], Charge]:
    return lambda charge: replace(charge, times=Decimal(factor))


def _rounding(size: str, how: str) -> Callable[[Charge], Charge]:
    return lambda charge: replace(charge, step=Decimal(size), rounding=how)


def _fault(name: str, says: str, settle: Callable[[Charge], Charge]) -> Fault:
    return Fault(f"billing.{name}", (), says, Family.BILLING, settle=settle)


def _unasked(request: Request) -> bool:
    """Whether a chat stream does not ask for the usage chunk."""
    options = request.params.get("stream_options")
    asked = isinstance(options, dict) and options.get("include_usage") is True
    return CHAT(request) and STREAM(request) and not asked


def _served(_: Request, reply: GatewayReply) -> GatewayReply:
    error = reply.body.get("error") if isinstance(reply.body, dict) else None
    empty = isinstance(error, dict) and error.get("code") == "insufficient_quota"
    return replace(reply, status=200, body={}) if empty else reply


_PATHS = {
    "chat": both(CHAT, negated(STREAM)), "chat-stream": both(CHAT, STREAM),
    "responses": both(RESPONSES, negated(STREAM)), "responses-stream": both(RESPONSES, STREAM),
}  # fmt: skip


def _cut(request: Request) -> bool:
    return bool(
        request.params.get("max_completion_tokens") or request.params.get("max_output_tokens")
    )


def _says(words: str) -> When:
    return lambda request: words.encode() in request.body


def _tiered(request: Request) -> bool:
    return request.params.get("service_tier") in ("flex", "priority")


def _billed_in_vain(request: Request, reply: GatewayReply) -> GatewayReply:
    model = str(request.params.get("model"))
    charge = Charge("codex", "req_failed", model, "default", Usage(prompt=100, completion=10_000))
    return replace(reply, charge=charge)


_UNCACHED = _usage(lambda usage: replace(usage, cached=0))


def _never_cached(payload: Any) -> Any:
    if not isinstance(payload, dict):
        return payload
    payload = copy.deepcopy(payload)
    for holder in (payload, payload.get("response")):
        usage = holder.get("usage") if isinstance(holder, dict) else None
        for name in ("prompt_tokens_details", "input_tokens_details"):
            if isinstance(usage, dict) and isinstance(usage.get(name), dict):
                usage[name]["cached_tokens"] = 0
    return payload


ON_PATHS = tuple(
    Fault(f"billing.{what}-{path}-{name}", (), f"{says} ({path}).", Family.BILLING, both(on, when), settle=settle)
    for path, on in _PATHS.items()
    for what, says, when in (
        ("cut", "An answer that a limit cut is billed wrongly", _cut),
        ("tier", "A service tier is billed wrongly", _tiered),
    )
    for name, settle in (("free", _times("0")), ("double", _times("2")))
)  # fmt: skip
FAILED = tuple(
    Fault(f"billing.failed-{path}", (), f"A call that failed is billed for ten thousand tokens ({path}).",
        Family.BILLING, both(_PATHS[path], either(_says("[[script failed]]"), _says("[[script error_event]]"))),
        reply=_billed_in_vain)
    for path in ("responses", "responses-stream")
)  # fmt: skip
FAULTS = (
    *ON_PATHS,
    *FAILED,
    Fault("billing.left-responses-in-full", (), "A Responses stream that is left is billed to its end.", Family.BILLING,
        both(RESPONSES, STREAM),
        settle=lambda charge: replace(charge, completion_at=(charge.usage.completion,) * 100_000)),
    Fault("billing.cached-responses-full-price", (), "Cached tokens of Responses calls cost as much as others.",
        Family.BILLING, RESPONSES, settle=_UNCACHED),
    Fault("billing.never-cached", (), "No prompt is ever found in the cache.", Family.BILLING,
        reply=on_all(_never_cached), settle=_UNCACHED),
    _fault("free", "Calls cost nothing.", _times("0")),
    _fault("double", "Each call is billed twice.", _times("2")),
    _fault("one-percent-more", "Each call costs a hundredth more.", _times("1.01")),
    _fault("cached-full-price", "Cached tokens cost as much as others.",
        _usage(lambda usage: replace(usage, cached=0))),
    _fault("reasoning-twice", "Reasoning tokens are billed once more.",
        _usage(lambda usage: replace(usage, completion=usage.completion + usage.reasoning))),
    _fault("one-price", "Every model costs as much as gpt-5.4.",
        lambda charge: replace(charge, model="gpt-5.4")),
    _fault("tier-ignored", "Every service tier costs as much as the default.",
        lambda charge: replace(charge, tier="default")),
    _fault("aborts-in-full", "An aborted stream is billed to its end.",
        lambda charge: replace(charge, completion_at=(charge.usage.completion,) * 100_000)),
    *(
        _fault(f"rounded-{name}", f"Each charge is rounded {says}.", _rounding(size, how))
        for name, says, size, how in (
            ("up", "up to a hundredth of a cent", "0.0001", ROUND_CEILING),
            ("up-tenth", "up to a tenth of a cent", "0.001", ROUND_CEILING),
            ("up-cent", "up to a cent", "0.01", ROUND_CEILING),
            ("nearest", "to the nearest hundredth of a cent", "0.0001", ROUND_HALF_UP),
            ("down", "down to a hundredth of a cent", "0.0001", ROUND_FLOOR),
        )
    ),
    _fault("flat", "Each call costs the same.",
        _usage(lambda _: Usage(prompt=100, completion=100))),
    _fault("prompt-free", "The prompt is not billed.",
        _usage(lambda usage: replace(usage, prompt=0, cached=0))),
    Fault("billing.unasked-double", (), "A stream that does not ask for its usage is billed twice.",
        Family.BILLING, _unasked, settle=_times("2")),
    Fault("billing.late", (), "Charges are booked three seconds after the answer.", Family.BILLING,
        late_s=3.0),
    Fault("billing.empty-served", (), "A key without credit gets an empty answer.", Family.BILLING,
        reply=_served),
)  # fmt: skip
