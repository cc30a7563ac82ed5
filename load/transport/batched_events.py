"""Pieces of a stream that wait to be read together.

A stamp is all that an event needs at once. Behind the first content, pieces that are one HTTP chunk
with one event each are held, a few at a time, and read in one go: what the processor fetches from memory
for one event then serves all of them. `lines_of` takes pieces of exactly that form apart; whatever has
any other form is read as it always is, piece by piece.
"""

from collections.abc import Sequence
from typing import Final

from wire.sse import Decoder

BATCH: Final = 16  # pieces
EVENT_END: Final = b"\n\n\r\n"  # an event's and a chunk's; no message of chunks ends like that
_DATA: Final = b"\r\ndata: {"
_NAME: Final = b"\r\nevent: "
_NAMED: Final = b"\ndata: {"
# The size lines that chunks have: looked up, they are checked and read at once.
_SIZES: Final = {form % n: n for n in range(8, 4096) for form in (b"%x", b"%X")}


class BatchDecoder(Decoder):
    """A decoder that can be told of events that were read elsewhere."""

    @property
    def between(self) -> bool:
        """Whether everything so far belongs to whole events."""
        return self._quick and not self._held

    def skip(self, events: int) -> None:
        self._index += events


def lines_of(pieces: Sequence[bytes]) -> bytes | None:
    """The data of unnamed events, a JSON object a line; None where a piece is anything else."""
    lines = []
    for piece in pieces:
        size, found, data = piece.partition(_DATA)
        # Size, separators and both ends are right: nothing but one event has room in between.
        if _SIZES.get(size) != len(data) + 5 or not found or data[-5:] != b"}\n\n\r\n":
            return None
        lines.append(data[:-4])
    return _joined(lines)


def named_lines_of(pieces: Sequence[bytes]) -> tuple[list[str], bytes] | None:
    """Names and data of named events, as `lines_of`."""
    names, lines = [], []
    for piece in pieces:
        size, found, rest = piece.partition(_NAME)
        name, also, data = rest.partition(_NAMED)
        if _SIZES.get(size) != len(rest) + 5 or not (found and also) or data[-5:] != b"}\n\n\r\n":
            return None
        if not name.isascii() or 10 in name or 13 in name:
            return None
        names.append(name.decode())
        lines.append(data[:-4])
    joined = _joined(lines)
    return None if joined is None else (names, joined)


def _joined(lines: list[bytes]) -> bytes | None:
    text = b"{" + b"\n{".join(lines)
    # A line end inside of an event would make two of it; JSON strings hold none as they are.
    if text.count(b"\n") != len(lines) - 1 or 13 in text:
        return None
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            return None
    return text
