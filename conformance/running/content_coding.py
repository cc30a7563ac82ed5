"""The body of a live answer as it arrives: codings undone with the stamps kept, and nothing without an end."""

import zlib
from collections.abc import Iterable
from typing import Final

from wire.exchange import Chunk, Invalid, parse_json

BODY_LIMIT_BYTES: Final = 16 * 2**20
"""Of an answer, as it travels and as it is meant."""
RATIO_LIMIT: Final = 250
"""Text grows to some fifty times of what it was packed into; what grows more is made to grow."""
RATIO_FROM_BYTES: Final = 2**20
MEMBERS_LIMIT: Final = 1000
"""Of gzip in one answer."""
HEAD_BYTES: Final = 64 * 2**10
"""What is kept of an answer that passed its limit: enough to see what it was."""
UNDONE: Final = frozenset({"gzip", "x-gzip", "deflate"})


class ReceivedBody:
    """Takes the pieces of a body; a coding is undone piece by piece, so that a small bomb stays small."""

    def __init__(self, encoding: str) -> None:
        self._encoding = "" if encoding == "identity" else encoding
        self._raw: list[Chunk] = []
        self._plain: list[Chunk] = []
        self._raw_bytes = self._plain_bytes = self._members = 0
        self._complaint = ""
        """What the coding did wrong; the body stays as it came then."""
        self._passed = False
        self._machine: zlib._Decompress | None = None
        if self._encoding in UNDONE:
            self._machine = zlib.decompressobj(wbits=47 if "gzip" in self._encoding else 15)
        elif self._encoding:
            self._complaint = f"content-encoding {self._encoding} was not asked for"

    def take(self, at_ms: float, data: bytes) -> str:
        """One more piece; says what is too much, once nothing more may come."""
        self._raw.append(Chunk(at_ms, data))
        self._raw_bytes += len(data)
        if self._raw_bytes > BODY_LIMIT_BYTES:
            self._passed = True
            return f"more than {BODY_LIMIT_BYTES // 2**20} MB"
        if self._machine is None or self._complaint:
            return ""
        room = min(BODY_LIMIT_BYTES, max(RATIO_FROM_BYTES, RATIO_LIMIT * self._raw_bytes))
        try:
            # A few compressed bytes can stand for any number of others.
            plain = self._undone(data, room - self._plain_bytes + 1)
        except zlib.error as error:
            self._complaint = f"content-encoding {self._encoding} does not decode: {error}"
            return ""
        self._plain.append(Chunk(at_ms, plain))
        self._plain_bytes += len(plain)
        if self._plain_bytes <= room:
            return ""
        self._passed = True
        self._complaint = (
            f"content-encoding {self._encoding} makes {self._raw_bytes} bytes grow past {room}"
        )
        return self._complaint

    def _undone(self, data: bytes, most: int) -> bytes:
        """The piece without its coding; gzip may come in several members one behind the other (RFC 1952, 2.2)."""
        assert self._machine is not None
        plain = self._machine.decompress(data, most)
        while self._machine.eof and self._machine.unused_data and "gzip" in self._encoding:
            self._members += 1
            if self._members > MEMBERS_LIMIT:
                raise zlib.error(f"more than {MEMBERS_LIMIT} members")
            rest = self._machine.unused_data
            self._machine = zlib.decompressobj(wbits=47)
            more = self._machine.decompress(rest, max(1, most - len(plain)))
            plain += more
            if len(plain) >= most:
                break
        return plain

    @property
    def undecodable(self) -> bool:
        """Whether the coding was done wrong, as far as the body came."""
        return bool(self._complaint)

    def is_cut(self, *, streamed: bool) -> bool:
        """Whether an answer without a coding ends in the midst of an event, or is half an object."""
        text = b"".join(chunk.data for chunk in self._raw).lstrip()
        if self._encoding or not text:
            return False
        if streamed:
            return not text.endswith((b"\n\n", b"\r\r", b"\r\n\r\n"))
        return text.startswith((b"{", b"[")) and isinstance(
            parse_json(text.decode("utf-8", "replace")), Invalid
        )

    def end(self) -> tuple[list[Chunk], str]:
        """The chunks of the body, the coding undone; the raw ones and a complaint where it cannot be."""
        if self._passed:
            return head(self._raw), self._complaint
        if self._machine is None or self._complaint or not self._raw:
            return self._raw, self._complaint if self._raw else ""
        try:
            tail = self._machine.flush()
        except zlib.error as error:
            return self._raw, f"content-encoding {self._encoding} does not decode: {error}"
        if tail:
            self._plain.append(Chunk(self._plain[-1].at_ms, tail))
        whole = self._machine.eof
        return self._plain, "" if whole else f"content-encoding {self._encoding} is cut short"


def head(chunks: Iterable[Chunk]) -> list[Chunk]:
    """The first pieces, so far as they are kept."""
    out, room = [], HEAD_BYTES
    for at_ms, data in chunks:
        out.append(Chunk(at_ms, data[:room]))
        room -= len(data)
        if room <= 0:
            break
    return out


def decoded(chunks: Iterable[Chunk], encoding: str) -> tuple[list[Chunk], str]:
    """Chunks with gzip or deflate undone, stamps kept; the raw chunks and a complaint otherwise."""
    body = ReceivedBody(encoding)
    for at_ms, data in chunks:
        if said := body.take(at_ms, data):
            return body.end()[0], said
    return body.end()
