"""Faults of chat streams: framing, fields of chunks, order, usage."""

from itertools import count
from typing import Any, Final

from gateway.faults.machinery.chat_edits import fed, streamed
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import When, asking, negated
from gateway.faults.machinery.stream_edits import (
    Frames,
    delta_with,
    drop_frame,
    drop_frames,
    edit,
    finishing,
    is_done,
    is_json,
    move_to_end,
    repeat_frame,
    with_usage,
)
from gateway.faults.machinery.transform import (
    Change,
    alter,
    drop,
    on_frames,
    put,
)
from gateway.frames import Frame

_SHAPE, _VALUE, _ORDER, _FRAMING = Family.SHAPE, Family.VALUE, Family.ORDER, Family.FRAMING
_WITHOUT_USAGE: Final[When] = negated(asking("stream_options"))
_USAGE: Final = {
    "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2,
    "prompt_tokens_details": {"cached_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0},
}  # fmt: skip
# Field of a chunk -> the requirements that own it, and a value of a wrong type.
_FIELDS: Final[dict[str, tuple[str, Any]]] = {
    "id": ("chunk.id", 7),
    "object": ("chunk.object", None),
    "created": ("chunk.created", "1700000000"),
    "model": ("chunk.model", None),
    "choices": ("chunk.choices", None),
    "choices[].index": ("chunk.index", "0"),
    "choices[].delta": ("chunk.delta", None),
    "choices[].finish_reason": ("chunk.finish-reason", 0),
}
_OPTIONAL: Final[dict[str, tuple[str, Any]]] = {
    "service_tier": ("chunk.values", 1),
    "system_fingerprint": ("chunk.values", 7),
    "obfuscation": ("chunk.values", 4),
    "choices[].logprobs": ("chunk.logprobs stream.logprobs", []),
}


def _always(value: Any) -> Change:
    return lambda _: value


def _slug(path: str) -> str:
    return path.rpartition(".")[2].replace("_", "-")


def _once_at(path: str, number: int, value: Any) -> Any:
    """Another value in one chunk alone."""

    def make() -> Any:
        numbers = count()
        return lambda payload: put(path, value)(payload) if next(numbers) == number else payload

    return fed(make)


def _dropped_at(path: str, number: int) -> Any:
    """Without a member in one chunk alone."""

    def make() -> Any:
        numbers = count()
        return lambda payload: drop(path)(payload) if next(numbers) == number else payload

    return fed(make)


def _numbered(path: str, change: Any) -> Any:
    """Each chunk has its own value."""

    def make() -> Any:
        numbers = count()
        return alter(path, lambda old: change(old, next(numbers)))

    return fed(make)


def _late(frames: Frames) -> Frames:
    """A delta comes again behind the end of its choice."""
    place = next((i for i, frame in enumerate(frames) if finishing(frame)), None)
    said = next((frame for frame in frames if delta_with("content")(frame)), None)
    if place is None or said is None:
        return frames
    return (*frames[: place + 1], said, *frames[place + 1 :])


def _role_late(frames: Frames) -> Frames:
    first, second, *rest = frames
    if not (delta_with("role")(first) and delta_with("content")(second)):
        return frames
    early = second._replace(delay_ms=first.delay_ms)
    return (early, first._replace(delay_ms=second.delay_ms), *rest)


def _usage_first(frames: Frames) -> Frames:
    return tuple(sorted(frames, key=lambda frame: not with_usage(frame)))


def _usage_with_finish(frames: Frames) -> Frames:
    usage = next((frame.payload["usage"] for frame in frames if with_usage(frame)), None)
    kept = [frame for frame in frames if usage is None or not with_usage(frame)]
    return tuple(
        frame._replace(payload={**frame.payload, "usage": usage})
        if usage and finishing(frame)
        else frame
        for frame in kept
    )


def _with_empty(frames: Frames) -> Frames:
    empty = Frame(0, "", {**frames[0].payload, "choices": []})
    return (frames[0], empty, *frames[1:])


def _finish_first(frames: Frames) -> Frames:
    """What ends the stream is said before it begins."""
    return tuple(sorted(frames, key=lambda frame: not finishing(frame)))


def _last_text_with_finish(frames: Frames) -> Frames:
    """The last text comes in the finishing chunk."""
    place = next((i for i, frame in enumerate(frames) if finishing(frame)), 0)
    if place < 2 or not delta_with("content")(frames[place - 1]):
        return frames
    payload = frames[place].payload
    said = frames[place - 1].payload["choices"][0]
    choice = {**payload["choices"][0], "delta": said["delta"], "logprobs": said["logprobs"]}
    end = frames[place]._replace(payload={**payload, "choices": [choice]})
    return (*frames[: place - 1], end, *frames[place + 1 :])


FAULTS: tuple[Fault, ...] = (
    # Fields
    *(
        streamed(f"{_slug(path)}-missing", rows, f"Chunks have no {path}.", _SHAPE, on_frames(drop(path)))
        for path, (rows, _) in _FIELDS.items()
    ),
    *(
        streamed(f"{_slug(path)}-missing-once", rows, f"The fourth chunk has no {path}.", _SHAPE,
            _dropped_at(path, 3))
        for path, (rows, _) in _FIELDS.items()
    ),
    *(
        streamed(f"{_slug(path)}-retyped", rows, f"{path} of chunks is {value!r}.", _SHAPE,
            on_frames(alter(path, _always(value))))
        for path, (rows, value) in (_FIELDS | _OPTIONAL).items()
    ),
    streamed("object-wrong", "chunk.object", "The chunks' object is chat.completion.", _VALUE,
        on_frames(put("object", "chat.completion"))),
    streamed("finish-foreign", "chunk.finish-reason", "finish_reason is a word of another API.", _VALUE,
        on_frames(alter("choices[].finish_reason", lambda word: word and "end_turn"))),
    streamed("usage-empty", "chunk.usage chunk.values", "The usage object is empty.", _SHAPE,
        on_frames(put("usage", {}), with_usage)),
    streamed("logprobs-sometimes", "chunk.logprobs stream.logprobs", "The key logprobs is only in the first chunk.", _SHAPE,
        on_frames(drop("choices[].logprobs"), lambda frame: not delta_with("role")(frame))),
    streamed("tier-foreign", "chunk.values", "service_tier is an unknown word.", _VALUE,
        on_frames(put("service_tier", "standard"))),
    streamed("id-constant", "answer.id-unique http.object-id.unique", "Every stream has the same id.",
        Family.STATE, on_frames(put("id", "chatcmpl-1"))),
    streamed("id-foreign", "answer.id-prefix", "The id of another vendor leaks.", Family.LEAK,
        on_frames(alter("id", lambda text: text.replace("chatcmpl-", "msg_")))),
    streamed("id-changes", "stream.id-constant", "Each chunk has an id of its own.", Family.STATE,
        _numbered("id", lambda old, n: f"{old}{n}")),
    streamed("created-changes", "stream.created-constant", "Each chunk has its own created.", Family.STATE,
        _numbered("created", lambda old, n: old + n // 4)),
    streamed("model-changes", "answer.model stream.model-constant",
        "The first chunk names another model than the rest.", Family.STATE, _once_at("model", 0, "gpt-alias")),
    streamed("model-changes-late", "stream.model-constant", "The last chunk names the alias.", Family.STATE,
        on_frames(put("model", "gpt-5.5"), finishing)),
    streamed("fingerprint-changes", "stream.fingerprint-constant", "system_fingerprint changes.", Family.STATE,
        _once_at("system_fingerprint", 4, "fp_0")),
    streamed("tier-changes", "stream.tier-constant", "service_tier changes.", Family.STATE,
        _once_at("service_tier", 2, "auto")),
    streamed("usual-missing", "answer.usual-fields", "What the API adds unasked is not there.", _SHAPE,
        on_frames(drop("system_fingerprint"))),
    # Order
    streamed("done-missing", "stream.done", "The stream ends without [DONE].", _FRAMING, drop_frame(is_done)),
    streamed("done-twice", "stream.nothing-after-done", "[DONE] comes twice.", _FRAMING, repeat_frame(is_done)),
    streamed("after-done", "stream.nothing-after-done", "The last chunk follows [DONE].", _ORDER,
        move_to_end(is_json, -1)),
    streamed("role-missing", "stream.role-first", "No chunk has the role.", _SHAPE,
        on_frames(drop("choices[].delta.role"))),
    streamed("role-other", "stream.role-first", "The role is that of the system.", _VALUE,
        on_frames(alter("choices[].delta.role", lambda _: "system"))),
    streamed("role-lost", "stream.role-first", "The chunk with the role is lost.", _ORDER,
        drop_frame(delta_with("role"))),
    streamed("role-late", "stream.role-first stream.role-once", "The role comes after the first text.", _ORDER,
        edit(_role_late), negated(asking("n"))),
    streamed("role-everywhere", "stream.role-once", "Each chunk has the role.", _SHAPE,
        on_frames(put("choices[].delta.role", "assistant"))),
    streamed("role-twice", "stream.role-once", "The chunk with the role comes twice.", _ORDER,
        repeat_frame(delta_with("role"))),
    streamed("finish-missing", "stream.finish-once", "No chunk has a finish reason.", _VALUE,
        on_frames(put("choices[].finish_reason", None))),
    streamed("finish-lost-second", "stream.finish-once", "The second choice never ends.", _ORDER,
        drop_frame(lambda f: finishing(f) and f.payload["choices"][0]["index"] == 1), asking("n")),
    streamed("finish-first", "stream.after-finish", "The chunk with the finish reason comes before all others.", _ORDER,
        edit(_finish_first)),
    streamed("finish-twice", "stream.finish-once", "The finish reason comes twice.", _ORDER,
        repeat_frame(finishing)),
    streamed("finish-early", "stream.after-finish stream.finish-empty stream.finish-once", "Every chunk has the finish reason.", _VALUE,
        on_frames(put("choices[].finish_reason", "stop"), delta_with("content"))),
    streamed("late-delta", "stream.after-finish stream.content", "A delta follows the finish reason.", _ORDER,
        edit(_late)),
    streamed("finish-full", "stream.finish-empty", "The last text comes with the finish reason.", _ORDER,
        edit(_last_text_with_finish), negated(asking("n"))),
    streamed("choice-lost", "answer.choices", "The second choice is lost.", Family.STATE,
        drop_frames(lambda f: is_json(f) and bool(f.payload.get("choices"))
            and f.payload["choices"][0]["index"] == 1)),
    streamed("index-from-one", "answer.choices", "Choices are counted from 1.", _VALUE,
        on_frames(alter("choices[].index", lambda n: n + 1))),
    streamed("empty-choices", "stream.empty-choices", "Chunks without choices come in between.", _SHAPE,
        edit(_with_empty)),
    # Usage
    streamed("usage-missing", "stream.usage-last", "The usage that was asked for does not come.", _SHAPE,
        drop_frames(with_usage)),
    streamed("usage-twice", "stream.usage-last", "The usage chunk comes twice.", _ORDER,
        repeat_frame(with_usage)),
    streamed("usage-not-last", "stream.usage-last", "The usage chunk comes first.", _ORDER, edit(_usage_first)),
    streamed("usage-early", "stream.usage-last", "The usage comes with the finish reason.", _ORDER,
        edit(_usage_with_finish)),
    streamed("usage-null-missing", "stream.usage-null", "Chunks before the last have no usage key.", _SHAPE,
        on_frames(drop("usage"), lambda frame: not with_usage(frame))),
    streamed("usage-choices", "stream.usage-last", "The usage chunk has a choice.", _SHAPE,
        on_frames(put("choices", [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": None}]),
            with_usage)),
    streamed("usage-unasked", "stream.no-usage-unasked", "Usage comes without being asked for.", _SHAPE,
        on_frames(put("usage", _USAGE), finishing),
        _WITHOUT_USAGE),
)  # fmt: skip
