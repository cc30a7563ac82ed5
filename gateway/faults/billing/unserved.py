"""Faults of money for nothing: what is not served, an idle while, one call in many, all calls of a kind by chance."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Final

from gateway.accounts.charge import Charge
from gateway.accounts.prices import cost
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import about
from gateway.faults.machinery.selection import (
    RESPONSES,
    When,
    asking,
    at,
    both,
)
from gateway.faults.machinery.transform import ReplyChange, on_success
from gateway.frames import GatewayReply
from gateway.model.usage import Usage
from wire.endpoint import Endpoint
from wire.exchange import Request

Settle = Callable[[Charge], Charge]
_AMOUNTS: Final = {"prompt": (100, 0), "answer": (100, 200)}


def _charged(prompt: int, completion: int) -> ReplyChange:
    """So much is charged to the key with credit, whoever asked, where nothing was due."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        usage = Usage(prompt=prompt, completion=completion)
        charge = Charge("codex", "req_unserved", "gpt-5.5", "default", usage)
        return replace(reply, charge=charge) if reply.charge is None else reply

    return made


def _refused(status: int, charged: ReplyChange) -> ReplyChange:
    return lambda request, reply: charged(request, reply) if reply.status == status else reply


def _method(*names: str) -> When:
    return lambda request: request.method in names


def _times(factor: str) -> Settle:
    return lambda charge: replace(charge, times=Decimal(factor))


def _turn(test: Callable[[int], bool], change: Settle) -> Settle:
    """Changes the charges whose number passes, the first being 0."""
    turn = count()
    return lambda charge: change(charge) if test(next(turn)) else charge


def _fault(name: str, says: str, when: When | None = None, **how: object) -> Fault:
    given = {"when": when} if when else {}
    return Fault(f"billing.{name}", (), says, Family.BILLING, **given, **how)  # type: ignore[arg-type]


def _at_least(usd: str) -> Settle:
    """A charge that comes to less is rounded up to a price that no call is below."""

    def made(charge: Charge) -> Charge:
        least, due = Decimal(usd), cost(charge)
        return replace(charge, times=charge.times * least / due) if 0 < due < least else charge

    return made


def _long(limit: int, change: Settle) -> Settle:
    return lambda charge: change(charge) if charge.usage.prompt > limit else charge


def _is(path: str) -> When:
    return lambda request: request.path.partition("?")[0].endswith(path)


_LOOKS: Final[tuple[tuple[str, str, When], ...]] = (
    ("head", "HEAD is", _method("HEAD")),
    ("options", "OPTIONS is", _method("OPTIONS")),
    ("models", "The list of models is", at(Endpoint.MODELS, method="GET")),
    ("stored-chats", "Reading kept chat completions is", both(_method("GET"), at(Endpoint.CHAT, Endpoint.STORED_CHAT))),
    ("cancel", "Calling off work is", about("cancel")),
    ("credits", "Reading the balance is", _is("/credits")),
)  # fmt: skip
_STATUSES: Final = {
    401: "wrong keys",
    403: "other tiers",
    404: "what is not there",
    405: "other methods",
    429: "limits",
    415: "other media types",
}
FAULTS: Final = (
    *(
        _fault(f"unserved-{status}-{word}", f"What is refused with {status} ({why}) is billed, to the key with credit.",
            reply=_refused(status, _charged(*tokens)))
        for status, why in _STATUSES.items() for word, tokens in _AMOUNTS.items()
    ),
    *(
        _fault(f"looked-{name}-{word}", f"{says} billed.", when,
            reply=(_charged if name in ("head", "options") else lambda *n: on_success(_charged(*n)))(*tokens))
        for name, says, when in _LOOKS for word, tokens in _AMOUNTS.items()
    ),
    *(
        _fault(f"{name}-{word}", f"{says} is billed wrongly: {word}.", settle=_turn(test, change))
        for name, says, test in (
            ("first-call", "The first call", lambda n: n == 0),
            ("hundredth-call", "Each hundredth call", lambda n: n % 100 == 99),
            ("fiftieth-call", "Each fiftieth call", lambda n: n % 50 == 49),
            ("tenth-call", "Each tenth call", lambda n: n % 10 == 9),
        )
        for word, change in (("free", _times("0")), ("double", _times("2")), ("tenfold", _times("10")))
    ),
    *(
        _fault(f"background-tier-{word}", f"A service tier in the background is billed wrongly: {word}.",
            both(RESPONSES, asking("background", True), asking("service_tier")), settle=change)
        for word, change in (
            ("default", lambda c: replace(c, tier="default")), ("priority", lambda c: replace(c, tier="priority")),
            ("free", _times("0")), ("double", _times("2")),
        )
    ),
    *(
        _fault(f"least-{word}", f"No call costs less than {says}.", settle=_at_least(usd))
        for word, says, usd in (("cent", "a cent", "0.01"), ("tenth", "a tenth of a cent", "0.001"))
    ),
    *(
        _fault(f"long-{limit // 1000}k-{word}", f"Prompts of more than {limit:,} tokens are billed {word}.", settle=_long(limit, _times(factor)))
        for limit in (4_000, 10_000, 128_000, 200_000) for word, factor in (("double", "2"), ("free", "0"))
    ),
    _fault("cache-discount-streams", "Cached tokens of streams cost as much as others.",
        lambda request: request.params.get("stream") is True,
        settle=lambda charge: replace(charge, usage=replace(charge.usage, cached=0))),
)  # fmt: skip
