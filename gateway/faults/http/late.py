"""Faults of time: one answer in many is late, or the first token always is, on one path or on all."""

from dataclasses import replace
from itertools import count
from typing import Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import (
    CHAT,
    PATHS,
    RESPONSES,
    When,
    asking,
    both,
    either,
)
from gateway.faults.machinery.stream_edits import edit
from gateway.faults.machinery.transform import ReplyChange
from gateway.frames import GatewayReply
from wire.exchange import Request

_GENERATES: Final = either(CHAT, RESPONSES)


def _one_in(number: int, ms: int) -> ReplyChange:
    turn = count(1)

    def made(_: Request, reply: GatewayReply) -> GatewayReply:
        late = reply.status < 400 and next(turn) % number == 0
        return replace(reply, delay_ms=reply.delay_ms + ms) if late else reply

    return made


def _head_at_once(ms: int) -> ReplyChange:
    """The head and nothing else comes at once: the first event is waited for."""
    return edit(lambda frames: (frames[0]._replace(delay_ms=ms), *frames[1:]) if frames else frames)


def _fault(name: str, says: str, when: When, reply: ReplyChange) -> Fault:
    return Fault(f"http.late-{name}", (), says, Family.TIMING, when, reply=reply)


FAULTS: Final = (
    *(
        _fault(f"one-in-{n}", f"One answer in {n} takes {ms // 1000} s more.", _GENERATES, _one_in(n, ms))
        for n, ms in ((50, 70_000), (20, 20_000), (30, 30_000))
    ),
    *(
        _fault(f"one-in-10-{path}", f"One answer in ten takes 40 s more ({path}).", on, _one_in(10, 40_000))
        for path, on in PATHS.items()
    ),
    *(
        _fault(f"always-{path}", f"Each answer begins 20 s late ({path}).", on, _one_in(1, 20_000))
        for path, on in PATHS.items()
    ),
    *(
        _fault(f"first-event-{path}", f"The first event of each stream comes 20 s behind its head ({path}).",
            PATHS[path], _head_at_once(20_000))
        for path in ("chat-stream", "responses-stream")
    ),
    *(
        _fault(f"tools-{path}", f"Each call with tools begins 25 s late ({path}).", both(PATHS[path], asking("tools")),
            _one_in(1, 25_000))
        for path in PATHS
    ),
)  # fmt: skip
