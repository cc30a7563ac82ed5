"""Requests that are broken in their structure: messages, tools, formats, combinations."""

from typing import Any, Final

from conformance.chat_params.request import HELLO, refusing, user
from conformance.judging.finding import ABSENT
from conformance.judging.refusal import Refusal
from conformance.running.refused import refusal_probes

_NOTE: Final = {"type": "function", "function": {"name": "note"}}
_CALL: Final = {"id": "call_1", "type": "function", "function": {"name": "note", "arguments": "{}"}}
_CALLED: Final = {"role": "assistant", "content": None, "tool_calls": [_CALL]}
_SCHEMA: Final = {"type": "object", "properties": {}, "additionalProperties": False, "required": []}
_BAD_IMAGE: Final = {"type": "image_url", "image_url": {"url": "data:image/png;base64,@@@"}}
_PIXEL: Final = "data:image/png;base64,iVBORw0KGgo="
_SOUND: Final = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}


def _said(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


def _messages(name: str, slug: str, messages: Any, feature: str = "") -> Refusal:
    return Refusal(f"chat.param.{name}", slug, {"messages": messages}, "messages", feature)


def _content(slug: str, content: Any) -> Refusal:
    """Who names the content says more than who names the messages."""
    body = {"messages": _said(content)}
    return Refusal("chat.param.messages.content", slug, body, "messages|content")


def _parts(name: str, slug: str, part: Any, feature: str = "") -> Refusal:
    return _messages(name, slug, _said([{"type": "text", "text": HELLO}, part]), feature)


def _function(name: str, slug: str, function: Any) -> Refusal:
    tool = {"type": "function", "function": function}
    return Refusal(f"chat.param.{name}", slug, {"tools": [tool]}, "tools")


def _choice(name: str, slug: str, choice: Any, **more: Any) -> Refusal:
    body = {"tools": [_NOTE], "tool_choice": choice, **more}
    return Refusal(f"chat.param.{name}", slug, body, "tool_choice")


def _format(
    name: str, slug: str, value: Any, says: str = "response_format", **more: Any
) -> Refusal:
    feature = "chat.response_format"
    return Refusal(f"chat.param.{name}", slug, {"response_format": value, **more}, says, feature)


def _schema(name: str, slug: str, schema: Any) -> Refusal:
    return _format(name, slug, {"type": "json_schema", "json_schema": schema})


_UNKNOWN: Final = "chat.param.model.known"
_ROWS: Final = (
    Refusal("chat.param.model.required", "model-missing", {"model": ABSENT}, "model"),
    Refusal("chat.param.model.type", "model-null", {"model": None}, "model"),
    Refusal(_UNKNOWN, "model-unknown", {"model": "gpt-none"}, "model", statuses=(400, 404)),
    Refusal(_UNKNOWN, "model-empty", {"model": ""}, "model", statuses=(400, 404)),
    Refusal(_UNKNOWN, "model-long", {"model": "gpt-" * 2500}, "model", statuses=(400, 404)),
    Refusal("chat.param.messages.required", "messages-missing", {"messages": ABSENT}, "messages"),
    _messages("messages.not-empty", "messages-empty", []),
    _messages("messages.type", "messages-string", "hi"),
    _messages("messages.type", "messages-object", {"role": "user", "content": "hi"}),
    _messages("messages.type", "messages-null", None),
    _messages("messages.type", "message-string", ["hi"]),
    _messages("messages.type", "message-null", [None]),
    _messages("messages.role-required", "role-missing", [{"content": "x"}]),
    _messages("messages.role-known", "role-unknown", [{"role": "robot", "content": "x"}]),
    _messages("messages.role-known", "role-number", [{"role": 5, "content": "x"}]),
    _messages("messages.content", "content-missing", [{"role": "user"}]),
    _messages("messages.content", "content-null", _said(None)),
    _content("content-number", 5),
    _content("content-object", {"text": "hi"}),
    _parts("parts.known", "part-unknown", {"type": "smell", "smell": "sea"}),
    _parts("parts.known", "part-without-type", {"text": "hi"}),
    _parts("parts.known", "part-string", "hi"),
    _parts("parts.known", "part-text-number", {"type": "text", "text": 5}),
    _parts("parts.unsupported", "part-audio", _SOUND),
    _parts("images.malformed", "image-base64", _BAD_IMAGE, "chat.images"),
    _parts("images.malformed", "image-empty-url",
           {"type": "image_url", "image_url": {"url": ""}}, "chat.images"),
    _parts("images.detail-known", "image-detail",
           {"type": "image_url", "image_url": {"url": _PIXEL, "detail": "ultra"}}, "chat.images"),
    _messages("tool-messages.orphan", "tool-orphan",
              [*user(HELLO), {"role": "tool", "tool_call_id": "call_1", "content": "5"}], "chat.tools"),
    _messages("tool-messages.orphan", "tool-other-id",
              [*user(HELLO), _CALLED, {"role": "tool", "tool_call_id": "call_2", "content": "5"}],
              "chat.tools"),
    _messages("tool-messages.answered", "tool-unanswered",
              [*user(HELLO), _CALLED, *user(HELLO)], "chat.tools"),
    _messages("tool-messages.id", "tool-without-id",
              [*user(HELLO), _CALLED, {"role": "tool", "content": "5"}], "chat.tools"),
    Refusal("chat.param.tools.type-known", "tool-type", {"tools": [{"type": "foo"}]}, "tools"),
    Refusal("chat.param.tools.type-known", "tools-string", {"tools": "note"}, "tools"),
    Refusal("chat.param.tools.type-known", "tool-without-type",
            {"tools": [{"function": {"name": "note"}}]}, "tools"),
    _function("tools.name-required", "function-nameless", {"description": "x"}),
    _function("tools.name-required", "function-missing", None),
    _function("tools.name-pattern", "function-space", {"name": "a b"}),
    _function("tools.name-pattern", "function-long", {"name": "n" * 65}),
    _function("tools.name-pattern", "function-empty", {"name": ""}),
    _function("tools.strict-schema", "function-loose",
              {"name": "note", "strict": True, "parameters": {"type": "object"}}),
    _function("tools.parameters-type", "function-parameters-string",
              {"name": "note", "parameters": "none"}),
    _choice("tool-choice.known", "choice-word", "sometimes"),
    _choice("tool-choice.known", "choice-number", 5),
    _choice("tool-choice.known", "choice-nameless", {"type": "function"}),
    _choice("tool-choice.known", "choice-mode",
            {"type": "allowed_tools", "allowed_tools": {"mode": "never", "tools": [_NOTE]}}),
    _choice("tool-choice.offered", "choice-unlisted",
            {"type": "function", "function": {"name": "zzz"}}),
    _choice("tool-choice.offered", "choice-allowed-unlisted",
            {"type": "allowed_tools", "allowed_tools": {
                "mode": "auto", "tools": [{"type": "function", "function": {"name": "zzz"}}]}}),
    _choice("tool-choice.needs-tools", "choice-without-tools", "required", tools=ABSENT),
    _choice("tool-choice.needs-tools", "choice-with-no-tools", "required", tools=[]),
    _format("response-format.known", "format-type", {"type": "yaml"}),
    _format("response-format.known", "format-string", "json_object"),
    _format("response-format.known", "format-empty", {}),
    _format("response-format.json-word", "format-no-json-word", {"type": "json_object"}, "messages"),
    _schema("response-format.name", "schema-nameless", {"schema": _SCHEMA}),
    _schema("response-format.name", "schema-name-space", {"name": "a b", "schema": _SCHEMA}),
    _schema("response-format.name", "schema-name-long", {"name": "n" * 65, "schema": _SCHEMA}),
    _format("response-format.name", "schema-missing", {"type": "json_schema"}),
    _schema("response-format.strict", "schema-loose",
            {"name": "shape", "strict": True, "schema": {"type": "object"}}),
    _schema("response-format.strict", "schema-optional", {"name": "shape", "strict": True, "schema": {
        **_SCHEMA, "properties": {"a": {"type": "string"}}}}),
    Refusal("chat.param.top-logprobs.needs-logprobs", "top-logprobs-alone", {"top_logprobs": 2},
            "top_logprobs"),
    Refusal("chat.param.top-logprobs.needs-logprobs", "top-logprobs-off",
            {"top_logprobs": 2, "logprobs": False}, "top_logprobs"),
    Refusal("chat.param.max-tokens.one-of-two", "both-limits",
            {"max_tokens": 16, "max_completion_tokens": 16}, "max_tokens"),
    Refusal("chat.param.stream-options.needs-stream", "stream-options-alone",
            {"stream_options": {"include_usage": True}}, "stream_options", "chat.stream.usage"),
    Refusal("chat.param.stream-options.needs-stream", "stream-options-off",
            {"stream_options": {"include_usage": True}, "stream": False}, "stream_options",
            "chat.stream.usage"),
    Refusal("chat.param.modalities.unsupported", "modalities-audio",
            {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
            "modalities|audio"),
    Refusal("chat.param.modalities.needs-audio", "audio-missing", {"modalities": ["audio"]},
            "audio|modalities"),
)  # fmt: skip
REFUSALS: Final = refusing(_ROWS)
PROBES: Final = refusal_probes(REFUSALS)
RULES: Final = REFUSALS.rules()
