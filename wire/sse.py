"""Server-sent events out of bytes, after the WHATWG HTML standard, section 9.2.6.

Incremental and without I/O: bytes go in as they arrive, events come out as soon as the blank line
that ends them is complete, and nothing is raised. What is legal or not but unusual is kept as facts,
for rules to judge. How the bytes were split never changes the events or the facts.

Theory of operation. `_lines` is the whole standard, line by line. `feed` only adds a short cut: as
long as a stream uses LF, the bytes since the last blank line are held, and cut into blocks when a blank
line comes. The two usual forms of a block are taken as they are, any other goes through `_lines`.
"""

from enum import StrEnum
from typing import Final, NamedTuple

BOM: Final = b"\xef\xbb\xbf"
BLANK: Final = b"\n\n"
DONE: Final = "[DONE]"  # not of the standard: the payload that ends the API's streams

_new: Final = tuple.__new__
_TEXT_LIMIT: Final = 80  # characters of evidence that a fact keeps


class Event(NamedTuple):
    """One dispatched event. `name` is empty without an event field; `id` is the last id seen so far."""

    data: str
    name: str = ""
    id: str | None = None
    at_ms: float = 0.0  # stamp of the bytes that completed it
    index: int = 0  # type: ignore[assignment]  # the position, not tuple.index


class FactKind(StrEnum):
    BOM = "bom"  # a byte order mark before the first line
    CR_LINES = "cr_lines"  # a line ended by CR alone
    CRLF_LINES = "crlf_lines"
    MIXED_LINE_ENDS = "mixed_line_ends"  # a second kind of line end in the same stream
    NO_DATA = "no_data"  # a block with event, id or retry but without data: not dispatched
    EMPTY_DATA = "empty_data"  # an event whose data is empty: dispatched
    BAD_UTF8 = "bad_utf8"  # a line that is not UTF-8: decoded with U+FFFD
    ID_FIELD = "id_field"
    RETRY_FIELD = "retry_field"
    COMMENT = "comment"
    UNKNOWN_FIELD = "unknown_field"
    NO_SPACE = "no_space"  # data:x instead of data: x
    EXTRA_BLANK_LINE = "extra_blank_line"  # a blank line after a blank line, or before any line
    NO_BLANK_LINE_AT_END = "no_blank_line_at_end"  # the stream ended inside of an event
    TOO_LONG = "too_long"  # more between two blank lines than the limit: the rest is ignored


class Fact(NamedTuple):
    """Something unusual: where it was first seen (index of the next event), and how many times."""

    kind: FactKind
    where: int
    text: str
    times: int = 1


class Decoder:
    """Bytes to events. `limit` is the most bytes between two blank lines, so memory is bounded."""

    def __init__(self, limit: int = 8 * 2**20) -> None:
        self.limit = limit
        self.ended = False
        self.retry_ms: int | None = None
        self._facts: dict[FactKind, Fact] = {}
        self._at_ms = 0.0
        self._index = 0
        self._opening: bytes | None = b""  # the first bytes, until they are no part of a BOM
        self._quick = False  # whether the short cut is taken: `_lines` is between two events then
        self._held: list[bytes] = []  # by the short cut, since the last blank line
        self._held_size = 0
        self._open_cr = False  # the last byte was a CR: an LF that follows belongs to it
        self._line_ends = {b"\n": False, b"\r": False, b"\r\n": False}
        self._parts: list[bytes] = []  # of the unfinished line
        self._parts_size = 0
        self._size = 0  # of the finished lines since the last blank line, each end counted as one
        self._data: list[str] = []
        self._name = ""
        self._id: str | None = None
        self._fields = False  # whether the block has a field of the standard

    @property
    def facts(self) -> list[Fact]:
        """One fact a kind, in the order of their first appearance."""
        return list(self._facts.values())

    def feed(self, data: bytes, at_ms: float = 0.0) -> list[Event]:
        """The events that `data`, received at `at_ms`, completes."""
        self._at_ms = at_ms
        if not self._quick or 13 in data:  # CR; an int is found much faster than a bytes object
            return self._general(data)
        if 10 not in data:  # LF: without one, nothing is completed
            return self._hold(data)
        if not self._held:
            # One whole event a read is what most servers send.
            if data[-2:] == BLANK and len(data) <= self.limit:
                event = self._usual(data[:-2])
                if event is not None:
                    return [event]
        elif BLANK in data or (data[0] == 10 and self._held[-1][-1] == 10):
            data = b"".join((*self._held, data))
            self._held = []
            self._held_size = 0
        end = data.rfind(BLANK)
        if end < 0:
            return self._hold(data)
        if len(data) > self.limit:
            return self._general(data)
        events = self._blocks(data[:end])
        if end + 2 < len(data):
            self._hold(data[end + 2 :])
        return events

    def close(self) -> list[Event]:
        """The end of the stream.

        The standard discards an event without its blank line. It is given here all the same, marked
        by a fact, so that a rule can name it.
        """
        if self.ended:
            return []
        events = self._lines((self._opening or b"") + b"".join(self._held))
        if self._open_cr:
            self._line_end(b"\r")
        rest = _without_cut_character(b"".join(self._parts))
        if not self.ended and (rest or self._size):
            if b":" in rest:  # else the name of the field itself may be cut
                self._field(rest)
            if self._fields or (rest and not rest.startswith(b":")):
                self._note(FactKind.NO_BLANK_LINE_AT_END, rest.decode("utf-8", "replace"))
            self._dispatch(events)
        self.ended = True
        self._quick, self._opening = False, None
        return events

    def _hold(self, data: bytes) -> list[Event]:
        self._held_size += len(data)
        if self._held_size > self.limit:
            return self._general(data)
        if data:
            self._held.append(data)
        return []

    def _usual(self, block: bytes) -> Event | None:
        """The event of a block that is one data line, or event and data; None for any other block."""
        try:
            if block[:6] == b"data: ":
                name, data = "", block[6:]
            elif block[:7] == b"event: ":
                first, _, data = block.partition(b"\n")
                name = first[7:].decode()
                if data[:6] != b"data: ":
                    return None
                data = data[6:]
            else:
                return None
            if 10 in data or not data:
                return None
            # Half the price of Event(…), on the path of every event.
            event = _new(Event, (data.decode(), name, self._id, self._at_ms, self._index))
        except UnicodeDecodeError:
            return None
        self._index += 1
        return event

    def _blocks(self, data: bytes) -> list[Event]:
        events = []
        for block in data.split(BLANK):
            event = self._usual(block)
            if event is None:
                events += self._lines(block + BLANK)
            else:
                events.append(event)
        return events

    def _general(self, data: bytes) -> list[Event]:
        if self._opening is not None:
            data = self._opening + data
            if len(data) < len(BOM) and BOM.startswith(data):
                self._opening = data
                return []
            self._opening = None
            if data.startswith(BOM):
                self._note(FactKind.BOM, "")
                data = data[len(BOM) :]
            self._quick = True
            return self.feed(data, self._at_ms)
        if self._quick:
            self._quick = False
            self._line_ends[b"\n"] |= self._index > 0
            data = b"".join((*self._held, data))
            self._held.clear()
        if self._open_cr and data and not self.ended:
            self._open_cr = False
            self._line_end(b"\r\n" if data[0] == 10 else b"\r")
            data = data.removeprefix(b"\n")
        return self._lines(data)

    def _lines(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        pieces = data.splitlines(keepends=True)
        for number, piece in enumerate(pieces, 1):
            line = piece.rstrip(b"\r\n")
            size = self._size + self._parts_size + len(line)
            if size > self.limit and not self.ended:
                self._end_too_long()
            if self.ended:
                break
            if len(line) == len(piece):
                self._parts.append(piece)
                self._parts_size += len(piece)
                break
            if self._parts:
                line = b"".join((*self._parts, line))
                self._parts.clear()
                self._parts_size = 0
            if line:
                self._size = size + 1
                self._field(line)
            else:
                self._blank(events)
            end = piece[-2:] if piece.endswith(b"\r\n") else piece[-1:]
            if end == b"\r" and number == len(pieces):
                self._open_cr = True
            else:
                self._line_end(end)
        return events

    def _line_end(self, end: bytes) -> None:
        if self._line_ends[end]:
            return
        self._line_ends[end] = True
        if end != b"\n":
            self._note(FactKind.CR_LINES if end == b"\r" else FactKind.CRLF_LINES, "")
        if sum(self._line_ends.values()) > 1:
            self._note(FactKind.MIXED_LINE_ENDS, "")

    def _field(self, line: bytes) -> None:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            text = line.decode("utf-8", "replace")
            self._note(FactKind.BAD_UTF8, text)
        name, colon, value = text.partition(":")
        if colon and not name:
            self._note(FactKind.COMMENT, value)
            return
        if name == "data" and value and value[0] != " ":
            self._note(FactKind.NO_SPACE, value)
        value = value.removeprefix(" ")
        self._fields |= name in {"data", "event", "id", "retry"}
        match name:
            case "data":
                self._data.append(value)
            case "event":
                self._name = value
            case "id":
                self._note(FactKind.ID_FIELD, value)
                if "\0" not in value:
                    self._id = value
            case "retry":
                self._note(FactKind.RETRY_FIELD, value)
                # int() takes more than ASCII digits, and refuses thousands of them.
                if value.isascii() and value.isdigit() and len(value) < 20:
                    self.retry_ms = int(value)
            case _:
                self._note(FactKind.UNKNOWN_FIELD, text)

    def _blank(self, events: list[Event]) -> None:
        if not self._size:
            self._note(FactKind.EXTRA_BLANK_LINE, "")
        self._size = 0
        self._dispatch(events)

    def _dispatch(self, events: list[Event]) -> None:
        if self._data:
            data = "\n".join(self._data)
            if not data:
                self._note(FactKind.EMPTY_DATA, self._name)
            events.append(Event(data, self._name, self._id, self._at_ms, self._index))
            self._index += 1
        elif self._fields:
            self._note(FactKind.NO_DATA, self._name)
        self._data = []
        self._name = ""
        self._fields = False

    def _end_too_long(self) -> None:
        self._note(FactKind.TOO_LONG, f"more than {self.limit} bytes without a blank line")
        self.ended = True
        self._parts, self._data = [], []

    def _note(self, kind: FactKind, text: str) -> None:
        known = self._facts.get(kind)
        if known is None:
            self._facts[kind] = Fact(kind, self._index, text[:_TEXT_LIMIT])
        else:
            self._facts[kind] = known._replace(times=known.times + 1)


def _without_cut_character(line: bytes) -> bytes:
    """A stream that was cut inside of a character was cut; it is not badly encoded."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return line[: error.start]
    return line
