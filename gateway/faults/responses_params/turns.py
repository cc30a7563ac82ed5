"""Faults of long work: pools of accounts, turns by id, many tools, many items, hidden caps."""

import copy
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.selection import (
    RESPONSES,
    RESPONSES_PLAIN,
    RESPONSES_STREAM,
    When,
    asking,
    both,
)
from gateway.faults.machinery.transform import ReplyChange, on_all, on_success
from gateway.frames import GatewayReply
from wire.exchange import Request

Body = dict[str, Any]


def _fault(name: str, says: str, family: Family, when: When = RESPONSES, **how: Any) -> Fault:
    return Fault(f"responses_params.turns-{name}", (), says, family, when, **how)


def _refusing(
    name: str, says: str, test: Callable[[Body], Any], message: str = "", **more: Any
) -> Fault:
    no = on_success(refused(400, message or says, param="input", **more))
    return _fault(
        name, says, Family.STATUS, both(RESPONSES, lambda r: bool(test(r.params))), reply=no
    )


def _items(body: Body) -> list[Body]:
    given = body.get("input")
    return [i for i in given if isinstance(i, dict)] if isinstance(given, list) else []


def _everywhere(change: Callable[[Body], Body]) -> ReplyChange:
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
            for i in _items(request.params)
            if isinstance(i.get("encrypted_content"), str)
        ]
        makers = {text.partition(_MARK)[2] for text in sealed if _MARK in text}
        if makers - {str(account)}:
            said = "The encrypted content could not be verified."
            return on_success(refused(400, said, "invalid_encrypted_content", param="input"))(
                request, reply
            )
        return _everywhere(lambda item: self._marked(item, account))(request, reply)

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
    return _fault(name, says, Family.STATE, request=made.request, reply=made.reply)


def _without(member: str) -> Callable[[Body], Body]:
    return lambda item: {n: v for n, v in item.items() if n != member}


def _tools(body: Body) -> list[Any]:
    given = body.get("tools")
    return given if isinstance(given, list) else []


def _with_tools(change: Callable[[list[Any]], list[Any]]) -> Callable[[Request], Request]:
    return on_json(lambda body: {**body, "tools": change(_tools(body))} if _tools(body) else body)


def _emptied(tools: list[Any], after: int) -> list[Any]:
    empty = {"type": "object", "properties": {}, "additionalProperties": True}
    return [
        {**t, "parameters": empty, "strict": False} if n >= after and isinstance(t, dict) and t.get("type") == "function" else t
        for n, t in enumerate(tools)
    ]  # fmt: skip


def _first_tools(most: int) -> Callable[[Request], Request]:
    return _with_tools(lambda tools: tools[:most])


def _schemaless(most: int) -> Callable[[Request], Request]:
    return _with_tools(lambda tools: _emptied(tools, most))


def _more_than(listed: Callable[[Body], list[Any]], most: int) -> Callable[[Body], bool]:
    return lambda body: len(listed(body)) > most


def _elsewhere(accounts: int) -> Callable[[int, int, int], bool]:
    """Whether another account is asked than the one that keeps the response."""
    return lambda _, turn, kept: turn % accounts != kept % accounts


def _with_items(change: Callable[[list[Any]], list[Any]]) -> Callable[[Request], Request]:
    def edit(body: Body) -> Body:
        items = body.get("input")
        return {**body, "input": change(items)} if isinstance(items, list) else body

    return on_json(edit)


def _flat(item: Body) -> Body:
    space = item.get("namespace")
    if not isinstance(space, str):
        return item
    return {**_without("namespace")(item), "name": f"{space}__{item.get('name')}"}


def _long(body: Body, member: str, most: int) -> bool:
    return any(len(str(i.get(member) or "")) > most for i in _items(body))


def _imageless(items: list[Any]) -> list[Any]:
    """Outputs without their images."""
    return [
        {**i, "output": [p for p in i["output"] if not (isinstance(p, dict) and p.get("type") == "input_image")]}
        if isinstance(i, dict) and isinstance(i.get("output"), list) else i for i in items
    ]  # fmt: skip


def _cut_outputs(change: Callable[[str], str]) -> Callable[[Request], Request]:
    return _with_items(lambda items: [
        {**i, "output": change(i["output"])} if isinstance(i, dict) and isinstance(i.get("output"), str) else i
        for i in items
    ])  # fmt: skip


def _middle_lost(size: int) -> Callable[[str], str]:
    half = size // 2
    return lambda text: text if len(text) <= size else f"{text[:half]}\n[…]\n{text[-half:]}"


def _has_ref(value: Any) -> bool:
    if isinstance(value, dict):
        return "$ref" in value or any(_has_ref(inner) for inner in value.values())
    return isinstance(value, list) and any(_has_ref(inner) for inner in value)


def _middle_items(items: list[Any]) -> list[Any]:
    kept = items if len(items) <= 60 else [*items[:5], *items[-50:]]
    made = {
        i.get("call_id") for i in kept if isinstance(i, dict) and i.get("type") == "function_call"
    }
    return [
        i
        for i in kept
        if not isinstance(i, dict)
        or i.get("type") != "function_call_output"
        or i.get("call_id") in made
    ]


def _flapping(one_in: int) -> ReplyChange:
    """Now and then an agent's later turn is refused: one account of the pool is another's."""
    turn = count(1)

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        later = any(i.get("type") == "function_call_output" for i in _items(request.params))
        if not later or next(turn) % one_in:
            return reply
        return on_success(
            refused(400, "No tool call found for function call output.", param="input")
        )(request, reply)

    return made


FAULTS: Final = (
    *(
        _fault(f"pool-{size}", f"What one of {size} accounts sealed the others do not open.", Family.STATE,
            request=on_json(Pool.unmarked), reply=Pool(size))
        for size in (2, 3, 6)
    ),
    *(
        _fault(f"stored-pool-{size}", f"A response is known to one of {size} accounts.", Family.STATE,
            reply=Stored(_elsewhere(size)))
        for size in (2, 3)
    ),
    *(
        _fault(f"one-in-{n}-refused", f"One of {n} turns with outputs is refused.", Family.STATE, reply=_flapping(n))
        for n in (3, 5)
    ),
    _fault("fifth-refused", "The fifth turn by previous_response_id is refused.", Family.STATE,
        reply=Stored(lambda depth, _, __: depth >= 5)),
    _forgetful("third-forgets", "From the third turn by previous_response_id on nothing is known.", 3),
    _forgetful("fifth-forgets", "From the fifth turn by previous_response_id on nothing is known.", 5),
    _fault("streamed-forgets", "Streams do not know what previous_response_id names.", Family.STATE,
        both(RESPONSES_STREAM, asking("previous_response_id")),
        request=on_json(_without("previous_response_id"))),
    *(
        _fault(f"phase-missing{name}", "Messages have no phase.", Family.SHAPE, when, reply=_everywhere(_without("phase")))
        for name, when in (("", RESPONSES), ("-streamed", RESPONSES_STREAM), ("-plain", RESPONSES_PLAIN))
    ),
    _fault("namespace-lost", "Calls of tools in a namespace do not name it.", Family.SHAPE, reply=_everywhere(_without("namespace"))),
    _fault("namespace-flat", "The namespace becomes a part of the tool's name.", Family.SHAPE, reply=_everywhere(_flat)),
    _fault("namespace-dropped", "Tools in a namespace are left out.", Family.CONTENT,
        request=_with_tools(lambda tools: [t for t in tools if not (isinstance(t, dict) and t.get("type") == "namespace")])),
    *(
        _fault(f"tools-{most}", f"Tools after the first {most} are left out.", Family.CONTENT,
            request=_first_tools(most))
        for most in (10, 16, 64, 100)
    ),
    *(
        _fault(f"schemas-{most}", f"Tools after the first {most} lose their schemas.", Family.CONTENT,
            request=_schemaless(most))
        for most in (10, 16)
    ),
    *(
        _refusing(f"tools-over-{most}", f"More than {most} tools are refused.", _more_than(_tools, most))
        for most in (32, 64, 127)
    ),
    *(
        _refusing(f"items-over-{most}", f"More than {most} items are refused.", _more_than(_items, most))
        for most in (50, 100, 250)
    ),
    _fault("items-last-100", "Only the last hundred items arrive.", Family.CONTENT,
        request=_with_items(lambda items: items[-100:])),
    _fault("items-middle-lost", "Of many items the middle is lost.", Family.CONTENT, request=_with_items(_middle_items)),
    *(
        _fault(f"output-{name}", says, Family.CONTENT, request=_cut_outputs(change))
        for name, says, change in (
            ("16k", "Tool outputs are cut at 16,000 characters.", lambda text: text[:16_000]),
            ("10k", "Tool outputs are cut at 10,000 characters.", lambda text: text[:10_000]),
            ("middle-16k", "Tool outputs over 16,000 characters lose their middle.", _middle_lost(16_000)),
            ("tail-8k", "Only the last 8,000 characters of tool outputs arrive.", lambda text: text[-8_000:]),
        )
    ),
    _fault("output-images-dropped", "Images leave tool outputs.", Family.CONTENT, request=_with_items(_imageless)),
    _refusing("long-ids", "Ids over 60 characters are refused.", lambda b: _long(b, "id", 60)),
    _refusing("long-call-ids", "Ids of calls over 60 characters are refused.", lambda b: _long(b, "call_id", 60)),
    _refusing("ref-refused", "Tools with $ref are refused.", lambda b: _has_ref(_tools(b)), "$ref is not supported."),
    _refusing("format-ref-refused", "Formats with $ref are refused.", lambda b: _has_ref(b.get("text")), "$ref is not supported."),
)  # fmt: skip
