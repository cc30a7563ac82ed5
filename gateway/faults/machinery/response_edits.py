"""Building blocks of faults: changes of Responses streams that know items, texts and lifecycle."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from gateway.errors import ApiError
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_events import TEXT_DELTA
from gateway.faults.machinery.selection import RESPONSES_STREAM, When
from gateway.faults.machinery.stream_edits import Frames, edit, of_type, renumbered
from gateway.faults.machinery.transform import ReplyChange, alter, on_frames
from gateway.faults.machinery.wire_edits import WireChange
from gateway.frames import Frame, GatewayReply, Piece
from wire.exchange import Request

LIFECYCLE: Final = (
    "response.created",
    "response.queued",
    "response.in_progress",
    "response.completed",
    "response.incomplete",
    "response.failed",
)
TERMINAL: Final = LIFECYCLE[3:]


def reordered(change: ReplyChange) -> ReplyChange:
    """A change of the order alone: the sequence numbers are made right again."""

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        changed = change(request, reply)
        if changed.frames is None:
            return changed
        return replace(changed, frames=renumbered(changed.frames))

    return made


def moved_before(kind: str, target: str) -> ReplyChange:
    """The first event of a type comes just before the first of another type."""

    def change(frames: Frames) -> Frames:
        start = next((i for i, frame in enumerate(frames) if of_type(kind)(frame)), None)
        place = next((i for i, frame in enumerate(frames) if of_type(target)(frame)), None)
        if start is None or place is None:
            return frames
        rest = [frame for i, frame in enumerate(frames) if i != start]
        rest.insert(place - (start < place), frames[start])
        return tuple(rest)

    return reordered(edit(change))


def moved_after(kind: str, target: str) -> ReplyChange:
    """The first event of a type comes just after the last of another type."""

    def change(frames: Frames) -> Frames:
        start = next((i for i, frame in enumerate(frames) if of_type(kind)(frame)), None)
        places = [i for i, frame in enumerate(frames) if of_type(target)(frame)]
        if start is None or not places:
            return frames
        rest = [frame for i, frame in enumerate(frames) if i != start]
        rest.insert(places[-1] + (start > places[-1]), frames[start])
        return tuple(rest)

    return reordered(edit(change))


def retold(change: Callable[[list[str]], list[str]]) -> ReplyChange:
    """Other text deltas, and all four copies of each text made to fit: only the words are wrong."""

    def made(frames: Frames) -> Frames:
        kept: list[Frame] = []
        told: dict[tuple[int, int], str] = {}
        for key, group in _text_groups(frames).items():
            told[key] = "".join(change([frame.payload["delta"] for frame in group]))
        done: set[tuple[int, int]] = set()
        for frame in frames:
            if not of_type(TEXT_DELTA)(frame):
                kept.append(_with_texts(frame, told))
                continue
            key = (frame.payload["output_index"], frame.payload["content_index"])
            if key in done:
                continue
            done.add(key)
            group = _text_groups(frames)[key]
            words = change([inner.payload["delta"] for inner in group])
            for number, word in enumerate(words):
                like = group[min(number, len(group) - 1)]
                kept.append(like._replace(payload={**like.payload, "delta": word}))
        return tuple(kept)

    return reordered(edit(made))


def _text_groups(frames: Frames) -> dict[tuple[int, int], list[Frame]]:
    groups: dict[tuple[int, int], list[Frame]] = {}
    for frame in filter(of_type(TEXT_DELTA), frames):
        key = (frame.payload["output_index"], frame.payload["content_index"])
        groups.setdefault(key, []).append(frame)
    return groups


def _with_texts(frame: Frame, told: dict[tuple[int, int], str]) -> Frame:
    payload = dict(frame.payload)
    index = payload.get("output_index")
    key = (index, payload.get("content_index"))
    match payload["type"]:
        case "response.output_text.done" if key in told:
            payload["text"] = told[key]
        case "response.content_part.done" if key in told:
            payload["part"] = {**payload["part"], "text": told[key]}
        case "response.output_item.done":
            payload["item"] = _retold_item(payload["item"], index, told)
        case kind if kind in TERMINAL:
            items = enumerate(payload["response"]["output"])
            output = [_retold_item(item, number, told) for number, item in items]
            payload["response"] = {**payload["response"], "output": output}
    return frame._replace(payload=payload)


def _retold_item(item: Any, index: int | None, told: dict[tuple[int, int], str]) -> Any:
    if item["type"] != "message" or index is None:
        return item
    content = [
        {**part, "text": told[index, number]} if (index, number) in told else part
        for number, part in enumerate(item["content"])
    ]
    return {**item, "content": content}


def on_events(kinds: Iterable[str], change: Callable[[Any], Any]) -> ReplyChange:
    """Changes the payloads of several types of events."""
    wanted = frozenset(kinds)

    def made(frames: Frames) -> Frames:
        return tuple(
            frame._replace(payload=change(frame.payload))
            if isinstance(frame.payload, dict) and frame.payload.get("type") in wanted
            else frame
            for frame in frames
        )

    return edit(made)


def renamed(old: str, new: str) -> ReplyChange:
    """Events of one type under another name, in the event line too."""
    return edit(
        lambda frames: tuple(
            frame._replace(name=new, payload={**frame.payload, "type": new})
            if of_type(old)(frame)
            else frame
            for frame in frames
        )
    )


def refused(status: int, message: str, **fields: Any) -> ReplyChange:
    """An error in the place of an answer; nothing is charged."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        if reply.status >= 400:
            return reply
        kept = tuple(pair for pair in reply.headers if pair[0] != "content-type")
        body = ApiError(status, message, **fields).body
        headers = (("content-type", "application/json"), *kept)
        return GatewayReply(status, headers, body, request_id=reply.request_id)

    return made


def echoing(*names: str) -> ReplyChange:
    """Puts what was asked for back into the echo, so that an ignored parameter does not show there."""

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        asked = {name: request.params[name] for name in names if name in request.params}

        def shown(response: Any) -> Any:
            return {**response, **asked}

        if isinstance(reply.body, dict) and reply.status < 400:
            return replace(reply, body=shown(reply.body))
        change = on_events(LIFECYCLE, lambda p: {**p, "response": shown(p["response"])})
        return change(request, reply)

    return made


def about(*words: str, method: str | None = None) -> When:
    """Requests whose path ends so below /responses/{id}; an empty word is the response itself."""

    def when(request: Request) -> bool:
        steps = request.path.partition("?")[0].strip("/").split("/")
        if "responses" not in steps or method not in {None, request.method}:
            return False
        below = steps[steps.index("responses") + 1 :]
        if below[:1] in (["compact"], ["input_tokens"]):
            return below[0] in words
        return bool(below) and "/".join(below[1:]) in words

    return when


def each_new(path: str, make: Callable[[int], Any]) -> ReplyChange:
    """A change that gives each event that has `path` a value of its own."""

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        numbers = itertools.count()
        return on_frames(alter(path, lambda _: make(next(numbers))))(request, reply)

    return made


def stream_fault(
    name: str,
    says: str,
    family: Family,
    reply: ReplyChange | None = None,
    *,
    wire: WireChange | None = None,
) -> Fault:
    """A fault of Responses streams whose rules are not named yet."""

    def on_stream(request: Request, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        is_stream = bool(pieces) and pieces[0].data.startswith((b"event:", b"data:"))
        return wire(request, pieces) if wire and is_stream else pieces

    return Fault(
        f"responses.stream.{name}",
        (),
        says,
        family,
        when=RESPONSES_STREAM,
        reply=reply,
        wire=on_stream if wire else None,
    )
