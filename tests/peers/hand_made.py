"""Exchanges as a server of others gives them, made by hand, and the verdict on them under profile openai."""

import json

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge
from conformance.running.profiles import load_profile
from wire.exchange import Chunk, Connection, Ended, Exchange, Reply, Request

MODEL = "tiny"
JSON = (("content-type", "application/json"),)
EVENTS = (("content-type", "text/event-stream"),)
CHAT, RESPONSES = "/chat/completions", "/responses"


def said(
    probe,
    body,
    answer,
    *,
    status=200,
    path=CHAT,
    headers=None,
    method="POST",
    of_model=True,
    **more,
):
    """One exchange; an answer that is a list is a stream of these events."""
    stream = isinstance(answer, list)
    data = "".join(f"data: {json.dumps(e)}\n\n" for e in answer) if stream else answer
    data = data if isinstance(data, str) else json.dumps(data)
    sent = json.dumps({"model": MODEL, **body}).encode() if method == "POST" else b""
    reply = Reply(
        status, headers or (EVENTS if stream else JSON), (Chunk(1.0, data.encode()),), 1.0
    )
    connection = Connection(**{"ended": Ended.COMPLETE, **more})
    request = Request(method, path, JSON, sent)
    return Exchange(f"{probe}-1", request, reply, connection, 1_790_000_000.0, probe,
                    MODEL if of_model else None)  # fmt: skip


def verdict(requirement, *exchanges):
    row = catalogue().requirements[requirement]
    judge = Judge(catalogue(), load_profile("openai"), exchanges)
    return judge.result(row, MODEL if row.per_model else "")


def completion(**more):
    message = {"role": "assistant", "content": "Hi", "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000,
            "model": MODEL, "choices": [choice], "usage": usage, **more}  # fmt: skip


def chunk(**choice):
    choices = [{"index": 0, "delta": {}, "finish_reason": None, **choice}]
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000,
            "model": MODEL, "choices": choices}  # fmt: skip


HELLO = {"messages": [{"role": "user", "content": "Hi"}]}
NO_MESSAGES = {"messages": []}
ERROR = {"error": {"message": "no", "type": "invalid_request_error", "param": None, "code": None}}
