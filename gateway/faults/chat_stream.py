"""Faults of the chat stream: framing, order, content, usage, timing."""

from itertools import count
from typing import Any

from gateway.fault import Family, Fault
from gateway.frames import Ending, Frame
from gateway.selection import CHAT_STREAM
from gateway.stream_edits import (
    burst,
    cut_after,
    delta_with,
    drop_frame,
    drop_frames,
    edit,
    finishing,
    insert_after,
    is_done,
    is_json,
    move_to_end,
    repeat_frame,
    swap_frames,
    with_usage,
)
from gateway.transform import (
    alter,
    drop,
    on_frames,
    put,
    with_header,
    without_header,
)
from gateway.wire_edits import after, before, between, last, replaced

_CONTENT = "choices[].delta.content"
_CALLS = "choices[].delta.tool_calls"


def _changing(path: str, make: Any) -> Any:
    """A reply change that gives each chunk its own value at `path`."""

    def change(request: Any, reply: Any) -> Any:
        numbers = count()
        return on_frames(alter(path, lambda old: make(old, next(numbers))))(request, reply)

    return change


def _cumulative(request: Any, reply: Any) -> Any:
    said: list[str] = []

    def grow(text: str | None) -> str | None:
        if text:
            said.append(text)
        return "".join(said) if text else text

    return on_frames(alter(_CONTENT, grow))(request, reply)


def _interleaved(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """The fragments of all calls in turns."""
    places = [i for i, frame in enumerate(frames) if delta_with("tool_calls")(frame)]
    mixed = sorted(places, key=lambda i: (i % 2, i))
    moved = dict(zip(places, mixed, strict=True))
    return tuple(frames[moved.get(i, i)] for i in range(len(frames)))


def _late(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    place = next((i for i, frame in enumerate(frames) if finishing(frame)), None)
    said = next((frame for frame in frames if delta_with("content")(frame)), None)
    if place is None or said is None:
        return frames
    return (*frames[: place + 1], said, *frames[place + 1 :])


def _usage_first(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    return tuple(sorted(frames, key=lambda frame: not with_usage(frame)))


def _with_empty(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    first = frames[0]
    empty = Frame(0, "", {**first.payload, "choices": []})
    return (first, empty, *frames[1:])


def _fault(name: str, says: str, family: Family, **how: Any) -> Fault:
    return Fault(f"chat.stream.{name}", (), says, family, when=CHAT_STREAM, **how)


FAULTS = (
    _fault("content-type", "A stream comes as application/json.", Family.HEADER,
        reply=with_header("content-type", "application/json")),
    _fault("cacheable", "A stream has no cache-control.", Family.HEADER,
        reply=without_header("cache-control")),
    _fault("done-missing", "The stream ends without [DONE].", Family.FRAMING,
        reply=drop_frame(is_done)),
    _fault("done-twice", "[DONE] comes twice.", Family.FRAMING, reply=repeat_frame(is_done)),
    _fault("after-done", "A chunk follows [DONE].", Family.ORDER,
        reply=move_to_end(is_json, -1)),
    _fault("last-line-open", "The last event is not ended by a blank line.", Family.FRAMING,
        wire=last(lambda data: data.removesuffix(b"\n"))),
    _fault("bom", "The stream starts with a byte order mark.", Family.FRAMING,
        wire=before(b"\xef\xbb\xbf")),
    _fault("not-utf8", "The stream is encoded as Latin-1.", Family.FRAMING,
        wire=replaced("é".encode(), b"\xe9")),
    _fault("id-lines", "Events have id lines.", Family.FRAMING,
        wire=replaced(b"data: {", b"id: 1\ndata: {")),
    _fault("event-lines", "Chunks have event lines.", Family.FRAMING,
        wire=replaced(b"data: {", b"event: message\ndata: {")),
    _fault("ping-event", "Heartbeats are events without data.", Family.FRAMING,
        wire=between(b"event: ping\n\n")),
    _fault("empty-data", "Heartbeats are events with empty data.", Family.FRAMING,
        wire=between(b"data:\n\n")),
    _fault("data-heartbeat", "Heartbeats are empty JSON objects.", Family.FRAMING,
        reply=insert_after(is_json, Frame(0, "", {}))),
    _fault("not-json", "One payload is not JSON.", Family.FRAMING,
        reply=insert_after(is_json, Frame(0, "", "{'id': 1}"))),
    _fault("bytes-after-end", "Text follows the last event.", Family.FRAMING,
        wire=after(b"data: bye\n\n")),
    *(
        _fault(f"{path.rpartition('.')[2]}-missing", f"Chunks have no {path}.", Family.SHAPE,
            reply=on_frames(drop(path)))
        for path in ("id", "object", "created", "model", "choices", "choices[].index",
            "choices[].delta", "choices[].finish_reason")
    ),
    _fault("object-wrong", "The chunks' object is chat.completion.", Family.VALUE,
        reply=on_frames(put("object", "chat.completion"))),
    _fault("id-changes", "Each chunk has an id of its own.", Family.STATE,
        reply=_changing("id", lambda old, n: f"{old}{n}")),
    _fault("created-changes", "Each chunk has its own created.", Family.STATE,
        reply=_changing("created", lambda old, n: old + n)),
    _fault("model-changes", "The first chunk names another model than the rest.", Family.STATE,
        reply=_changing("model", lambda old, n: old if n else "gpt-5.5-alias")),
    _fault("fingerprint-changes", "system_fingerprint changes.", Family.STATE,
        reply=_changing("system_fingerprint", lambda old, n: f"{old}{n}")),
    _fault("tier-changes", "service_tier changes.", Family.STATE,
        reply=_changing("service_tier", lambda old, n: "auto" if n == 0 else old)),
    _fault("role-missing", "No chunk has the role.", Family.SHAPE,
        reply=on_frames(drop("choices[].delta.role"))),
    _fault("role-everywhere", "Each chunk has the role.", Family.SHAPE,
        reply=on_frames(put("choices[].delta.role", "assistant"))),
    _fault("delta-lost", "One delta is lost.", Family.CONTENT,
        reply=drop_frame(delta_with("content"), 1)),
    _fault("delta-twice", "One delta comes twice.", Family.CONTENT,
        reply=repeat_frame(delta_with("content"), 1)),
    _fault("delta-order", "Two deltas are exchanged.", Family.CONTENT,
        reply=swap_frames(delta_with("content"), 1)),
    _fault("delta-cumulative", "Each delta repeats all the text so far.", Family.CONTENT,
        reply=_cumulative),
    _fault("refusal-as-content", "A refusal comes as content.", Family.CONTENT,
        reply=on_frames(alter("choices[].delta", lambda delta: {
            "content" if name == "refusal" and value else name: value
            for name, value in delta.items()}))),
    _fault("finish-missing", "No chunk has a finish reason.", Family.VALUE,
        reply=on_frames(put("choices[].finish_reason", None))),
    _fault("finish-twice", "The finish reason comes twice.", Family.ORDER,
        reply=repeat_frame(finishing)),
    _fault("late-delta", "A delta follows the finish reason.", Family.ORDER,
        reply=edit(_late)),
    _fault("usage-missing", "The usage that was asked for does not come.", Family.SHAPE,
        reply=drop_frames(with_usage)),
    _fault("usage-twice", "The usage chunk comes twice.", Family.ORDER,
        reply=repeat_frame(with_usage)),
    _fault("usage-not-last", "The usage chunk comes first.", Family.ORDER,
        reply=edit(_usage_first)),
    _fault("usage-null-missing", "Chunks before the last have no usage key.", Family.SHAPE,
        reply=on_frames(drop("usage"), lambda frame: not with_usage(frame))),
    _fault("usage-choices", "The usage chunk has a choice.", Family.SHAPE,
        reply=on_frames(put("choices", [
            {"index": 0, "delta": {}, "logprobs": None, "finish_reason": None}]), with_usage)),
    _fault("empty-choices", "Chunks without choices come in between.", Family.SHAPE,
        reply=edit(_with_empty)),
    _fault("burst", "All chunks come at once at the end.", Family.TIMING, reply=edit(burst)),
    _fault("cut", "The connection closes in the middle.", Family.TRUNCATION,
        reply=cut_after(delta_with("content"), 1)),
    _fault("reset", "The connection is reset in the middle.", Family.TRUNCATION,
        reply=cut_after(delta_with("content"), 1, Ending.RESET)),
    _fault("stops-silently", "The stream ends well-formed in the middle.", Family.TRUNCATION,
        reply=cut_after(delta_with("content"), 1, Ending.COMPLETE)),
    _fault("obfuscation-always", "The padding cannot be switched off.", Family.PARAMETER,
        reply=on_frames(put("obfuscation", "xxxx"))),
    _fault("call-index-from-one", "The index of tool calls starts at 1.", Family.VALUE,
        reply=on_frames(alter(f"{_CALLS}[].index", lambda n: n + 1))),
    _fault("call-index-missing", "Tool calls have no index.", Family.SHAPE,
        reply=on_frames(drop(f"{_CALLS}[].index"))),
    _fault("call-id-missing", "Tool calls have no id.", Family.SHAPE,
        reply=on_frames(drop(f"{_CALLS}[].id"))),
    _fault("call-type-null", "The type of tool calls is null.", Family.VALUE,
        reply=on_frames(alter(f"{_CALLS}[].type", lambda _: None))),
    _fault("call-fragment-lost", "A fragment of arguments is lost.", Family.CONTENT,
        reply=drop_frame(delta_with("tool_calls"), 2)),
    _fault("call-interleaved", "The fragments of two calls are mixed.", Family.ORDER,
        reply=edit(_interleaved)),
)  # fmt: skip
