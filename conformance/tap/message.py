"""Where HTTP/1.1 messages begin and end in a byte stream that somebody else is having.

Nothing here decides what is forwarded: a stream that cannot be read any more is said to be opaque,
and its bytes go on as they come. Every byte that is fed comes out again, in order, as `Part.raw`.
"""

from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

from wire.exchange import Headers, header

MAX_HEAD: Final = 1 << 20
_SIZE_LINE: Final = 1 << 12


class Kind(Enum):
    HEAD = auto()
    BODY = auto()
    END = auto()
    OPAQUE = auto()


class Framing(Enum):
    """How a body ends."""

    NONE = auto()
    LENGTH = auto()
    CHUNKED = auto()
    CLOSE = auto()
    TUNNEL = auto()  # another protocol from here on


class Head(NamedTuple):
    """Start line and headers; names in lower case, values as sent."""

    start: str
    headers: Headers

    @property
    def words(self) -> list[str]:
        return self.start.split(" ", 2)

    @property
    def status(self) -> int:
        word = self.words[1] if len(self.words) > 1 else ""
        return int(word) if word.isascii() and word.isdigit() else 0


class Part(NamedTuple):
    """A piece of the stream. `data` is what the piece adds to the body, without chunk sizes."""

    kind: Kind
    raw: bytes = b""
    data: bytes = b""
    head: Head | None = None


def request_framing(head: Head) -> tuple[Framing, int]:
    if _chunked(head):
        return Framing.CHUNKED, 0
    length = _length(head)
    return (Framing.LENGTH, length) if length else (Framing.NONE, 0)


def reply_framing(head: Head, method: str) -> tuple[Framing, int]:
    """RFC 9112, section 6.3, for the reply to a request with `method`."""
    status = head.status
    if status == 101:
        return Framing.TUNNEL, 0
    if status < 200 or status in {204, 304} or method == "HEAD":
        return Framing.NONE, 0
    if _chunked(head):
        return Framing.CHUNKED, 0
    length = _length(head)
    if length is None:
        return Framing.CLOSE, 0
    return (Framing.LENGTH, length) if length else (Framing.NONE, 0)


def _chunked(head: Head) -> bool:
    codings = header(head.headers, "transfer-encoding") or ""
    return codings.lower().rpartition(",")[2].strip() == "chunked"


def _length(head: Head) -> int | None:
    value = (header(head.headers, "content-length") or "").strip()
    return int(value) if value.isascii() and value.isdigit() else None


class Messages:
    """Reads the messages of one direction of one connection."""

    def __init__(self, framing: Callable[[Head], tuple[Framing, int]]) -> None:
        self._framing_of = framing
        self._waiting = b""
        self._framing: Framing | None = None  # None: before or in a head
        self._left = 0  # bytes of the body, or of the chunk
        self._in_chunk = False
        self._opaque = False

    def feed(self, data: bytes) -> Iterator[Part]:
        """The parts that these bytes complete. An unfinished head is kept back until it is whole."""
        self._waiting += data
        while self._waiting:
            if self._opaque:
                raw, self._waiting = self._waiting, b""
                yield Part(Kind.OPAQUE, raw)
                return
            parts = list(self._head() if self._framing is None else self._body())
            if not parts:
                return
            yield from parts

    def close(self) -> Iterator[Part]:
        """The stream has ended: bytes kept back, and the end of a body that ends so."""
        if self._waiting:
            raw, self._waiting = self._waiting, b""
            yield Part(Kind.OPAQUE, raw)
        if self._framing is Framing.CLOSE:
            self._framing = None
            yield Part(Kind.END)

    def give_up(self) -> None:
        """What follows is no HTTP/1.1, or not to be understood."""
        self._opaque = True

    def _head(self) -> Iterator[Part]:
        end = self._waiting.find(b"\r\n\r\n")
        if end < 0:
            if len(self._waiting) > MAX_HEAD:
                self.give_up()
                yield Part(Kind.OPAQUE)
            return
        raw, self._waiting = self._waiting[: end + 4], self._waiting[end + 4 :]
        head = _parsed(raw)
        if head is None:
            self.give_up()
            yield Part(Kind.OPAQUE, raw)
            return
        self._framing, self._left = self._framing_of(head)
        self._in_chunk = False
        yield Part(Kind.HEAD, raw, head=head)
        if self._framing is Framing.NONE:
            yield self._end()
        elif self._framing is Framing.TUNNEL:
            self.give_up()
            yield self._end()

    def _body(self) -> Iterator[Part]:
        if self._framing is Framing.CHUNKED:
            yield from self._chunks()
            return
        if self._framing is Framing.CLOSE:
            raw, self._waiting = self._waiting, b""
        else:
            raw, self._waiting = self._waiting[: self._left], self._waiting[self._left :]
            self._left -= len(raw)
        yield Part(Kind.BODY, raw, raw)
        if self._framing is Framing.LENGTH and not self._left:
            yield self._end()

    def _chunks(self) -> Iterator[Part]:
        """All whole pieces at hand as one part, so that what came together goes on together."""
        at, data, ended = 0, [], False
        text = self._waiting
        while at < len(text):
            if self._left:
                piece = text[at : at + self._left]
                data.append(piece)
                at += len(piece)
                self._left -= len(piece)
                continue
            end = text.find(b"\r\n", at)
            if end < 0:
                break
            line = text[at:end]
            at = end + 2
            if self._in_chunk and not line:  # the line end after a chunk's data
                self._in_chunk = False
                continue
            size = _size(line)
            if size is None:
                self.give_up()
                break
            if size == 0:
                trailers = self._trailers(text, end)
                if trailers is None:
                    at -= len(line) + 2
                    break
                at, ended = trailers, True
                break
            self._left, self._in_chunk = size, True
        rest = len(text) - at
        if rest > _SIZE_LINE and not ended and not self._left:
            self.give_up()
        raw, self._waiting = text[:at], text[at:]
        if raw:
            yield Part(Kind.BODY, raw, b"".join(data))
        if ended:
            yield self._end()
        elif self._opaque:
            yield Part(Kind.OPAQUE)

    def _trailers(self, text: bytes, end: int) -> int | None:
        """Where the message ends after its last chunk, or None when that has not come yet."""
        if text.startswith(b"\r\n", end + 2):
            return end + 4
        close = text.find(b"\r\n\r\n", end)
        return close + 4 if close >= 0 else None

    def _end(self) -> Part:
        self._framing = None
        return Part(Kind.END)


def _size(line: bytes) -> int | None:
    digits = line.partition(b";")[0].strip()
    try:
        return int(digits, 16) if digits and not digits.startswith((b"-", b"+")) else None
    except ValueError:
        return None


def _parsed(raw: bytes) -> Head | None:
    lines = raw.decode("latin-1").lstrip("\r\n").removesuffix("\r\n\r\n").split("\r\n")
    pairs = [line.partition(":") for line in lines[1:]]
    if "HTTP/1." not in lines[0] or any(not name or not colon for name, colon, _ in pairs):
        return None
    return Head(lines[0], tuple((n.strip().lower(), v.strip()) for n, _, v in pairs))
