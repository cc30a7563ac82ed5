"""Faults of the ledger: what a call costs."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from gateway.accounts.charge import Charge
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import CHAT, STREAM
from gateway.frames import GatewayReply
from gateway.model.usage import Usage
from wire.exchange import Request


def _usage(change: Callable[[Usage], Usage]) -> Callable[[Charge], Charge]:
    return lambda charge: replace(charge, usage=change(charge.usage))


def _times(factor: str) -> Callable[[Charge], Charge]:
    return lambda charge: replace(charge, times=Decimal(factor))


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


FAULTS = (
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
