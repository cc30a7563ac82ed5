"""Building blocks of faults of refusals: changes of their error, only with some codes, told as something else."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Final

from gateway.faults.machinery.fault import Family, Fault, always, rows
from gateway.faults.machinery.forged import chat_served
from gateway.faults.machinery.selection import CHAT, RESPONSES, When, either, negated
from gateway.faults.machinery.transform import (
    Change,
    ReplyChange,
    alter,
    on_error,
    put,
    with_header,
)
from gateway.frames import Frame, GatewayReply
from wire.exchange import Invalid, Request

ELSEWHERE: Final = negated(either(CHAT, RESPONSES))
"""Requests that create no answer: their refusals alone are enough to show a fault."""


def of_body(
    name: str, breaks: str, says: str, family: Family, change: Change, when: When = always
) -> Fault:
    """A fault of the bodies of refusals."""
    return fault(name, breaks, says, family, on_error(change), when)


def fault(
    name: str, breaks: str, says: str, family: Family, reply: ReplyChange, when: When = always
) -> Fault:
    """A fault of replies. `breaks` lists requirements."""
    return Fault(f"errors.{name}", rows(breaks), says, family, reply=reply, when=when)


def codes(**changes: str | None) -> Change:
    """With other codes: old -> new."""
    return alter("error.code", lambda code: changes.get(str(code), code))


def types(**changes: str) -> Change:
    """With other types: old -> new."""
    return alter("error.type", lambda kind: changes.get(str(kind), kind))


def code_is(*codes: str) -> Callable[[ReplyChange], ReplyChange]:
    """Only for refusals with one of these codes."""

    def limited(change: ReplyChange) -> ReplyChange:
        def made(request: Request, reply: GatewayReply) -> GatewayReply:
            error = reply.body.get("error") if isinstance(reply.body, dict) else None
            code = error.get("code") if isinstance(error, dict) else None
            return change(request, reply) if code in codes else reply

        return made

    return limited


def as_event(request: Request, reply: GatewayReply) -> GatewayReply:
    """The refusal as the only event of a stream with status 200."""
    stream = replace(reply, status=200, body=None, frames=(Frame(0, "", reply.body),))
    return with_header("content-type", "text/event-stream")(request, stream)


def as_answer(request: Request, reply: GatewayReply) -> GatewayReply:
    """The error's words as the model's: what a careless proxy makes of an upstream failure."""
    words = "Error: " + reply.body["error"]["message"]
    reply = chat_served(request, reply)
    return replace(reply, body=put("choices[].message.content", words)(reply.body))


def unparsed(request: Request) -> bool:
    """Whether the body is no JSON."""
    return request.method == "POST" and isinstance(request.json, Invalid)


def scripted(name: str) -> When:
    """Requests that order a scripted error."""
    return lambda request: f"[[script {name}]]".encode() in request.body


def flapping(change: ReplyChange, every: int = 3) -> ReplyChange:
    """Every third answer (or so) comes from a replica that is different."""
    turn = count()
    return lambda request, reply: change(request, reply) if next(turn) % every == 1 else reply
