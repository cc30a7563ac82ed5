"""Faults of Responses streams on the wire: framing, headers, timing, ends."""

from typing import Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import renamed, reordered
from gateway.faults.machinery.response_edits import stream_fault as fault
from gateway.faults.machinery.response_events import ITEM_ADDED, ITEM_DONE, TEXT_DELTA
from gateway.faults.machinery.stream_edits import burst, cut_after, edit, insert_before, of_type
from gateway.faults.machinery.transform import on_success, with_header, without_header
from gateway.faults.machinery.wire_edits import after, before, each, last, replaced
from gateway.frames import Ending, Frame


def _with_id(data: bytes) -> bytes:
    """Also what a text says may look like an event; only what is one gets the line."""
    return b"id: 1\n" + data if data.startswith(b"event: ") else data


def _wire_faults() -> tuple[Fault, ...]:
    framing, timing, cut = Family.FRAMING, Family.TIMING, Family.TRUNCATION
    return (
        fault("event-lines-missing", "Events have no event line.", framing,
               edit(lambda frames: tuple(frame._replace(name="") for frame in frames))),
        fault("event-lines-message", "All event lines say 'message'.", framing,
               edit(lambda frames: tuple(frame._replace(name="message") for frame in frames))),
        fault("event-line-wrong", "An event line does not say the type of its event.", framing,
               edit(lambda frames: tuple(frame._replace(name="response.text.delta")
                    if of_type(TEXT_DELTA)(frame) else frame for frame in frames))),
        fault("type-chat", "Chat chunks come where events belong.", framing,
               edit(lambda _: (Frame(0, "", {"id": "chatcmpl-1", "object": "chat.completion.chunk",
                   "created": 1, "model": "gpt-5.5", "choices": [{"index": 0, "delta":
                   {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}),
                   Frame(0, "", "[DONE]")))),
        fault("type-unknown", "Text deltas have an invented type.", Family.VALUE,
               renamed(TEXT_DELTA, "response.text_delta")),
        fault("unknown-event", "An invented event without a prefix comes.", Family.VALUE,
               reordered(insert_before(of_type(ITEM_ADDED), Frame(0, "response.thinking",
                   {"type": "response.thinking", "sequence_number": 0})))),
        fault("ping-without-data", "An event without data comes.", framing,
               wire=replaced(b"event: response.output_item.added\n",
                             b"event: ping\n\nevent: response.output_item.added\n")),
        fault("not-json", "The data of an event is not JSON.", framing,
               wire=replaced(b'data: {"type":"response.in_progress"',
                             b"data: {'type':'response.in_progress'")),
        fault("bom", "The stream begins with a byte order mark.", framing,
               wire=before(b"\xef\xbb\xbf")),
        fault("crlf-mixed", "Some lines end in CRLF, others in LF.", framing,
               wire=replaced(b"event: response.in_progress\n", b"event: response.in_progress\r\n")),
        fault("id-lines", "Events have id lines.", framing,
               wire=each(_with_id)),
        fault("last-blank-line-missing", "The last event is not closed by a blank line.", framing,
               wire=last(lambda data: data.rstrip(b"\n") + b"\n")),
        fault("utf8-broken", "A character is cut in its middle.", framing,
               wire=replaced("é".encode(), b"\xc3")),
        fault("latin-1", "Text is encoded as Latin-1.", framing,
               wire=replaced("é".encode(), "é".encode("latin-1"))),
        fault("done-twice", "[DONE] comes twice.", framing,
               wire=after(b"data: [DONE]\n\ndata: [DONE]\n\n")),
        fault("garbage-after", "Text that is no event follows the stream.", framing,
               wire=after(b"<html>oops</html>\n\n")),
        fault("content-type-json", "The stream says that it is JSON.", Family.HEADER,
               on_success(with_header("content-type", "application/json"))),
        fault("content-type-missing", "The stream does not say what it is.", Family.HEADER,
               on_success(without_header("content-type"))),
        fault("buffered", "All events come at once at the end.", timing, edit(burst)),
        fault("first-token-late", "The first delta comes when all is ready.", timing, edit(_late)),
        fault("stalled", "The stream stands still in its middle for 20 seconds.", timing,
               edit(lambda frames: tuple(frame._replace(delay_ms=20_000)
                    if i == len(frames) // 2 else frame for i, frame in enumerate(frames)))),
        fault("cut-early", "The connection ends after the first delta.", cut,
               cut_after(of_type(TEXT_DELTA))),
        fault("cut-before-terminal", "The connection ends before the terminal event.", cut,
               cut_after(of_type(ITEM_DONE), -1)),
        fault("ended-early", "The stream ends cleanly after the first delta.", cut,
               cut_after(of_type(TEXT_DELTA), 0, Ending.COMPLETE)),
        fault("reset", "The connection is reset after the first delta.", cut,
               cut_after(of_type(TEXT_DELTA), 0, Ending.RESET)),
    )  # fmt: skip


def _late(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """All waiting is done before the first delta."""
    total = sum(frame.delay_ms for frame in frames)
    first = next((i for i, frame in enumerate(frames) if frame.delay_ms), None)
    return tuple(
        frame._replace(delay_ms=total if i == first else 0) for i, frame in enumerate(frames)
    )


FAULTS: Final = _wire_faults()
