"""A response as a stream: lifecycle events around the events of its items, numbered and paced."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.frames import Frame
from gateway.model import tokens
from gateway.model.usage import Usage
from gateway.responses.events import OBFUSCATED, Step, item_steps
from gateway.responses.items import Item

# Scripts that end a stream with something other than its outcome.
FAILURE: Final = {
    "code": "server_error",
    "message": "The model failed to generate a response.",
}
_ERROR: Final = {
    "code": "server_error",
    "message": "An error occurred while processing your request.",
    "param": None,
}
_TERMINAL: Final = {
    "completed": "response.completed",
    "incomplete": "response.incomplete",
    "failed": "response.failed",
}
_ITEM_EVENTS_BEFORE_ERROR: Final = 4
_AUDIO: Final = ("UklGRiQAAABXQVZF", "Zm10IBAAAAABAAEA")
# The padding that hides the length of a token, cut from here to fill up blocks of 16 characters.
_NOISE: Final = "aZ3kQ9xW7mB1tR5yL0vC8nE2sJ6dF4gHuPqYwKzXoTiS"
_BLOCK: Final = 16


@dataclass(frozen=True)
class StreamOptions:
    """How a stream is told."""

    script: str | None = None
    ttft_ms: float = 0
    itl_ms: float = 0
    obfuscated: bool = True
    queued: bool = False


def stream_frames(started: Item, ended: Item, options: StreamOptions) -> tuple[Frame, ...]:
    """All frames of a response that began as `started` and ended as `ended`."""
    return tuple(_frames(_steps(started, ended, options), options))


def _steps(started: Item, ended: Item, options: StreamOptions) -> Iterator[Step]:
    if options.queued:
        waiting = {**started, "status": "queued"}
        yield Step("response.created", {"response": waiting})
        yield Step("response.queued", {"response": waiting})
    else:
        yield Step("response.created", {"response": started})
    yield Step("response.in_progress", {"response": started})
    if options.script == "keepalive":
        yield Step("keepalive", {}, paced=True)
    if options.script == "error_event":
        yield Step("error", _ERROR, paced=True)
        return
    if options.script == "audio":
        yield from _audio_steps()
    output = enumerate(ended["output"])
    inner = (step for n, item in output for step in item_steps(item, n, tokens.tokenize))
    if options.script == "midstream_error":
        yield from _broken(inner, started)
        return
    yield from inner
    yield Step(_TERMINAL[ended["status"]], {"response": ended})


def _broken(inner: Iterable[Step], started: Item) -> Iterator[Step]:
    for number, step in enumerate(inner):
        if number == _ITEM_EVENTS_BEFORE_ERROR:
            break
        yield step
    yield Step("error", _ERROR, paced=True)
    yield Step("response.failed", {"response": {**started, "status": "failed", "error": FAILURE}})


def _audio_steps() -> Iterator[Step]:
    for data in _AUDIO:
        yield Step("response.audio.delta", {"delta": data}, paced=True)
    for word in tokens.tokenize("This is spoken."):
        yield Step("response.audio.transcript.delta", {"delta": word}, paced=True)
    yield Step("response.audio.transcript.done", {})
    yield Step("response.audio.done", {})


def _frames(steps: Iterable[Step], options: StreamOptions) -> Iterator[Frame]:
    wait = options.ttft_ms
    for number, step in enumerate(steps):
        fields = {**step.fields, "sequence_number": number}
        if options.obfuscated and step.type in OBFUSCATED:
            fields["obfuscation"] = _padding(step.fields["delta"], number)
        payload = {"type": step.type} | {name: fields[name] for name in sorted(fields)}
        yield Frame(wait if step.paced else 0, step.type, payload)
        if step.paced:
            wait = options.itl_ms


def _padding(delta: str, number: int) -> str:
    size = _BLOCK - len(delta) % _BLOCK
    start = number * 7 % (len(_NOISE) - _BLOCK)
    return _NOISE[start : start + size]


def after(frames: Iterable[Frame], sequence_number: int) -> tuple[Frame, ...]:
    """The rest of a stream that was read up to a sequence number, without its delays."""
    return tuple(
        frame._replace(delay_ms=0)
        for frame in frames
        if frame.payload["sequence_number"] > sequence_number
    )


def completion_at(frames: Iterable[Frame], usage: Usage) -> tuple[int, ...]:
    """How many completion tokens have been sent after each frame, for a stream that is aborted."""
    counts: list[int] = []
    sent = 0
    for frame in frames:
        payload: Mapping[str, Any] = frame.payload
        if frame.name.endswith(".delta"):
            sent += 1
        elif frame.name == "response.output_item.done" and payload["item"]["type"] == "reasoning":
            sent = usage.reasoning
        elif frame.name in _TERMINAL.values():
            sent = usage.completion
        counts.append(min(sent, usage.completion))
    return tuple(counts)
