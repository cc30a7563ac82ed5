"""A reply before and after it is bytes: frames, pieces, and the encoding between them."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from gateway.accounts.charge import Charge
from wire.exchange import header


class Frame(NamedTuple):
    """One server-sent event.

    A `str` payload is its data as it is ([DONE]); `bytes` stand for the whole event (comments).
    """

    delay_ms: float
    name: str
    payload: Any


class Piece(NamedTuple):
    """Bytes on the wire, `delay_ms` after the piece before."""

    delay_ms: float
    data: bytes


class Ending(StrEnum):
    COMPLETE = "complete"
    CUT = "cut"  # the connection closes without the end of the HTTP message
    RESET = "reset"


@dataclass(frozen=True)
class GatewayReply:
    """Exactly one of `body`, `frames` and `pieces` is sent; `pieces` win, then `frames`."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None
    frames: tuple[Frame, ...] | None = None
    pieces: tuple[Piece, ...] | None = None
    ending: Ending = Ending.COMPLETE
    delay_ms: float = 0  # before the headers
    charge: Charge | None = None
    request_id: str = ""

    def header(self, name: str) -> str | None:
        return header(self.headers, name)

    @property
    def data(self) -> bytes:
        """All bytes of the body, for in-process callers."""
        return b"".join(piece.data for piece in encode(self))


_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode(reply: GatewayReply) -> tuple[Piece, ...]:
    """The bytes of a reply: a JSON body is one piece, a frame is one piece."""
    if reply.pieces is not None:
        return reply.pieces
    if reply.frames is not None:
        return tuple(Piece(frame.delay_ms, encode_frame(frame)) for frame in reply.frames)
    if reply.body is None:
        return ()
    return (Piece(0, _text(reply.body)),)


def encode_frame(frame: Frame) -> bytes:
    if isinstance(frame.payload, bytes):
        return frame.payload
    name = b"event: " + frame.name.encode() + b"\n" if frame.name else b""
    return name + b"data: " + _text(frame.payload) + b"\n\n"


def _text(payload: Any) -> bytes:
    text = payload if isinstance(payload, str) else _dumps(payload)
    return text.encode("utf-8", "surrogatepass")
