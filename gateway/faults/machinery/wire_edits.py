"""Building blocks of faults: changes of the encoded bytes of a reply."""

from collections.abc import Callable
from typing import Final

from gateway.frames import Piece
from wire.exchange import Request

Pieces = tuple[Piece, ...]
WireChange = Callable[[Request, Pieces], Pieces]


def each(change: Callable[[bytes], bytes]) -> WireChange:
    return lambda _, pieces: tuple(Piece(delay, change(data)) for delay, data in pieces)


def last(change: Callable[[bytes], bytes]) -> WireChange:
    return lambda _, pieces: (*pieces[:-1], Piece(pieces[-1].delay_ms, change(pieces[-1].data)))


def replaced(old: bytes, new: bytes) -> WireChange:
    return each(lambda data: data.replace(old, new))


def before(data: bytes) -> WireChange:
    """With bytes in front of everything."""
    return lambda _, pieces: (Piece(0, data), *pieces)


def after(data: bytes) -> WireChange:
    return lambda _, pieces: (*pieces, Piece(0, data))


def between(data: bytes) -> WireChange:
    """With bytes after each piece."""
    return each(lambda piece: piece + data)


def split(size: int, delay_ms: float = 0) -> WireChange:
    """In pieces of `size` bytes, wherever that cuts."""

    def made(_: Request, pieces: Pieces) -> Pieces:
        return tuple(
            Piece(delay if start == 0 else delay_ms, data[start : start + size])
            for delay, data in pieces
            for start in range(0, len(data), size)
        )

    return made


LINE_LIMITS: Final = {"cut": "are cut there", "split": "go on in the next line", "dropped": "are dropped"}  # fmt: skip
"""What becomes of lines that are longer than somebody reads."""


def limited_lines(most: int, how: str) -> WireChange:
    """Lines longer than this are cut there, go on in a line of their own, or are lost with their event."""

    def made(_: Request, pieces: Pieces) -> Pieces:
        told: list[Piece] = []
        for delay, data in pieces:
            if len(data) <= most or not data.startswith((b"event:", b"data:")):
                told.append(Piece(delay, data))
            elif how != "dropped":
                rest = data[most:] if how == "split" else b"\n"
                told.append(Piece(delay, data[:most] + b"\n" + rest))
        return tuple(told)

    return made


def truncated(keep: float) -> WireChange:
    """With only the first part of the last piece."""
    return last(lambda data: data[: int(len(data) * keep)])
