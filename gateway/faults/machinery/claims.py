"""Building blocks of faults: what an answer claims to have used, told alike to the caller and the ledger."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.accounts.charge import Charge
from gateway.faults.machinery.fault import always
from gateway.faults.machinery.selection import CHAT, RESPONSES, When, at, either
from gateway.faults.machinery.transform import Change, alter, chain, on_all
from gateway.frames import GatewayReply
from gateway.model.usage import Usage
from wire.endpoint import Endpoint
from wire.exchange import Request

Claim = Callable[[Request, GatewayReply, Usage], Usage]
_KEPT: Final = 10_000
ASKS: Final = either(CHAT, RESPONSES)
TELLS: Final = either(ASKS, at(Endpoint.RESPONSE, Endpoint.CANCEL))
"""Requests whose answers tell a usage: of this answer, or of one that is read again."""


class Claims:
    """A change of replies: another usage in every copy of it, and on the bill.

    A response that is read again later tells what was told at first.
    """

    def __init__(self, claim: Claim, when: When = always) -> None:
        self._claim, self._when = claim, when
        self._told: OrderedDict[str, tuple[Usage, Usage]] = OrderedDict()

    def __call__(self, request: Request, reply: GatewayReply) -> GatewayReply:
        if reply.status >= 400:
            return reply
        name = answer_id(reply)
        if reply.charge is not None and self._when(request):
            old = reply.charge.usage
            new = self._claim(request, reply, old)
            self._told[name] = (old, new)
            while len(self._told) > _KEPT:
                self._told.popitem(last=False)
            reply = replace(reply, charge=_billed(reply.charge, new))
        elif name in self._told:
            old, new = self._told[name]
        else:
            return reply
        return reply if old == new else on_all(_told(old, new))(request, reply)


def answer_id(reply: GatewayReply) -> str:
    """The id of the completion or response that a reply tells; empty when it tells none."""
    bodies = [reply.body] if reply.frames is None else [f.payload for f in reply.frames[:1]]
    for body in bodies:
        if isinstance(body, dict):
            inner = body.get("response")
            return str((inner if isinstance(inner, dict) else body).get("id"))
    return ""


def _billed(charge: Charge, usage: Usage) -> Charge:
    whole = charge.usage.completion
    sent = tuple(usage.completion if n == whole else n for n in charge.completion_at)
    return replace(charge, usage=usage, completion_at=sent)


def _told(old: Usage, new: Usage) -> Change:
    """Every usage object that says the old counts says the new ones."""

    def change(usage: Any) -> Any:
        if not isinstance(usage, dict):
            return usage
        usage = dict(usage)
        for names, before, after in (
            (("prompt_tokens", "input_tokens"), old.prompt, new.prompt),
            (("completion_tokens", "output_tokens"), old.completion, new.completion),
            (("total_tokens",), old.total, new.total),
        ):
            usage |= {name: after for name in names if usage.get(name) == before}
        for names, name, number in (
            (("prompt_tokens_details", "input_tokens_details"), "cached_tokens", new.cached),
            (
                ("completion_tokens_details", "output_tokens_details"),
                "reasoning_tokens",
                new.reasoning,
            ),
        ):
            for holder in names:
                if isinstance(usage.get(holder), dict):
                    usage[holder] = {**usage[holder], name: number}
        return usage

    return chain(*(alter(path, change) for path in ("usage", "response.usage")))
