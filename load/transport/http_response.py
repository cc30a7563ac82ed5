"""The bytes of HTTP responses, one after the other on a connection: HTTP, then events, then the reader.

No sockets here: `feed` takes what was received and its stamp, `whole` says that a message is over.
"""

from collections.abc import Sequence
from typing import Any, Final

import httptools

from load.transport.batched_events import BatchDecoder
from load.transport.classification import EVENT_STREAM, framing, readable
from load.transport.reader import DETAIL
from load.transport.request import KEPT_BYTES, Arrival
from wire.sse import FactKind

BODY_LIMIT: Final = 16 * 2**20  # of an answer in one piece, which is kept until it is whole
# Received in a row that is no body: headers, trailers, interim responses.
BESIDE_LIMIT: Final = 256 * 1024
HELD_LIMIT: Final = 256 * 2**20  # of all bodies that this process holds at once
TEXTS_LIMIT: Final = 2**15  # pieces of text of one answer, each some 50 bytes and its own object
EVENT_LIMIT: Final = 2 * 2**20  # of one event of a stream
REFUSAL_LIMIT: Final = 64 * 1024  # of the body of an error: no more of it is read
_FRAMES: Final = frozenset({b"content-length", b"transfer-encoding"})  # say where the body ends
_held = 0  # bytes of bodies


class HttpResponse:
    __slots__ = (
        "_beside",
        "_body",
        "_body_size",
        "_decoder",
        "_parser",
        "_parts",
        "arrival",
        "at_ns",
        "keep_alive",
        "sized",
        "whole",
    )  # fmt: skip

    def __init__(self) -> None:
        self.arrival: Arrival | None = None
        self.at_ns = 0  # stamp of the bytes that are fed
        self.whole = False  # the message is over
        self.keep_alive = False
        self.sized = False  # the message says itself where it ends
        self._beside = 0  # bytes since the last that were of a body
        self._body: list[bytes] = []
        self._body_size = 0
        self._decoder: BatchDecoder | None = None
        self._parts: list[bytes] = []  # of an event stream, out of the bytes that are fed
        self._parser: Any = httptools.HttpResponseParser(self)

    def begin(self, arrival: Arrival) -> None:
        """The next message belongs to this arrival."""
        self.arrival = arrival
        self.whole = self.keep_alive = self.sized = False
        self._decoder = None
        self._release()
        self._beside = 0
        self._parts.clear()

    def close(self) -> None:
        # The parser holds our bound methods: without this the two would live until a collection.
        self._parser = None
        self.arrival = None
        self._release()

    def _release(self) -> None:
        """Let go of the body."""
        global _held  # noqa: PLW0603 - one number for the whole process
        if self._body:
            _held -= sum(map(len, self._body))
            self._body = []
        self._body_size = 0

    def feed(self, data: bytes, at_ns: int) -> None:
        """Bytes as received, and their stamp. Raises HttpParserError."""
        self.at_ns = at_ns
        try:
            self._parser.feed_data(data)
        finally:
            if self._parts:
                self._beside = 0
                self._read_parts()
            else:
                self._beside += len(data)
        if self._beside > BESIDE_LIMIT and not self.whole:
            raise httptools.HttpParserError(f"{BESIDE_LIMIT // 1024} KB without any body")

    def _read_parts(self) -> None:
        """All that one receive brought, whatever chunks it came in, goes through the decoder at once."""
        arrival, decoder, at_ns = self.arrival, self._decoder, self.at_ns
        assert arrival is not None
        assert decoder is not None
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        take = arrival.reader.take
        try:
            for event in decoder.feed(body):
                if not arrival.first_event_ns:
                    arrival.first_event_ns = at_ns
                take(event.data, event.name, at_ns)
        except (RecursionError, ValueError) as error:
            raise httptools.HttpParserError(f"an event that cannot be read: {error}") from error
        if len(arrival.reader.texts) > TEXTS_LIMIT:
            arrival.reader.forget_texts()

    def finish(self, at_ns: int) -> None:
        """Hand over what the decoder and the body still hold; no more will come."""
        arrival = self.arrival
        assert arrival is not None
        if self._decoder is not None:
            for event in self._decoder.close():
                if readable(event):
                    arrival.reader.take(event.data, event.name, at_ns)
            facts = self._decoder.facts
            if facts:
                arrival.violations |= framing(facts, arrival)
            if any(fact.kind is FactKind.TOO_LONG for fact in facts):
                arrival.reader.problem = f"an event of more than {EVENT_LIMIT // 2**20} MB"
        elif self.whole and 200 <= arrival.status < 300 and not arrival.request.stream:
            arrival.first_event_ns = at_ns
            text = b"".join(self._body).decode("utf-8", "replace")
            self._release()
            arrival.reader.take(text, "", at_ns)

    @property
    def batchable(self) -> bool:
        """Whether a piece that ends an event and its chunk may wait: its stamp is all that is needed."""
        arrival, decoder = self.arrival, self._decoder
        return (
            arrival is not None
            and decoder is not None
            and decoder.between
            and bool(arrival.reader.stamps)
            and arrival.kept is None
            and not self.whole
        )

    def take_batch(self, pieces: Sequence[bytes], stamps: Sequence[int]) -> bool:
        """Read pieces of a batch; False: they are of another form, and nothing was read."""
        arrival, decoder = self.arrival, self._decoder
        assert arrival is not None
        assert decoder is not None
        if not arrival.reader.take_batch(pieces, stamps):
            return False
        decoder.skip(len(pieces))
        arrival.received_bytes += sum(map(len, pieces))
        arrival.last_ns = stamps[-1]
        if len(arrival.reader.texts) > TEXTS_LIMIT:
            arrival.reader.forget_texts()
        return True

    # Callbacks of the parser. What follows a whole message was not asked for.

    def on_header(self, name: bytes, value: bytes) -> None:
        arrival = self.arrival
        if arrival is None or self.whole:
            return
        key = name.lower()
        if key in _FRAMES:
            self.sized = True
        elif key == b"content-type":
            arrival.media_type = value.partition(b";")[0].strip()[:DETAIL].decode("latin-1")
        elif key == b"retry-after":
            arrival.retry_after = value[:40].decode("latin-1")
        elif key == b"content-encoding":
            encoding = value.strip().lower().decode("latin-1")
            arrival.encoding = "" if encoding in {"", "identity"} else encoding[:40]
        elif key == b"location":
            arrival.location = value[:DETAIL].decode("latin-1")
        if arrival.kept is not None:
            arrival.headers.append((key.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        arrival = self.arrival
        if arrival is None or self.whole:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            return
        arrival.status = status
        arrival.headers_ns = self.at_ns
        self.sized |= status in {204, 304}
        arrival.framed = self.sized
        if (
            arrival.request.stream
            and 200 <= status < 300
            and arrival.media_type.lower() == EVENT_STREAM
        ):
            self._decoder = BatchDecoder(EVENT_LIMIT)

    def on_body(self, body: bytes) -> None:
        arrival = self.arrival
        if arrival is None or self.whole:
            return
        if arrival.kept is not None and arrival.received_bytes < KEPT_BYTES:
            arrival.kept.append((self.at_ns, body))
        if self._decoder is not None:
            self._parts.append(body)
            return
        self._beside = -len(body)
        self._body_size += len(body)
        if not 200 <= arrival.status < 300:
            if self._body_size > REFUSAL_LIMIT:
                raise ValueError(f"an error of more than {REFUSAL_LIMIT // 1024} KB")
            return  # only its status counts
        if self._body_size > BODY_LIMIT:
            raise ValueError(f"an answer of more than {BODY_LIMIT // 2**20} MB")
        global _held  # noqa: PLW0603
        _held += len(body)
        self._body.append(body)
        if _held > HELD_LIMIT:
            raise ValueError(f"answers that together hold more than {HELD_LIMIT // 2**20} MB")

    def on_message_complete(self) -> None:
        arrival = self.arrival
        if arrival is None or not arrival.headers_ns:
            return  # of an interim response
        # A second message in the same bytes: the connection cannot be trusted any more.
        self.keep_alive = not self.whole and self.sized and self._parser.should_keep_alive()
        self.whole = True
