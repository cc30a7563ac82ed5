"""Chat exchanges made by hand: chunks and completions as short as rules allow."""

import json
from typing import Any

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Result
from conformance.judging.profile import Profile
from conformance.running.profiles import load_profile
from wire.exchange import Chunk, Connection, Ended, Exchange, Reply, Request

HEAD = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1_790_000_000,
    "model": "gpt-5.5",
}
EVENT_STREAM = (("content-type", "text/event-stream"),)
JSON = (("content-type", "application/json"),)


def chunk(
    delta: Any = None, index: int = 0, finish: str | None = None, **more: Any
) -> dict[str, Any]:
    choice = {"index": index, "delta": delta or {}, "logprobs": None, "finish_reason": finish}
    return {**HEAD, "choices": [choice], **more}


def words(*texts: str, index: int = 0) -> list[dict[str, Any]]:
    """A whole choice that says these words."""
    role = {"role": "assistant", "content": "", "refusal": None}
    said = [chunk({"content": text}, index) for text in texts]
    return [chunk(role, index), *said, chunk({}, index, "stop")]


def encoded(payload: Any) -> bytes:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return f"data: {text}\n\n".encode()


def stream(
    *payloads: Any, times: Any = None, ended: Ended = Ended.COMPLETE, **asked: Any
) -> Exchange:
    """A streamed exchange; a payload of bytes goes as it is. `times` are arrivals in ms."""
    data = [p if isinstance(p, bytes) else encoded(p) for p in payloads]
    at = times or range(len(data))
    chunks = tuple(Chunk(float(ms), piece) for ms, piece in zip(at, data, strict=True))
    reply = Reply(200, EVENT_STREAM, chunks, 0.0)
    return exchange(reply, ended, stream=True, **asked)


def plain(body: Any, status: int = 200, **asked: Any) -> Exchange:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return exchange(Reply(status, JSON, (Chunk(1.0, data),), 1.0), Ended.COMPLETE, **asked)


def completion(content: Any, **message: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": content, "refusal": None, **message}
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": "stop"}
    return {**HEAD, "object": "chat.completion", "choices": [choice]}


def exchange(
    reply: Reply, ended: Ended, probe: str | None = None, text: str = "hi", **asked: Any
) -> Exchange:
    body = {"model": "gpt-5.5", "messages": [{"role": "user", "content": text}], **asked}
    request = Request("POST", "/chat/completions", JSON, json.dumps(body).encode())
    name = f"{probe or 'made'}-{id(reply)}"
    return Exchange(name, request, reply, Connection(ended), 1_790_000_000.0, probe, "gpt-5.5")


def judged(row: str, *exchanges: Exchange, profile: str | Profile = "openai") -> Result:
    known = catalogue()
    chosen = load_profile(profile) if isinstance(profile, str) else profile
    return Judge(known, chosen, exchanges).result(known.requirements[row], "gpt-5.5")


def verdict(row: str, *exchanges: Exchange, profile: str | Profile = "openai") -> str:
    return str(judged(row, *exchanges, profile=profile).outcome)
