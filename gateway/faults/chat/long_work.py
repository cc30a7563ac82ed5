"""Faults of long work in chat: caps that nobody set, tools and messages beyond a number, half-minute waits."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.faults.machinery.chat_edits import fault, plain, refusing, retold, streamed
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.selection import CHAT_STREAM, RESPONSES_STREAM, either
from gateway.faults.machinery.stream_edits import edit, finishing
from gateway.faults.machinery.transform import ReplyChange, alter, in_turn, on_frames, on_success
from gateway.frames import Ending, Frame, GatewayReply
from wire.exchange import Request

Body = dict[str, Any]


def _unlimited(request: Request) -> bool:
    return not any(request.params.get(n) for n in ("max_tokens", "max_completion_tokens", "stop"))


def _listed(body: Body, name: str) -> list[Any]:
    given = body.get(name)
    return given if isinstance(given, list) else []


def _cut_body(tokens: int, finish: str) -> Callable[[Any], Any]:
    def made(given: Any) -> Any:
        body = copy.deepcopy(given)
        for choice in body.get("choices", []):
            text = (choice.get("message") or {}).get("content")
            if isinstance(text, str) and len(text) > tokens * 1.75:
                choice["message"]["content"] = text[: int(tokens * 1.75)]
                choice["finish_reason"] = finish
        return body

    return made


def _cut_stream(tokens: int, finish: str) -> ReplyChange:
    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        if reply.frames is None or len(reply.frames) <= tokens:
            return reply
        shorter = edit(retold(lambda words: words[:tokens]))
        ends = on_frames(alter("choices[].finish_reason", lambda old: old and finish), finishing)
        return in_turn(shorter, ends)(request, reply)

    return made


def _between(name: str, low: int, high: int) -> Callable[[Body], bool]:
    return lambda body: low < len(_listed(body, name)) < high


def _first(name: str, most: int) -> Callable[[Request], Request]:
    return on_json(
        lambda body: {**body, name: _listed(body, name)[:most]} if _listed(body, name) else body
    )


def _emptied(after: int) -> Callable[[Request], Request]:
    def change(tool: Any) -> Any:
        function = tool.get("function") if isinstance(tool, dict) else None
        return {**tool, "function": {**function, "parameters": {"type": "object", "properties": {}}, "strict": False}} if isinstance(function, dict) else tool  # fmt: skip

    def edited(body: Body) -> Body:
        tools = _listed(body, "tools")
        return (
            {**body, "tools": [change(t) if n >= after else t for n, t in enumerate(tools)]}
            if tools
            else body
        )

    return on_json(edited)


def _without_middle(body: Body) -> Body:
    messages = _listed(body, "messages")
    if len(messages) <= 60:
        return body
    # Whole rounds of four, so that every result keeps its call.
    return {**body, "messages": [*messages[:5], *messages[-49:]]}


def _impatient(most_ms: float, *, total: bool) -> ReplyChange:
    """Whoever stands in front closes a stream that is silent, or open, for so long."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.frames is None:
            return reply
        passed: float = 0.0
        kept: list[Frame] = []
        for frame in reply.frames:
            passed = passed + frame.delay_ms if total else frame.delay_ms
            if passed > most_ms:
                return replace(reply, frames=tuple(kept), ending=Ending.CUT)
            kept.append(frame)
        return reply

    return on_success(made)


FAULTS: tuple[Fault, ...] = (
    *(
        plain(f"long.capped-{tokens}-{finish}", "", f"An answer without a limit is cut after {tokens} tokens and says {finish}.",
            Family.CONTENT, _cut_body(tokens, finish), _unlimited)
        for tokens in (256, 2_000) for finish in ("length", "stop")
    ),
    *(
        streamed(f"long.capped-{tokens}-{finish}", "", f"A stream without a limit is cut after {tokens} tokens and says {finish}.",
            Family.CONTENT, _cut_stream(tokens, finish), _unlimited)
        for tokens in (256, 2_000) for finish in ("length", "stop")
    ),
    *(
        fault(f"long.tools-{most}", "", f"Tools after the first {most} are left out.", Family.CONTENT, request=_first("tools", most))
        for most in (16, 64)
    ),
    fault("long.schemas-16", "", "Tools after the first sixteen lose their schemas.", Family.CONTENT, request=_emptied(16)),
    *(
        refusing(f"long.tools-over-{most}", f"More than {most} tools are refused.", _between("tools", most, 10**6))
        for most in (64, 127)
    ),
    *(
        refusing(f"long.messages-over-{most}", f"More than {most} messages are refused.",
            _between("messages", most, 900))
        for most in (50, 250)
    ),
    fault("long.messages-middle-lost", "", "Of many messages the middle is lost.", Family.CONTENT, request=on_json(_without_middle)),
    *(
        Fault(f"chat.long.impatient-{name}", (), f"Streams are closed {says}.", Family.TRUNCATION, either(CHAT_STREAM, RESPONSES_STREAM),
            reply=_impatient(most_ms, total=total))
        for name, says, most_ms, total in (
            ("silence-30", "after thirty silent seconds", 30_000.0, False),
            ("silence-15", "after fifteen silent seconds", 15_000.0, False),
            ("total-30", "after thirty seconds in all", 30_000.0, True),
        )
    ),
)  # fmt: skip
