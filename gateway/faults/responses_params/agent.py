"""Faults of an agent's turn: what the server made is refused, lost or cut when it comes back."""

import json
from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.request_edits import RequestChange, on_json
from gateway.faults.machinery.selection import (
    RESPONSES,
    RESPONSES_PLAIN,
    RESPONSES_STREAM,
    When,
    both,
)
from gateway.faults.machinery.transform import alter, in_turn, on_body, on_frames, on_success
from gateway.frames import GatewayReply
from wire.exchange import Request

Item = dict[str, Any]


def _items(body: dict[str, Any]) -> list[Item]:
    given = body.get("input")
    return [i for i in given if isinstance(i, dict)] if isinstance(given, list) else []


def _refusing(name: str, says: str, when: When, message: str = "") -> Fault:
    reply = on_success(refused(400, message or says, param="input"))
    return Fault(f"responses_params.agent-{name}", (), says, Family.STATUS, both(RESPONSES, when), reply=reply)  # fmt: skip


def _with(test: Callable[[Item], Any]) -> When:
    """Requests with such an item."""
    return lambda request: any(test(item) for item in _items(request.params))


def _kind(*names: str) -> Callable[[Item], bool]:
    return lambda item: item.get("type") in names


_REFUSED: Final[dict[str, tuple[str, Callable[[Item], Any]]]] = {
    "status": ("Items with a status are refused.", lambda i: _kind("function_call")(i) and "status" in i),
    "reasoning": ("Reasoning items are refused.", _kind("reasoning")),
    "encrypted": ("Encrypted content is not understood.", lambda i: i.get("encrypted_content")),
    "namespace": ("Calls of tools in a namespace are refused.", lambda i: i.get("namespace")),
    "custom": ("Calls of custom tools are refused.", _kind("custom_tool_call", "custom_tool_call_output")),
    "image-output": ("Images in outputs are refused.", lambda i: _kind("function_call_output")(i)
        and isinstance(i.get("output"), list)),
    "long-id": ("Ids over 40 characters are refused.", lambda i: len(str(i.get("id") or "")) > 40),
    "long-call-id": ("Ids of calls over 28 characters are refused.", lambda i: len(str(i.get("call_id") or "")) > 28),
}  # fmt: skip


def _outputs(change: Callable[[str], str]) -> Callable[[Request], Request]:
    def edit(body: dict[str, Any]) -> dict[str, Any]:
        given = body.get("input")
        if not isinstance(given, list):
            return body
        return {**body, "input": [
            {**i, "output": change(i["output"])}
            if isinstance(i, dict) and i.get("type") == "function_call_output" and isinstance(i.get("output"), str)
            else i for i in given
        ]}  # fmt: skip

    return on_json(edit)


def _middle(size: int) -> Callable[[str], str]:
    half = size // 2
    return lambda text: text if len(text) <= size else f"{text[:half]}…{text[-half:]}"


def _fifth_turn(request: Request) -> bool:
    return sum(_kind("function_call")(i) for i in _items(request.params)) >= 5


def _untriggered(body: dict[str, Any]) -> dict[str, Any]:
    given = body.get("input")
    if not isinstance(given, list):
        return body
    return {
        **body,
        "input": [
            i for i in given if not (isinstance(i, dict) and i.get("type") == "compaction_trigger")
        ],
    }


def _lower(value: Any) -> Any:
    text = json.dumps(value)
    return (
        json.loads(text.replace('"effort": "high"', '"effort": "medium"'))
        if isinstance(value, dict)
        else value
    )


def _thought_less(used: str) -> RequestChange:
    def change(body: dict[str, Any]) -> dict[str, Any]:
        asked = body.get("reasoning")
        if not isinstance(asked, dict) or asked.get("effort") != "high":
            return body
        return {**body, "reasoning": {**asked, "effort": used}}

    return on_json(change)


def _echoed(request: Request, reply: GatewayReply) -> GatewayReply:
    """The effort that was asked stands in the echo, whatever was used."""
    asked = request.params.get("reasoning")
    effort = asked.get("effort") if isinstance(asked, dict) else None
    if effort != "high":
        return reply
    return in_turn(
        on_body(alter("reasoning.effort", lambda _: effort)),
        on_frames(alter("response.reasoning.effort", lambda _: effort)),
    )(request, reply)


FAULTS: Final = (
    *(
        Fault(f"responses_params.agent-effort-{used}-used{suffix}", (), f"Effort high is echoed, and {used} is used{often}.",
            Family.VALUE, when, request=_thought_less(used), reply=_echoed)
        for used in ("low", "medium")
        for suffix, often, when in (("", "", RESPONSES), ("-streamed", ", in streams", RESPONSES_STREAM),
                                    ("-plain", ", in plain answers", RESPONSES_PLAIN))
    ),
    *(_refusing(name, says, _with(test)) for name, (says, test) in _REFUSED.items()),
    *(
        Fault(f"responses_params.agent-output-{name}", (), says, Family.CONTENT, RESPONSES, request=_outputs(change))
        for name, says, change in (
            ("cut", "Tool outputs are cut at 5,000 characters.", lambda text: text[:5_000]),
            ("tail", "Only the last 5,000 characters of tool outputs arrive.", lambda text: text[-5_000:]),
            ("middle", "Tool outputs over 10,000 characters lose their middle.", _middle(10_000)),
        )
    ),
    _refusing("fifth-turn", "The fifth call in a conversation is refused.", _fifth_turn, "Too many items."),
    Fault("responses_params.agent-compaction-ignored", (), "A compaction_trigger is not honoured.", Family.CONTENT,
        RESPONSES, request=on_json(_untriggered)),
    Fault("responses_params.agent-effort-lowered", (), "Effort high becomes medium.", Family.VALUE, RESPONSES,
        reply=in_turn(on_body(_lower), on_frames(_lower))),
)  # fmt: skip
