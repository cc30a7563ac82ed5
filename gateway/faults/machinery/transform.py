"""Building blocks of faults: changes of JSON values, and their lift to whole replies.

A path such as `choices[].message.refusal` addresses members; `[]` stands for every element, `[0]`
and `[-1]` for one. A change never touches its input: what the gateway keeps stays right.
"""

import copy
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.frames import Frame, GatewayReply
from wire.exchange import Request

Change = Callable[[Any], Any]
ReplyChange = Callable[[Request, GatewayReply], GatewayReply]
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(-?\d*)\]")
_ABSENT: Final = object()


def drop(path: str) -> Change:
    """Without the member at `path`."""
    return _edited(path, lambda _: _ABSENT)


def put(path: str, value: Any) -> Change:
    """With `value` at `path`, which need not exist; a callable gets the old value (or None)."""
    make = value if callable(value) else lambda _: copy.deepcopy(value)
    return _edited(path, make, create=True)


def alter(path: str, change: Change) -> Change:
    """With `change` applied to what is at `path`; nothing where there is nothing."""
    return _edited(path, change)


def rename(path: str, name: str) -> Change:
    """With the member at `path` under another name."""
    parent, _, old = path.rpartition(".")

    def change(value: Any) -> Any:
        def moved(holder: Any) -> Any:
            if not isinstance(holder, dict):
                return holder
            return {name if key == old else key: inner for key, inner in holder.items()}

        return _edited(parent, moved)(value) if parent else moved(value)

    return change


def chain(*changes: Change) -> Change:
    def change(value: Any) -> Any:
        for part in changes:
            value = part(value)
        return value

    return change


def _edited(path: str, make: Change, *, create: bool = False) -> Change:
    steps: list[str | int | None] = []
    for name, index in _STEP.findall(path):
        steps.append(name or (int(index) if index else None))

    def change(value: Any) -> Any:
        value = copy.deepcopy(value)
        _walk(value, steps, make, create)
        return value

    return change


def _walk(holder: Any, steps: list[str | int | None], make: Change, create: bool) -> None:
    step, rest = steps[0], steps[1:]
    for key in _keys(holder, step, create and not rest):
        if rest:
            _walk(holder[key], rest, make, create)
            continue
        old = holder.get(key) if isinstance(holder, dict) else holder[key]
        new = make(old)
        if new is _ABSENT:
            del holder[key]
        else:
            holder[key] = new


def _keys(holder: Any, step: str | int | None, create: bool) -> list[Any]:
    if isinstance(holder, dict) and isinstance(step, str):
        return [step] if create or step in holder else []
    if isinstance(holder, list) and not isinstance(step, str):
        if step is None:
            return list(reversed(range(len(holder))))
        return [step] if -len(holder) <= step < len(holder) else []
    return []


def on_body(change: Change) -> ReplyChange:
    """Changes the JSON body of a success."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.body is None or reply.status >= 400:
            return reply
        return replace(reply, body=change(reply.body))

    return made


def on_error(change: Change) -> ReplyChange:
    """Changes the JSON body of a refusal."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        return replace(reply, body=change(reply.body)) if reply.status >= 400 else reply

    return made


def on_frames(change: Change, which: Callable[[Frame], bool] | None = None) -> ReplyChange:
    """Changes the JSON payloads of a stream: all of them, or those of the frames chosen."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.frames is None:
            return reply
        frames = tuple(
            frame._replace(payload=change(frame.payload))
            if isinstance(frame.payload, dict) and (which is None or which(frame))
            else frame
            for frame in reply.frames
        )
        return replace(reply, frames=frames)

    return made


def on_event(kind: str, change: Change) -> ReplyChange:
    """Changes the payloads of one type of Responses event."""
    return on_frames(change, lambda frame: frame.payload.get("type") == kind)


def on_all(change: Change) -> ReplyChange:
    """Changes the body of a success and every payload of a stream."""
    return in_turn(on_body(change), on_frames(change))


def in_turn(*changes: ReplyChange) -> ReplyChange:
    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        for change in changes:
            reply = change(request, reply)
        return reply

    return made


def on_success(change: ReplyChange) -> ReplyChange:
    return lambda request, reply: change(request, reply) if reply.status < 400 else reply


def on_refusal(change: ReplyChange) -> ReplyChange:
    return lambda request, reply: change(request, reply) if reply.status >= 400 else reply


def on_status(status: int, change: ReplyChange) -> ReplyChange:
    return lambda request, reply: change(request, reply) if reply.status == status else reply


def with_status(status: int) -> ReplyChange:
    return lambda _, reply: replace(reply, status=status)


def with_header(name: str, value: str | Callable[[str | None], str]) -> ReplyChange:
    """With one header set; a callable gets the old value."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        new = value(reply.header(name)) if callable(value) else value
        others = tuple(pair for pair in reply.headers if pair[0] != name)
        return replace(reply, headers=(*others, (name, new)))

    return made


def without_header(*names: str) -> ReplyChange:
    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        return replace(reply, headers=tuple(p for p in reply.headers if p[0] not in names))

    return made


def with_body(body: Any, media: str | None = None) -> ReplyChange:
    """With another body; a `str` is sent as it is, for instance as HTML."""

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        reply = replace(reply, body=body, frames=None, pieces=None)
        return with_header("content-type", media)(request, reply) if media else reply

    return made
