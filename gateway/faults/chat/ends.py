"""Faults of how chat streams run and end: time, truncation, errors, clients that leave."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.accounts.charge import Charge
from gateway.faults.machinery.chat_edits import fault, streamed
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import CHAT_STREAM
from gateway.faults.machinery.stream_edits import (
    Frames,
    burst,
    cut_after,
    delta_with,
    drop_frames,
    edit,
    insert_after,
    is_json,
)
from gateway.faults.machinery.transform import on_body, on_frames, put
from gateway.frames import Ending, Frame, GatewayReply
from wire.exchange import Request

_TIMING, _TRUNCATION = Family.TIMING, Family.TRUNCATION
_DONE: Final = Frame(0, "", "[DONE]")


def _is_error(frame: Frame) -> bool:
    return is_json(frame) and "error" in frame.payload


def _scripted(name: str) -> Callable[[Request], bool]:
    return lambda request: f"[[script {name}]]" in str(request.params.get("messages"))


def _headers_late(_: Request, reply: GatewayReply) -> GatewayReply:
    """The headers wait for the first token."""
    if not reply.frames:
        return reply
    first = reply.frames[0]
    frames = (first._replace(delay_ms=0), *reply.frames[1:])
    return replace(reply, frames=frames, delay_ms=reply.delay_ms + first.delay_ms)


def _stalled(place: float, ms: float) -> Any:
    """A silence at a place of the stream, from 0 to 1."""

    def made(frames: Frames) -> Frames:
        at = min(len(frames) - 1, max(1, int(len(frames) * place)))
        return tuple(
            f._replace(delay_ms=f.delay_ms + ms) if i == at else f for i, f in enumerate(frames)
        )

    return edit(made)


def _blocks(frames: Frames) -> Frames:
    """All content in two bursts."""
    half = len(frames) // 2
    return (*burst(frames[:half]), *burst(frames[half:]))


def _refused_as_stream(_: Request, reply: GatewayReply) -> GatewayReply:
    """Refusals come as a stream of one error."""
    if reply.status < 400:
        return reply
    headers = tuple(p for p in reply.headers if p[0] not in {"content-type", "content-length"})
    return replace(
        reply,
        status=200,
        headers=(*headers, ("content-type", "text/event-stream")),
        frames=(Frame(0, "", reply.body), _DONE),
        body=None,
    )


def _error_as_stream(request: Request, reply: GatewayReply) -> GatewayReply:
    """Refusals keep their status, but come as a stream."""
    if reply.status < 400:
        return reply
    return replace(_refused_as_stream(request, reply), status=reply.status)


def _whole_price(charge: Charge) -> Charge:
    """Leaving early saves nothing: all is charged with the first frame."""
    return replace(
        charge, completion_at=tuple(charge.usage.completion for _ in charge.completion_at)
    )


class _Leftover:
    """After a long stream, the next plain answer is what was left of it."""

    def __init__(self) -> None:
        self.left = False

    def __call__(self, request: Request, reply: GatewayReply) -> GatewayReply:
        if reply.frames is not None:
            self.left = len(reply.frames) > 100
            return reply
        left, self.left = self.left, False
        rest = " ".join(str(n) for n in range(6, 121))
        return on_body(put("choices[].message.content", rest))(request, reply) if left else reply


def _after_error(frames: Frames) -> Frames:
    """Chunks go on after an error."""
    place = next((i for i, frame in enumerate(frames) if _is_error(frame)), None)
    return frames if place is None else (*frames[: place + 1], frames[1], *frames[place + 1 :])


FAULTS: tuple[Fault, ...] = (
    streamed("burst", "stream.incremental", "All chunks come at once at the end.", _TIMING, edit(burst)),
    streamed("two-bursts", "stream.incremental", "The chunks come in two bursts.", _TIMING, edit(_blocks)),
    streamed("stall", "stream.steady", "The stream stands still in its middle.", _TIMING, _stalled(0.5, 5_000)),
    streamed("late-done", "stream.steady", "[DONE] comes long after the rest.", _TIMING, _stalled(1, 8_000)),
    streamed("headers-late", "stream.headers-early", "The headers wait for the first token.", _TIMING,
        _headers_late),
    streamed("cut", "stream.whole http.whole http.keep-alive.stream", "The connection closes in the middle.",
        _TRUNCATION, cut_after(delta_with("content"), 1)),
    streamed("reset", "stream.whole http.whole http.keep-alive.stream", "The connection is reset in the middle.",
        _TRUNCATION, cut_after(delta_with("content"), 1, Ending.RESET)),
    streamed("stops-silently", "stream.content stream.done stream.error-event stream.finish-once stream.usage-last",
        "The stream ends well-formed in the middle.", _TRUNCATION,
        cut_after(delta_with("content"), 1, Ending.COMPLETE)),
    streamed("error-swallowed", "stream.content stream.error-event stream.done stream.finish-once",
        "A stream that fails just stops.", _TRUNCATION, drop_frames(_is_error)),
    streamed("error-as-end", "stream.content stream.error-event stream.finish-once", "A stream that fails says [DONE].",
        _TRUNCATION, edit(lambda frames: tuple(_DONE if _is_error(f) else f for f in frames))),
    streamed("error-text", "stream.error-shape", "An error in a stream is a text.", Family.SHAPE,
        on_frames(put("error", "something went wrong"), _is_error)),
    streamed("error-code-only", "stream.error-shape", "An error in a stream has no message.", Family.SHAPE,
        on_frames(put("error", {"code": 500}), _is_error)),
    streamed("error-goes-on", "stream.error-ends", "Chunks follow an error.", Family.ORDER, edit(_after_error)),
    streamed("error-twice", "stream.error-ends", "An error comes twice.", Family.ORDER,
        insert_after(_is_error, Frame(0, "", {"error": {"message": "Again.", "type": "server_error"}}))),
    fault("stream.refused-as-stream", "stream.error-before", "Refusals come as a stream.", Family.STATUS,
        CHAT_STREAM, reply=_refused_as_stream),
    fault("stream.error-as-stream", "stream.error-before", "Refusals have their status, but come as a stream.",
        Family.HEADER, CHAT_STREAM, reply=_error_as_stream),
    fault("stream.leftover", "stream.after-abort answer.exact-text",
        "Who asks after leaving a stream gets the rest of it.", Family.STATE, reply=_Leftover()),
    fault("stream.abort-charged", "stream.abort-bill", "Who leaves a stream pays for all of it.", Family.BILLING,
        CHAT_STREAM, settle=_whole_price),
)  # fmt: skip
