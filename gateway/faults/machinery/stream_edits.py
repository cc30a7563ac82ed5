"""Building blocks of faults: changes of the order, number and timing of a stream's frames."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.faults.machinery.transform import ReplyChange
from gateway.frames import Ending, Frame, GatewayReply
from wire.exchange import Request

Which = Callable[[Frame], bool]
Frames = tuple[Frame, ...]


def is_done(frame: Frame) -> bool:
    return bool(frame.payload == "[DONE]")


def is_json(frame: Frame) -> bool:
    return isinstance(frame.payload, dict)


def of_type(*kinds: str) -> Which:
    """Responses events of these types."""
    return lambda frame: is_json(frame) and frame.payload.get("type") in kinds


def delta_with(name: str) -> Which:
    """Chat chunks whose delta has a value (not null, not empty) under `name`."""
    return lambda frame: any((choice.get("delta") or {}).get(name) for choice in _choices(frame))


def finishing(frame: Frame) -> bool:
    """Chat chunks with a finish reason."""
    return any(choice.get("finish_reason") for choice in _choices(frame))


def with_usage(frame: Frame) -> bool:
    return is_json(frame) and isinstance(frame.payload.get("usage"), dict)


def _choices(frame: Frame) -> list[dict[str, Any]]:
    return frame.payload.get("choices") or [] if is_json(frame) else []


def edit(change: Callable[[Frames], Frames]) -> ReplyChange:
    """A change of the frames of a stream; other replies stay as they are."""

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        return reply if reply.frames is None else replace(reply, frames=change(reply.frames))

    return made


def _place(frames: Frames, which: Which, nth: int) -> int | None:
    places = [index for index, frame in enumerate(frames) if which(frame)]
    return places[nth] if -len(places) <= nth < len(places) else None


def _at(which: Which, nth: int, change: Callable[[Frames, int], Frames]) -> ReplyChange:
    def apply(frames: Frames) -> Frames:
        place = _place(frames, which, nth)
        return frames if place is None else change(frames, place)

    return edit(apply)


def drop_frame(which: Which, nth: int = 0) -> ReplyChange:
    """Without a frame; what follows comes as late as before."""

    def dropped(frames: Frames, i: int) -> Frames:
        rest = frames[i + 1 :]
        if rest:
            rest = (_later(rest[0], frames[i].delay_ms), *rest[1:])
        return (*frames[:i], *rest)

    return _at(which, nth, dropped)


def _later(frame: Frame, by_ms: float) -> Frame:
    return frame._replace(delay_ms=frame.delay_ms + by_ms)


def drop_frames(which: Which) -> ReplyChange:
    return edit(lambda frames: tuple(frame for frame in frames if not which(frame)))


def repeat_frame(which: Which, nth: int = 0) -> ReplyChange:
    return _at(which, nth, lambda frames, i: (*frames[: i + 1], frames[i], *frames[i + 1 :]))


def swap_frames(which: Which, nth: int = 0) -> ReplyChange:
    """Exchanges a frame with the next one."""

    def swap(frames: Frames, i: int) -> Frames:
        if i + 1 == len(frames):
            return frames
        first, second = frames[i], frames[i + 1]
        # The pauses stay where they are: only what is said changes places.
        earlier = second._replace(delay_ms=first.delay_ms)
        later = first._replace(delay_ms=second.delay_ms)
        return (*frames[:i], earlier, later, *frames[i + 2 :])

    return _at(which, nth, swap)


def insert_before(which: Which, frame: Frame, nth: int = 0) -> ReplyChange:
    return _at(which, nth, lambda frames, i: (*frames[:i], frame, *frames[i:]))


def insert_after(which: Which, frame: Frame, nth: int = 0) -> ReplyChange:
    return _at(which, nth, lambda frames, i: (*frames[: i + 1], frame, *frames[i + 1 :]))


def move_to_end(which: Which, nth: int = 0) -> ReplyChange:
    return _at(which, nth, lambda frames, i: (*frames[:i], *frames[i + 1 :], frames[i]))


def cut_after(which: Which, nth: int = 0, ending: Ending = Ending.CUT) -> ReplyChange:
    """Ends the stream after a frame, by default without the end of the HTTP message."""

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        cut = _at(which, nth, lambda frames, i: frames[: i + 1])(request, reply)
        return cut if cut is reply or cut.frames == reply.frames else replace(cut, ending=ending)

    return made


def burst(frames: Frames) -> Frames:
    """The same frames, all at the time of the last."""
    total = sum(frame.delay_ms for frame in frames)
    return tuple(frame._replace(delay_ms=0 if i else total) for i, frame in enumerate(frames))


def renumbered(frames: Frames) -> Frames:
    """With sequence numbers of Responses events counted anew."""
    numbers = itertools.count()
    return tuple(
        frame._replace(payload={**frame.payload, "sequence_number": next(numbers)})
        if is_json(frame) and "sequence_number" in frame.payload
        else frame
        for frame in frames
    )
