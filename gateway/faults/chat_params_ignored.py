"""Faults of chat parameters that are right: taken, and not done, or done by halves."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.fault import Family, Fault
from gateway.forgiveness import refused_for
from gateway.frames import GatewayReply
from gateway.request_edits import RequestChange, on_json, with_param, without_param
from gateway.selection import (
    CHAT,
    CHAT_PLAIN,
    CHAT_STREAM,
    STREAM,
    When,
    asking,
    both,
    either,
    negated,
)
from gateway.stream_edits import drop_frames, with_usage
from gateway.transform import ReplyChange, alter, drop, on_all, on_body, on_frames, put
from wire.endpoint import Endpoint, endpoint_of
from wire.exchange import Request

_TEXT: Final = "choices[].message.content"
_DETAILS: Final = "usage.completion_tokens_details"


def _fault(
    name: str,
    breaks: str,
    says: str,
    *,
    when: When = CHAT,
    family: Family = Family.PARAMETER,
    request: RequestChange | None = None,
    reply: ReplyChange | None = None,
) -> Fault:
    rows = tuple(f"chat.param.{row}" for row in breaks.split())
    if request:
        # What has to be refused still is: that a value goes unchecked is another fault.
        when = both(when, either(negated(CHAT), negated(refused_for(".*"))))
    return Fault(f"chat.param.{name}", rows, says, family, when=when, request=request, reply=reply)


def _param(name: str, change: Callable[[Any], Any]) -> RequestChange:
    return on_json(lambda body: {**body, name: change(body[name])} if name in body else body)


def _messages(change: Callable[[list[Any]], list[Any]]) -> RequestChange:
    """Changes the messages of a request that has objects for messages."""

    def made(body: dict[str, Any]) -> dict[str, Any]:
        rows = body.get("messages")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return body
        return {**body, "messages": change(rows) or rows}

    return on_json(made)


def _content(change: Callable[[list[Any]], Any], *roles: str) -> RequestChange:
    """Changes contents that are arrays of parts, in messages of some roles."""

    def each(row: dict[str, Any]) -> dict[str, Any]:
        content = row.get("content")
        if row.get("role") not in roles or not isinstance(content, list) or not content:
            return row
        return {**row, "content": change(content)}

    return _messages(lambda rows: [each(row) for row in rows])


def _role(role: str) -> RequestChange:
    return _messages(lambda rows: [row for row in rows if row.get("role") != role])


def _stop_at_end(request: Request, reply: GatewayReply) -> GatewayReply:
    """The text ends with the stop sequence instead of before it."""
    stop = request.params.get("stop")
    word = stop if isinstance(stop, str) else None
    return on_body(alter(_TEXT, lambda text: f"{text}{word}"))(request, reply) if word else reply


def _choice(kind: str) -> When:
    def when(request: Request) -> bool:
        choice = request.params.get("tool_choice")
        return (choice.get("type") if isinstance(choice, dict) else choice) == kind

    return when


def _format(kind: str) -> When:
    def when(request: Request) -> bool:
        given = request.params.get("response_format")
        return isinstance(given, dict) and given.get("type") == kind

    return when


def _json_text(change: Callable[[dict[str, Any]], Any]) -> ReplyChange:
    def edited(text: Any) -> Any:
        try:
            return json.dumps(change(json.loads(text)))
        except (TypeError, ValueError, KeyError):
            return text

    return on_body(alter(_TEXT, edited))


def _turns() -> Callable[[Request], bool]:
    """Every second request."""
    counter = itertools.count()
    return lambda _: next(counter) % 2 == 1


def _stored(method: str, suffix: str = "") -> When:
    return lambda request: (
        endpoint_of(request.method, request.path) is Endpoint.STORED_CHAT
        and request.method == method
        and request.path.endswith("/messages") == bool(suffix)
    )


def _other_start(body: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(body["messages"]).replace("Count from 1 to", "Count from 3 to")
    return {**body, "messages": json.loads(text)}


def _as_read(request: Request) -> Request:
    """DELETE does nothing but look."""
    return replace(request, method="GET")


def _deleted(request: Request, reply: GatewayReply) -> GatewayReply:
    gone = {"object": "chat.completion.deleted", "id": request.path.rpartition("/")[2], "deleted": True}
    return replace(reply, body=gone) if reply.status == 200 else reply


def _echo_tier(request: Request, reply: GatewayReply) -> GatewayReply:
    return on_all(put("service_tier", request.params["service_tier"]))(request, reply)


def _not_html(_: Request, reply: GatewayReply) -> GatewayReply:
    page = "<html><body>Not found</body></html>"
    return replace(reply, status=404, body=page, headers=(("content-type", "text/html"),))


def _capped(most: int) -> Callable[[Any], Any]:
    return lambda rows: rows[:most] if isinstance(rows, list) else rows


def _lengthened(request: Request) -> Request:
    names = ("max_completion_tokens", "max_tokens")
    changed = request
    for name in names:
        if isinstance(value := request.params.get(name), int) and value > 0:
            changed = with_param(name, value + 1)(changed)
    return changed


def _told_as_asked(request: Request, reply: GatewayReply) -> GatewayReply:
    """The whole text is sent, and usage claims that the limit was held."""
    limit = request.params.get("max_completion_tokens")
    if not isinstance(limit, int):
        return reply
    return on_all(alter("usage.completion_tokens", lambda n: min(n, limit)))(request, reply)


_REQUESTED: Final = asking("stop")
_NO_LIMIT: Final = without_param("max_completion_tokens", "max_tokens")

FAULTS = (
    _fault("stop.first-only", "stop.honoured stop.cuts-there", "Only the first stop sequence counts.",
           request=_param("stop", lambda v: v[:1] if isinstance(v, list) else v)),
    _fault("stop.single-tokens", "stop.honoured stop.cuts-there",
           "Stop sequences of several tokens are not found.",
           request=_param("stop", lambda v: [w for w in v if " " not in w] or None
                          if isinstance(v, list) else v)),
    _fault("stop.included", "stop.honoured stop.cuts-there",
           "The text ends with the stop sequence.", when=both(CHAT_PLAIN, _REQUESTED),
           reply=_stop_at_end),
    _fault("stop.removed-only", "stop.cuts-there",
           "The stop sequence is taken out, and the text goes on.", when=both(CHAT_PLAIN, _REQUESTED),
           request=without_param("stop"),
           reply=on_body(alter(_TEXT, lambda text: text and text.replace("7", "")))),
    _fault("stop.too-early", "stop.cuts-there", "The last token before the stop sequence is lost.",
           when=both(CHAT_PLAIN, _REQUESTED),
           reply=on_body(alter(_TEXT, lambda text: text and text[:-2]))),
    _fault("stop.ignored-in-streams", "stop.honoured stop.cuts-there", "Streams ignore stop.",
           when=CHAT_STREAM, request=without_param("stop")),
    _fault("stop.finish", "stop.finish", "A stop sequence ends a text with 'stop_sequence'.",
           when=both(CHAT, _REQUESTED),
           reply=on_all(alter("choices[].finish_reason", lambda w: w and "stop_sequence"))),
    _fault("limit.ignored", "max-completion-tokens.honoured max-tokens.honoured",
           "No limit of tokens is held.", request=_NO_LIMIT),
    _fault("limit.ignored-in-streams", "max-completion-tokens.honoured",
           "Streams hold no limit of tokens.", when=CHAT_STREAM, request=_NO_LIMIT),
    _fault("limit.one-more", "max-completion-tokens.honoured max-tokens.honoured",
           "One token more than allowed is written.", request=_lengthened),
    _fault("limit.told-only", "max-completion-tokens.honoured logprobs.counted",
           "The limit is held in usage alone.", request=without_param("max_completion_tokens"),
           reply=_told_as_asked),
    _fault("limit.without-reasoning", "max-completion-tokens.honoured",
           "Reasoning does not count against the limit.",
           when=both(CHAT, asking("reasoning_effort", "low", "high", "xhigh")), request=_NO_LIMIT),
    _fault("limit.finish", "max-completion-tokens.finish-length max-tokens.finish-length",
           "A text that was cut says stop.",
           reply=on_all(alter("choices[].finish_reason", lambda w: "stop" if w == "length" else w))),
    _fault("limit.max-tokens-ignored", "max-tokens.honoured", "max_tokens is ignored.",
           request=without_param("max_tokens")),
    _fault("n.ignored", "n.honoured", "n is ignored.", request=without_param("n")),
    _fault("n.ignored-in-streams", "n.honoured", "Streams ignore n.", when=CHAT_STREAM,
           request=without_param("n")),
    _fault("n.first-only", "n.honoured", "Only the first choice is sent.", when=CHAT_PLAIN,
           reply=on_body(alter("choices", _capped(1)))),
    _fault("logprobs.ignored", "logprobs.honoured", "logprobs is ignored.",
           request=without_param("logprobs", "top_logprobs")),
    _fault("logprobs.one-lost", "logprobs.honoured", "The last token has no log probability.",
           when=CHAT_PLAIN, reply=on_body(alter("choices[].logprobs.content",
               lambda rows: rows[:-1] if isinstance(rows, list) else rows))),
    _fault("logprobs.always", "logprobs.off", "Log probabilities come unasked.", when=CHAT_PLAIN,
           reply=on_body(alter("choices[].logprobs", lambda old: old or {"content": [
               {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}],
               "refusal": None}))),
    _fault("logprobs.uncounted", "logprobs.counted", "Usage counts less than was shown.",
           when=both(CHAT, asking("logprobs", True)), family=Family.BILLING,
           reply=on_all(alter("usage.completion_tokens", lambda n: n - 1))),
    _fault("top-logprobs.capped", "top-logprobs.honoured", "There are five alternatives at most.",
           reply=on_all(alter("choices[].logprobs.content[].top_logprobs", _capped(5)))),
    _fault("top-logprobs.none", "top-logprobs.honoured", "There are no alternatives.",
           reply=on_all(put("choices[].logprobs.content[].top_logprobs", []))),
    _fault("seed.ignored", "seed.repeats", "The same seed brings another text.",
           when=both(CHAT_PLAIN, asking("seed"), _turns()), request=on_json(_other_start)),
    _fault("format.ignored", "response-format.json-object response-format.json-schema",
           "response_format is ignored.", request=without_param("response_format")),
    _fault("format.ignored-in-streams", "response-format.json-object response-format.json-schema",
           "Streams ignore response_format.", when=CHAT_STREAM, request=without_param("response_format")),
    _fault("format.fenced", "response-format.json-object response-format.json-schema",
           "JSON comes inside of a Markdown fence.", when=both(CHAT_PLAIN, asking("response_format")),
           reply=on_body(alter(_TEXT, lambda t: f"```json\n{t}\n```" if t and t[0] == "{" else t))),
    _fault("format.array", "response-format.json-object", "json_object brings an array.",
           when=both(CHAT_PLAIN, _format("json_object")), reply=_json_text(lambda value: [value])),
    _fault("format.schema-ignored", "response-format.json-schema", "A schema is taken for json_object.",
           when=both(CHAT, _format("json_schema")),
           request=on_json(lambda body: {**body, "response_format": {"type": "json_object"},
               "messages": [{"role": "system", "content": "JSON"}, *body["messages"]]})),
    *(
        _fault(f"format.schema-{name}", "response-format.json-schema", says,
               when=both(CHAT_PLAIN, _format("json_schema")), reply=_json_text(change))
        for name, says, change in (
            ("key-missing", "A required key is missing.",
                lambda v: {k: w for k, w in v.items() if k != "note"}),
            ("key-added", "A key is there that the schema forbids.", lambda v: {**v, "more": 1}),
            ("enum", "A word is outside of the enum.", lambda v: {**v, "unit": "celsius"}),
            ("type", "A number is a string.",
                lambda v: {**v, "values": [{**w, "at": str(w["at"])} for w in v["values"]]}),
            ("items", "An array is too short.", lambda v: {**v, "values": v["values"][:1]}),
            ("const", "A constant is another.", lambda v: {**v, "kind": "other"}),
            ("minimum", "A number is too small.",
                lambda v: {**v, "values": [{**w, "at": 0} for w in v["values"]]}),
        )
    ),
    _fault("tools.ignored", "tool-choice.required tool-choice.named tool-choice.allowed "
           "tool-choice.custom", "Tools are ignored.",
           request=without_param("tools", "tool_choice", "parallel_tool_calls")),
    _fault("tool-choice.none-ignored", "tool-choice.none", "tool_choice none is ignored.",
           when=both(CHAT, _choice("none")), request=without_param("tool_choice")),
    _fault("tool-choice.none-ignored-in-streams", "tool-choice.none",
           "Streams ignore tool_choice none.", when=both(CHAT_STREAM, _choice("none")),
           request=without_param("tool_choice")),
    _fault("tool-choice.required-ignored", "tool-choice.required", "tool_choice required is ignored.",
           when=both(CHAT, _choice("required")), request=without_param("tool_choice")),
    _fault("tool-choice.named-ignored", "tool-choice.named", "A named function is not forced.",
           when=both(CHAT, _choice("function")), request=without_param("tool_choice")),
    _fault("tool-choice.named-required", "tool-choice.named", "A named function is taken for required.",
           when=both(CHAT, _choice("function")), request=with_param("tool_choice", "required")),
    _fault("tool-choice.custom-ignored", "tool-choice.custom", "A named custom tool is not forced.",
           when=both(CHAT, _choice("custom")), request=without_param("tool_choice")),
    _fault("tool-choice.custom-dropped", "tool-choice.custom", "Custom tools are dropped.",
           when=both(CHAT, _choice("custom")), request=on_json(lambda body: {**body,
               "tools": [t for t in body["tools"] if t.get("type") != "custom"],
               "tool_choice": "required"})),
    _fault("tool-choice.allowed-ignored", "tool-choice.allowed", "allowed_tools does not restrict.",
           when=both(CHAT, _choice("allowed_tools")), request=with_param("tool_choice", "required")),
    _fault("tool-choice.allowed-auto", "tool-choice.allowed", "allowed_tools never requires.",
           when=both(CHAT, _choice("allowed_tools")), request=with_param("tool_choice", "none")),
    _fault("parallel.ignored", "parallel-tool-calls.off", "parallel_tool_calls is ignored.",
           request=without_param("parallel_tool_calls")),
    _fault("messages.system-dropped", "messages.system", "System messages are dropped.",
           request=_role("system")),
    _fault("messages.developer-dropped", "messages.developer", "Developer messages are dropped.",
           request=_role("developer")),
    _fault("messages.history-dropped", "messages.history messages.assistant-parts",
           "Only the last message is read.",
           request=_messages(lambda rows: rows[-1:] if rows and rows[-1].get("role") == "user"
                             and all(r.get("role") in {"user", "assistant"} for r in rows) else rows)),
    _fault("messages.assistant-dropped", "messages.history messages.assistant-parts",
           "What the assistant said is dropped.", request=_messages(lambda rows: [
               r for r in rows if r.get("role") != "assistant" or r.get("tool_calls")])),
    _fault("messages.assistant-parts-flat", "messages.assistant-parts",
           "Parts of the assistant become '[object Object]'.",
           request=_content(lambda _: "[object Object]", "assistant")),
    _fault("messages.parts-flat", "messages.parts", "Parts of the user become '[object Object]'.",
           request=_content(lambda _: "[object Object]", "user")),
    _fault("messages.parts-first", "messages.parts", "Only the first part is read.",
           request=_content(lambda parts: parts[:1], "user")),
    _fault("messages.parts-last", "messages.parts", "Only the last part is read.",
           request=_content(lambda parts: parts[-1:], "user")),
    _fault("messages.parts-mojibake", "messages.unicode", "Parts are read in another encoding.",
           request=_content(lambda parts: json.loads(json.dumps(parts, ensure_ascii=False)
                            .encode().decode("cp1252", "replace")), "user")),
    _fault("messages.parts-ascii", "messages.unicode", "Parts lose what is not ASCII.",
           request=_content(lambda parts: json.loads(json.dumps(parts, ensure_ascii=False)
                            .encode("ascii", "ignore")), "user")),
    _fault("effort.dropped", "reasoning-effort.reaches-model", "reasoning_effort is ignored.",
           request=without_param("reasoning_effort")),
    _fault("effort.uncounted", "reasoning-effort.counted", "Reasoning tokens are not told.",
           family=Family.SHAPE, reply=on_all(drop(f"{_DETAILS}.reasoning_tokens"))),
    _fault("effort.always", "reasoning-effort.none", "The model reasons though it must not.",
           when=both(CHAT, asking("reasoning_effort", "none")),
           reply=on_all(put(f"{_DETAILS}.reasoning_tokens", 3))),
    _fault("tier.echoed", "service-tier.reported", "service_tier is what was asked for.",
           when=both(CHAT, asking("service_tier")), reply=_echo_tier),
    _fault("tier.silent", "service-tier.reported", "No tier is reported.",
           reply=on_all(drop("service_tier"))),
    _fault("tier.silent-in-streams", "service-tier.reported", "Streams report no tier.",
           when=STREAM, reply=on_frames(drop("service_tier"))),
    _fault("stream.null-streams", "stream.off", "A stream comes for null.",
           when=both(CHAT, lambda r: r.params.get("stream", 0) is None),
           request=with_param("stream", True)),
    _fault("stream.false-streams", "stream.off", "A stream comes for false.",
           when=both(CHAT, asking("stream", False)), request=with_param("stream", True)),
    _fault("stream.usage-missing", "stream-options.usage-on", "include_usage brings nothing.",
           when=CHAT_STREAM, reply=drop_frames(with_usage)),
    _fault("stream.usage-always", "stream-options.usage-off", "Usage comes though it is off.",
           when=CHAT_STREAM, request=on_json(lambda body: {**body, "stream_options": {
               **(body.get("stream_options") or {}), "include_usage": True}})),
    _fault("stream.obfuscation-always", "stream-options.obfuscation-off",
           "Obfuscation cannot be turned off.", when=CHAT_STREAM,
           request=_param("stream_options", lambda v: {**v, "include_obfuscation": True})),
    _fault("stream.obfuscation-never", "stream-options.obfuscation-on", "Nothing is obfuscated.",
           when=CHAT_STREAM, reply=on_frames(drop("obfuscation"))),
    _fault("stream.obfuscation-text-only", "stream-options.obfuscation-on",
           "Only chunks with text are obfuscated.", when=CHAT_STREAM, reply=on_frames(
               drop("obfuscation"), lambda f: not any((c.get("delta") or {}).get("content")
                                                      for c in f.payload.get("choices") or ()))),
    _fault("store.always", "store.off", "Every answer is kept.", family=Family.STATE,
           request=with_param("store", True)),
    _fault("store.page", "store.retrievable", "An answer that is not kept is an HTML page.",
           family=Family.SHAPE, when=_stored("GET"), reply=_not_html),
    _fault("store.other-answer", "store.retrievable", "Another answer than the one asked for is read.",
           family=Family.STATE, when=_stored("GET"), reply=on_body(put("id", "chatcmpl-0"))),
    _fault("store.no-messages", "store.messages", "The messages of a kept answer are gone.",
           family=Family.STATE, when=_stored("GET", "/messages"), reply=on_body(put("data", []))),
    _fault("store.update-ignored", "store.updated", "New metadata are not taken.",
           when=_stored("POST"), reply=on_body(put("metadata", {}))),
    _fault("store.delete-false", "store.deleted", "Deleting says that it did not.",
           when=_stored("DELETE"), reply=on_body(put("deleted", False))),
    _fault("store.delete-ignored", "store.gone", "What was deleted can still be read.",
           family=Family.STATE, when=_stored("DELETE"), request=_as_read, reply=_deleted),
    _fault("metadata.dropped", "metadata.kept", "metadata is ignored.",
           when=CHAT, request=without_param("metadata")),
    _fault("metadata.cut", "metadata.kept", "Values of metadata are cut at 256 characters.",
           when=CHAT, request=_param("metadata", lambda v: {k: w[:256] if isinstance(w, str) else w
               for k, w in v.items()} if isinstance(v, dict) and len(v) == 16 else v)),
    Fault("chat.param.unknown.sometimes", ("chat.param.unknown.consistent",),
          "An unknown parameter is ignored now and then.", Family.STATE,
          when=both(CHAT, asking("conformance_unknown"), _turns()),
          request=without_param("conformance_unknown")),
)  # fmt: skip
