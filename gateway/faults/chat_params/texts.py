"""Faults of parameters that shape the text: taken, and not done, or done by halves."""

import itertools
import json
from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.fault import Family
from gateway.faults.machinery.forgiveness import ignoring as _fault
from gateway.faults.machinery.request_edits import RequestChange, on_json, with_param, without_param
from gateway.faults.machinery.selection import CHAT, CHAT_PLAIN, CHAT_STREAM, When, asking, both
from gateway.faults.machinery.transform import ReplyChange, alter, on_all, on_body, put
from gateway.frames import GatewayReply
from wire.exchange import Request

_TEXT: Final = "choices[].message.content"
_REQUESTED: Final = asking("stop")
_NO_LIMIT: Final = without_param("max_completion_tokens", "max_tokens")


def _param(name: str, change: Callable[[Any], Any]) -> RequestChange:
    return on_json(lambda body: {**body, name: change(body[name])} if name in body else body)


def _stop_at_end(request: Request, reply: GatewayReply) -> GatewayReply:
    """The text ends with the stop sequence instead of before it."""
    stop = request.params.get("stop")
    word = stop if isinstance(stop, str) else None
    return on_body(alter(_TEXT, lambda text: f"{text}{word}"))(request, reply) if word else reply


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


def _other_start(body: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(body["messages"]).replace("Count from 1 to", "Count from 3 to")
    return {**body, "messages": json.loads(text)}


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
    _fault("limit.ignored-in-streams", "max-completion-tokens.honoured max-tokens.honoured",
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
    _fault("format.ignored-in-streams", "response-format.json-schema",
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
    _fault("limit.max-tokens-ignored-in-streams", "max-tokens.honoured", "Streams ignore max_tokens.",
           when=CHAT_STREAM, request=without_param("max_tokens")),
)  # fmt: skip
