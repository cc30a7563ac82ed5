"""Building blocks of chat faults: their names and kinds of requests, and what a stream says."""

from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forged import refused
from gateway.faults.machinery.selection import CHAT, CHAT_PLAIN, CHAT_STREAM, When, both
from gateway.faults.machinery.stream_edits import Frames
from gateway.faults.machinery.transform import Change, ReplyChange, on_body, on_frames, on_success
from gateway.faults.machinery.wire_edits import Pieces, WireChange
from gateway.frames import Frame, GatewayReply
from wire.exchange import Request

# Requirements of the chat area go by their second word here.
OWN: Final = ("response.", "answer.", "chunk.", "stream.", "tools.")


def fault(
    name: str, breaks: str, says: str, family: Family, when: When = CHAT, **how: Any
) -> Fault:
    """A chat fault. `breaks` lists requirements, those of chat without their prefix."""
    rows = tuple(f"chat.{row}" if row.startswith(OWN) else row for row in breaks.split())
    return Fault(f"chat.{name}", rows, says, family, when=both(CHAT, when), **how)


def plain(
    name: str, breaks: str, says: str, family: Family, change: Change, when: When = CHAT
) -> Fault:
    """A fault of the bodies of plain answers."""
    return fault(name, breaks, says, family, both(CHAT_PLAIN, when), reply=on_body(change))


def streamed(
    name: str, breaks: str, says: str, family: Family, reply: ReplyChange, when: When = CHAT
) -> Fault:
    """A fault of the frames of streams."""
    return fault(f"stream.{name}", breaks, says, family, both(CHAT_STREAM, when), reply=reply)


def refusing(
    name: str, says: str, test: Callable[[dict[str, Any]], bool], message: str = ""
) -> Fault:
    """A fault that refuses requests with such a body; `message` where it says other words than `says`."""
    no = on_success(refused(400, message or says, param="messages"))
    return fault(name, "", says, Family.STATUS, lambda request: test(request.params), reply=no)


def framed(
    name: str, breaks: str, says: str, family: Family, wire: WireChange, when: When = CHAT
) -> Fault:
    """A fault of the bytes of streams; refusals stay as they are."""

    def only_streams(request: Request, pieces: Pieces) -> Pieces:
        is_stream = bool(pieces) and pieces[0].data.startswith((b"data:", b"event:", b":"))
        return wire(request, pieces) if is_stream else pieces

    return fault(f"stream.{name}", breaks, says, family, both(CHAT_STREAM, when), wire=only_streams)


def fed(make: Callable[[], Callable[[Any], Any]]) -> ReplyChange:
    """Changes each payload of a stream in turn, with a memory that is new for each stream."""

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        return on_frames(make())(request, reply)

    return made


def retold(
    change: Callable[[list[str]], list[str]], name: str = "content"
) -> Callable[[Frames], Frames]:
    """With the deltas of each choice changed as one list of texts; their number may shrink."""

    def made(frames: Frames) -> Frames:
        told: dict[int, list[str]] = {}
        for frame in frames:
            for index, text in _texts(frame, name):
                told.setdefault(index, []).append(text)
        fresh = {index: iter(change(texts)) for index, texts in told.items()}
        return tuple(_with_text(frame, name, fresh) for frame in frames)

    return made


def _texts(frame: Frame, name: str) -> list[tuple[int, str]]:
    choices = frame.payload.get("choices") or [] if isinstance(frame.payload, dict) else []
    return [(c["index"], c["delta"][name]) for c in choices if c["delta"].get(name)]


def _with_text(frame: Frame, name: str, fresh: dict[int, Any]) -> Frame:
    if not _texts(frame, name):
        return frame
    choices = [
        {**c, "delta": {**c["delta"], name: next(fresh[c["index"]], "")}}
        if c["delta"].get(name)
        else c
        for c in frame.payload["choices"]
    ]
    return frame._replace(payload={**frame.payload, "choices": choices})
