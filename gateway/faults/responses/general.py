"""Faults of the plain response object: keys, values, items, usage."""

from dataclasses import replace
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import LIFECYCLE, on_events
from gateway.faults.machinery.selection import RESPONSES, RESPONSES_PLAIN, RESPONSES_STREAM
from gateway.faults.machinery.transform import (
    Change,
    ReplyChange,
    alter,
    chain,
    drop,
    in_turn,
    on_body,
    on_status,
    put,
    with_status,
)
from gateway.frames import Frame, GatewayReply
from wire.exchange import Request

_SHAPE, _VALUE, _STATE, _LEAK = Family.SHAPE, Family.VALUE, Family.STATE, Family.LEAK
# What every response object has, and null is right for.
_NULLABLE: Final = (
    "error", "incomplete_details", "instructions", "metadata", "temperature", "top_p",
)  # fmt: skip
# What every response object has, and null is wrong for.
_REQUIRED: Final = (
    "id", "object", "created_at", "model", "output", "parallel_tool_calls", "tool_choice", "tools",
)  # fmt: skip
# What the real API always sends today, though the types call it optional: key -> a wrong value.
_OPTIONAL: Final[dict[str, Any]] = {
    "background": "no", "completed_at": "now", "max_output_tokens": "16", "max_tool_calls": "1",
    "previous_response_id": 7, "prompt_cache_key": 7, "prompt_cache_retention": "1h",
    "reasoning": "none", "safety_identifier": 7, "service_tier": 7, "status": "done",
    "text": "text", "top_logprobs": "0", "truncation": "none", "user": 7, "store": "yes",
    "tool_usage": [], "moderation": "ok", "conversation": "conv_1", "prompt": "pmpt_1",
    "image": "auto", "input_transformations": "none", "prompt_cache_diagnostics": "hit",
    "prompt_cache_options": "30m",
}  # fmt: skip
_USAGE: Final = (
    "input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details",
    "total_tokens", "input_tokens_details.cached_tokens",
    "output_tokens_details.reasoning_tokens",
)  # fmt: skip


def _slug(path: str) -> str:
    return path.replace("_", "-").replace(".", "-")


def _objects(change: Change) -> ReplyChange:
    """Changes the response object wherever it comes: as the body and in lifecycle events."""
    in_event = on_events(LIFECYCLE, lambda p: {**p, "response": change(p["response"])})
    return in_turn(on_body(change), in_event)


def _object(name: str, says: str, family: Family, change: Change) -> Fault:
    return Fault(f"responses.{name}", (), says, family, when=RESPONSES, reply=_objects(change))


def _plain(name: str, says: str, family: Family, change: Change) -> Fault:
    return Fault(f"responses.{name}", (), says, family, when=RESPONSES_PLAIN, reply=on_body(change))


def _items(kind: str, change: Change) -> Change:
    """Changes the output items of a type."""

    def made(response: Any) -> Any:
        output = response.get("output") or []
        return {**response, "output": [change(i) if i["type"] == kind else i for i in output]}

    return made


def _as_chat(_: Request, reply: GatewayReply) -> GatewayReply:
    if reply.status >= 400:
        return reply
    chunk = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-5.5"}
    message = {"role": "assistant", "content": "hi", "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return replace(reply, body={**chunk, "choices": [choice]})


def _as_stream(_: Request, reply: GatewayReply) -> GatewayReply:
    if reply.body is None or reply.status >= 400:
        return reply
    payload = {"type": "response.completed", "response": reply.body, "sequence_number": 0}
    headers = tuple(pair for pair in reply.headers if pair[0] != "content-type")
    frame = Frame(0, "response.completed", payload)
    media = ("content-type", "text/event-stream; charset=utf-8")
    return replace(reply, body=None, frames=(frame,), headers=(media, *headers))


def _as_json(_: Request, reply: GatewayReply) -> GatewayReply:
    if not reply.frames:
        return reply
    headers = tuple(pair for pair in reply.headers if pair[0] != "content-type")
    body = reply.frames[-1].payload.get("response")
    return replace(
        reply, body=body, frames=None, headers=(("content-type", "application/json"), *headers)
    )


_MESSAGE: Final = "message"
_CALL: Final = "function_call"
_PART: Final = "content[]"

FAULTS: Final = (
    Fault("responses.status-201", ("responses.status",), "A plain answer has status 201.",
          Family.STATUS, when=RESPONSES_PLAIN, reply=on_status(200, with_status(201))),
    *(
        _object(f"{_slug(key)}-missing", f"The response has no {key}.", _SHAPE, drop(key))
        for key in (*_REQUIRED, *_NULLABLE)
    ),
    *(
        _object(f"{_slug(key)}-null", f"The response's {key} is null.", _SHAPE, put(key, None))
        for key in _REQUIRED
    ),
    *(
        _object(f"{_slug(key)}-wrong", f"The response's {key} is of a wrong type or value.",
                _SHAPE, put(key, wrong))
        for key, wrong in _OPTIONAL.items()
    ),
    *(
        _plain(f"usage-{_slug(path)}-missing", f"usage has no {path}.", _SHAPE,
               drop(f"usage.{path}"))
        for path in _USAGE
    ),
    _plain("usage-missing", "A finished response has no usage.", _SHAPE, drop("usage")),
    _plain("usage-null", "usage of a finished response is null.", _SHAPE, put("usage", None)),
    _plain("usage-total-wrong", "total_tokens is not the sum.", _VALUE,
           alter("usage.total_tokens", lambda n: n + 1)),
    _plain("usage-zero", "usage counts nothing.", _VALUE, chain(put("usage.input_tokens", 0),
           put("usage.output_tokens", 0), put("usage.total_tokens", 0))),
    _plain("usage-chat-names", "usage has the names of chat.", _SHAPE, alter("usage", lambda u: u and {
        "prompt_tokens": u["input_tokens"], "completion_tokens": u["output_tokens"],
        "total_tokens": u["total_tokens"]})),
    _plain("usage-reasoning-too-many", "There are more reasoning than output tokens.", _VALUE,
           alter("usage", lambda u: u and {**u, "output_tokens_details":
                                     {"reasoning_tokens": u["output_tokens"] + 1}})),
    _plain("usage-cached-too-many", "There are more cached than input tokens.", _VALUE,
           alter("usage", lambda u: u and {**u, "input_tokens_details": {
               **u["input_tokens_details"], "cached_tokens": u["input_tokens"] + 1}})),
    _plain("usage-as-text", "Token counts are strings.", _SHAPE,
           alter("usage.input_tokens", str)),
    _object("object-chat", "object is 'chat.completion'.", _VALUE, put("object", "chat.completion")),
    _object("id-chat", "The id is a chat id.", _VALUE,
            alter("id", lambda text: text.replace("resp_", "chatcmpl-"))),
    _object("id-constant", "Every response has the same id.", _STATE, put("id", "resp_1")),
    _object("created-at-ms", "created_at is in milliseconds.", _VALUE,
            alter("created_at", lambda at: at * 1000)),
    _object("created-at-old", "created_at is an hour ago.", _VALUE,
            alter("created_at", lambda at: at - 3600)),
    _object("completed-at-zero", "completed_at is 0.", _VALUE,
            alter("completed_at", lambda at: at and 0)),
    _object("model-foreign", "The name of another vendor's model leaks.", _LEAK,
            put("model", "claude-opus-4-5")),
    _object("model-other", "Another model than the one asked for answers.", _VALUE,
            put("model", "gpt-4o-mini-2024-07-18")),
    _plain("status-in-progress", "A finished response says in_progress.", _VALUE,
           put("status", "in_progress")),
    _plain("status-with-error", "A completed response has an error.", _VALUE,
           put("error", {"code": "server_error", "message": "x"})),
    _plain("status-with-reason", "A completed response says why it is incomplete.", _VALUE,
           put("incomplete_details", {"reason": "max_output_tokens"})),
    _plain("incomplete-reason-length", "An incomplete response has the reason 'length'.", _VALUE,
           alter("incomplete_details", lambda old: old and {"reason": "length"})),
    _plain("incomplete-as-completed", "A response that was cut says completed.", _VALUE,
           lambda r: {**r, "status": "completed", "incomplete_details": None}
           if r["status"] == "incomplete" else r),
    _plain("incomplete-item-completed", "The item that was cut says completed.", _VALUE,
           alter("output[].status", lambda _: "completed")),
    _plain("failed-no-error", "A failed response does not say why.", _SHAPE,
           lambda r: {**r, "error": None} if r["status"] == "failed" else r),
    _plain("failed-code-unknown", "The code of a failure is none that the API knows.", _VALUE,
           alter("error.code", lambda _: "oops")),
    _plain("output-empty", "A completed response has no output.", Family.CONTENT,
           put("output", [])),
    _plain("output-text-differs", "output_text is sent and differs from the parts.", _VALUE,
           put("output_text", "something else")),
    _plain("output-ids-equal", "All items have the same id.", _VALUE,
           alter("output[].id", lambda _: "msg_1")),
    _plain("text-format-missing", "text has no format.", _SHAPE, drop("text.format")),
    *(
        _plain(f"message-{key}-missing", f"The message has no {key}.", _SHAPE,
               _items(_MESSAGE, drop(key)))
        for key in ("id", "role", "status", "content")
    ),
    _plain("message-role-user", "The message's role is user.", _VALUE,
           _items(_MESSAGE, put("role", "user"))),
    _plain("message-content-string", "The message's content is a string.", _SHAPE,
           _items(_MESSAGE, put("content", "hi"))),
    _plain("message-status-done", "The message's status is 'done'.", _VALUE,
           _items(_MESSAGE, put("status", "done"))),
    _plain("message-phase-unknown", "The message's phase is 'thinking'.", _VALUE,
           _items(_MESSAGE, put("phase", "thinking"))),
    _plain("part-annotations-missing", "output_text has no annotations.", _SHAPE,
           _items(_MESSAGE, drop(f"{_PART}.annotations"))),
    _plain("part-annotations-null", "annotations is null.", _SHAPE,
           _items(_MESSAGE, alter(f"{_PART}.annotations", lambda _: None))),
    _plain("part-logprobs-null", "logprobs of a part is null.", _SHAPE,
           _items(_MESSAGE, alter(f"{_PART}.logprobs", lambda _: None))),
    _plain("part-text-null", "The text of a part is null.", _SHAPE,
           _items(_MESSAGE, alter(f"{_PART}.text", lambda _: None))),
    _plain("part-type-text", "The part's type is 'text'.", _VALUE,
           _items(_MESSAGE, alter(f"{_PART}.type", lambda _: "text"))),
    _plain("text-trimmed", "The text has lost white space at its ends.", Family.CONTENT,
           _items(_MESSAGE, alter(f"{_PART}.text", lambda text: text.strip()))),
    _plain("text-doubled", "The text comes twice.", Family.CONTENT,
           _items(_MESSAGE, alter(f"{_PART}.text", lambda text: text + text))),
    _plain("text-lossy", "The text has lost a character.", Family.CONTENT,
           _items(_MESSAGE, alter(f"{_PART}.text", lambda text: text[:1] + text[2:]))),
    _plain("text-escaped", "The text is HTML-escaped.", Family.CONTENT,
           _items(_MESSAGE, alter(f"{_PART}.text", lambda t: t.replace("<", "&lt;")))),
    *(
        _plain(f"call-{_slug(key)}-missing", f"The function call has no {key}.", _SHAPE,
               _items(_CALL, drop(key)))
        for key in ("call_id", "name", "arguments", "id", "status")
    ),
    _plain("call-arguments-object", "Arguments are an object, not a string.", _SHAPE,
           _items(_CALL, put("arguments", {"city": "Paris"}))),
    _plain("call-arguments-broken", "Arguments are not JSON.", Family.CONTENT,
           _items(_CALL, alter("arguments", lambda text: text[:-1]))),
    _plain("call-ids-swapped", "id is a call id and call_id an item id.", _VALUE,
           _items(_CALL, lambda i: {**i, "id": i["call_id"], "call_id": i["id"]})),
    _plain("call-name-prefixed", "The call's name is not the tool's.", _VALUE,
           _items(_CALL, alter("name", lambda name: f"functions.{name}"))),
    _plain("call-as-message", "A call is written into the text.", Family.CONTENT, lambda r: {
        **r, "output": [_told(item) for item in r["output"]]}),
    _plain("reasoning-summary-null", "summary of a reasoning item is null.", _SHAPE,
           _items("reasoning", put("summary", None))),
    _plain("reasoning-last", "The reasoning item comes after the message.", Family.ORDER,
           alter("output", lambda o: sorted(o, key=lambda item: item["type"] == "reasoning"))),
    _plain("refusal-as-text", "A refusal is an output_text part.", _VALUE,
           _items(_MESSAGE, alter("content", lambda parts: [
               {"type": "output_text", "text": p["refusal"], "annotations": [], "logprobs": []}
               if p["type"] == "refusal" else p for p in parts]))),
    Fault("responses.as-chat", (), "A chat completion comes back.", _SHAPE, when=RESPONSES_PLAIN,
          reply=_as_chat),
    Fault("responses.stream-unasked", (), "A plain request is answered by a stream.",
          Family.PARAMETER, when=RESPONSES_PLAIN, reply=_as_stream),
    Fault("responses.stream-ignored", (), "stream true is answered by one JSON object.",
          Family.PARAMETER, when=RESPONSES_STREAM, reply=_as_json),
    _plain("twin-differs", "The plain answer has other words than the streamed one.",
           Family.CONTENT, _items(_MESSAGE, alter(f"{_PART}.text", lambda t: t.upper() + "!"))),
)  # fmt: skip


def _told(item: Any) -> Any:
    if item["type"] != _CALL:
        return item
    text = f"{item['name']}({item['arguments']})"
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": item["id"].replace("fc_", "msg_"), "type": "message", "status": "completed",
        "content": [part], "role": "assistant",
    }  # fmt: skip
