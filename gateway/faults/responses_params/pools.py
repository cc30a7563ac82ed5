"""Faults of who answers: pools of accounts that do not know each other's work, turns by id that are forgotten."""

import copy
import random
from collections.abc import Callable
from itertools import count
from typing import Any, Final
from zlib import crc32

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.selection import (
    RESPONSES,
    RESPONSES_STREAM,
    When,
    asking,
    at,
    both,
)
from gateway.faults.machinery.transform import ReplyChange, on_all, on_success
from gateway.frames import GatewayReply
from wire.endpoint import Endpoint
from wire.exchange import Request

Body = dict[str, Any]


def fault(name: str, says: str, family: Family, when: When = RESPONSES, **how: Any) -> Fault:
    return Fault(f"responses_params.turns-{name}", (), says, family, when, **how)


def items_of(body: Body) -> list[Body]:
    given = body.get("input")
    return [i for i in given if isinstance(i, dict)] if isinstance(given, list) else []


def everywhere(change: Callable[[Body], Body]) -> ReplyChange:
    """Every output item of a body, of events that bring one, and of the responses in events."""

    def made(given: Any) -> Any:
        payload = copy.deepcopy(given)
        if not isinstance(payload, dict):
            return payload
        if isinstance(payload.get("item"), dict):
            payload["item"] = change(payload["item"])
        for holder in (payload, payload.get("response")):
            if isinstance(holder, dict) and isinstance(holder.get("output"), list):
                holder["output"] = [
                    change(i) if isinstance(i, dict) else i for i in holder["output"]
                ]
        return payload

    return on_all(made)


def without(member: str) -> Callable[[Body], Body]:
    return lambda item: {n: v for n, v in item.items() if n != member}


_MARK: Final = "-account-"


class Pool:
    """Each request goes to the next of some accounts; what one sealed, the others cannot open."""

    def __init__(self, accounts: int) -> None:
        self._turn, self._accounts = count(), accounts

    @staticmethod
    def unmarked(body: Body) -> Body:
        items = body.get("input")
        if not isinstance(items, list):
            return body
        return {**body, "input": [
            {**i, "encrypted_content": i["encrypted_content"].partition(_MARK)[0]}
            if isinstance(i, dict) and isinstance(i.get("encrypted_content"), str) else i for i in items
        ]}  # fmt: skip

    def __call__(self, request: Request, reply: GatewayReply) -> GatewayReply:
        account = next(self._turn) % self._accounts
        sealed = [
            i["encrypted_content"]
            for i in items_of(request.params)
            if isinstance(i.get("encrypted_content"), str)
        ]
        makers = {text.partition(_MARK)[2] for text in sealed if _MARK in text}
        if makers - {str(account)}:
            said = "The encrypted content could not be verified."
            return on_success(refused(400, said, "invalid_encrypted_content", param="input"))(
                request, reply
            )
        return everywhere(lambda item: self._marked(item, account))(request, reply)

    @staticmethod
    def _marked(item: Body, account: int) -> Body:
        sealed = item.get("encrypted_content")
        return (
            {**item, "encrypted_content": f"{sealed}{_MARK}{account}"}
            if isinstance(sealed, str)
            else item
        )


def ids_of(reply: GatewayReply) -> str:
    """The id of the response that a reply tells."""
    frames = [f.payload for f in reply.frames or ()]
    for body in (reply.body, *frames[:1]):
        found = body.get("response", body) if isinstance(body, dict) else None
        if isinstance(found, dict) and isinstance(found.get("id"), str):
            return str(found["id"])
    return ""


class Stored:
    """Turns by previous_response_id, each with its number in the chain and the account that keeps it."""

    def __init__(self, refuses: Callable[[int, int, int], bool]) -> None:
        self._depth: dict[str, int] = {}
        self._kept: dict[str, int] = {}
        self._refuses, self._turn = refuses, count()

    def __call__(self, request: Request, reply: GatewayReply) -> GatewayReply:
        previous = str(request.params.get("previous_response_id") or "")
        turn, depth = next(self._turn), self._depth.get(previous, 0) + 1
        if previous in self._depth and self._refuses(depth, turn, self._kept[previous]):
            said = f"Previous response with id '{previous}' not found."
            return on_success(
                refused(400, said, "previous_response_not_found", param="previous_response_id")
            )(request, reply)
        if name := ids_of(reply):
            self._depth[name], self._kept[name] = depth, turn
        return reply


class Forgetful:
    """From a turn on nothing is known of those before, though their id is echoed."""

    def __init__(self, turn: int) -> None:
        self._depth: dict[str, int] = {}
        self._from, self._asked = turn, ""

    def request(self, request: Request) -> Request:
        previous = str(request.params.get("previous_response_id") or "")
        self._asked = previous
        if self._depth.get(previous, 0) + 1 < self._from:
            return request
        return on_json(lambda body: {n: v for n, v in body.items() if n != "previous_response_id"})(
            request
        )

    def reply(self, request: Request, reply: GatewayReply) -> GatewayReply:
        previous = self._asked
        if name := ids_of(reply):
            self._depth[name] = self._depth.get(previous, 0) + 1

        def echoed(given: Any) -> Any:
            payload = copy.deepcopy(given)
            for holder in (payload, payload.get("response") if isinstance(payload, dict) else None):
                if isinstance(holder, dict) and "previous_response_id" in holder:
                    holder["previous_response_id"] = previous or None
            return payload

        return on_all(echoed)(request, reply) if previous else reply


def _forgetful(name: str, says: str, turn: int) -> Fault:
    made = Forgetful(turn)
    return fault(name, says, Family.STATE, request=made.request, reply=made.reply)


def _elsewhere(accounts: int) -> Callable[[int, int, int], bool]:
    """Whether another account is asked than the one that keeps the response: who is free is asked, in no order."""

    def free(turn: int) -> int:
        return random.Random(turn).randrange(accounts)  # noqa: S311 - no secret

    return lambda _, turn, kept: free(turn) != free(kept)


def _in_turn(accounts: int) -> Callable[[int, int, int], bool]:
    """The accounts are asked strictly one after the other."""
    return lambda _, turn, kept: turn % accounts != kept % accounts


class ByBody:
    """The account is found by what is asked, as by a hash of the prompt: a later turn is another's."""

    def __init__(self, accounts: int) -> None:
        self._accounts = accounts
        self._kept: dict[str, int] = {}

    def __call__(self, request: Request, reply: GatewayReply) -> GatewayReply:
        previous = str(request.params.get("previous_response_id") or "")
        account = crc32(request.body) % self._accounts
        if self._kept.get(previous, account) != account:
            said = f"Previous response with id '{previous}' not found."
            return on_success(
                refused(400, said, "previous_response_not_found", param="previous_response_id")
            )(request, reply)
        if name := ids_of(reply):
            self._kept[name] = account
        return reply


class Kept:
    """Accounts asked strictly in turn, for reading as for making: one alone has a response to show."""

    def __init__(self, accounts: int) -> None:
        self._accounts, self._turn = accounts, count()
        self._kept: dict[str, int] = {}

    def __call__(self, request: Request, reply: GatewayReply) -> GatewayReply:
        account = next(self._turn) % self._accounts
        asked = request.path.partition("?")[0].rpartition("/")[2]
        if request.method == "GET" and self._kept.get(asked, account) != account:
            said = f"Response with id '{asked}' not found."
            return on_success(refused(404, said, param="id"))(request, reply)
        if request.method == "POST" and (name := ids_of(reply)):
            self._kept[name] = account
        return reply


def _flapping(one_in: int) -> ReplyChange:
    """Now and then an agent's later turn is refused: one account of the pool is another's."""
    turn = count(1)

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        later = any(i.get("type") == "function_call_output" for i in items_of(request.params))
        if not later or next(turn) % one_in:
            return reply
        return on_success(
            refused(400, "No tool call found for function call output.", param="input")
        )(request, reply)

    return made


FAULTS: Final = (
    *(
        fault(f"pool-{size}", f"What one of {size} accounts sealed the others do not open.", Family.STATE,
            request=on_json(Pool.unmarked), reply=Pool(size))
        for size in (2, 3, 6)
    ),
    *(
        fault(f"stored-pool-{size}", f"A response is known to one of {size} accounts.", Family.STATE,
            reply=Stored(_elsewhere(size)))
        for size in (2, 3)
    ),
    *(
        fault(f"stored-in-turn-{size}", f"A response is known to one of {size} accounts, asked strictly in turn.",
            Family.STATE, reply=Stored(_in_turn(size)))
        for size in (2, 3, 5)
    ),
    *(
        fault(f"stored-by-body-{size}", f"A response is known to one of {size} accounts, found by what is asked.",
            Family.STATE, reply=ByBody(size))
        for size in (2, 5)
    ),
    *(
        fault(f"stored-read-in-turn-{size}", f"Of {size} accounts, asked strictly in turn, one shows a response that is kept.",
            Family.STATE, at(Endpoint.RESPONSES, Endpoint.RESPONSE), reply=Kept(size))
        for size in (2, 3, 5)
    ),
    *(
        fault(f"one-in-{n}-refused", f"One of {n} turns with outputs is refused.", Family.STATE, reply=_flapping(n))
        for n in (3, 5)
    ),
    fault("fifth-refused", "The fifth turn by previous_response_id is refused.", Family.STATE,
        reply=Stored(lambda depth, _, __: depth >= 5)),
    _forgetful("third-forgets", "From the third turn by previous_response_id on nothing is known.", 3),
    _forgetful("fifth-forgets", "From the fifth turn by previous_response_id on nothing is known.", 5),
    fault("streamed-forgets", "Streams do not know what previous_response_id names.", Family.STATE,
        both(RESPONSES_STREAM, asking("previous_response_id")),
        request=on_json(without("previous_response_id"))),
)  # fmt: skip
