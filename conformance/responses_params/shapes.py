"""Requests that are broken in their structure: input items, tools, formats, combinations."""

from typing import Any, Final

from conformance.judging.finding import ABSENT
from conformance.judging.refusal import Refusal
from conformance.responses_params.request import HELLO, function, message

_NOTE: Final = function("note", text="string")
_CALL: Final = {"type": "function_call", "call_id": "call_1", "name": "note", "arguments": "{}"}
_OUTPUT: Final = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}
_CUSTOM: Final = {"type": "custom_tool_call", "call_id": "call_1", "name": "pen", "input": "hi"}
_SCHEMA: Final = {"type": "object", "properties": {}, "additionalProperties": False, "required": []}
_SOMEWHERE: Final = (400, 404)
"""What is not there may be called not found."""


def _items(name: str, slug: str, *items: Any, at: str = "input", feature: str = "") -> Refusal:
    return Refusal(f"responses.input.{name}", slug, {"input": list(items)}, at, feature)


def _part(name: str, slug: str, part: Any, role: str = "user", feature: str = "") -> Refusal:
    kind = "output_text" if role == "assistant" else "input_text"
    written = {"role": role, "content": [{"type": kind, "text": HELLO}, part]}
    return _items(name, slug, written, message("user", HELLO), feature=feature)


def _without(item: dict[str, Any], name: str, *others: Any) -> tuple[Any, ...]:
    return (message("user", HELLO), {k: v for k, v in item.items() if k != name}, *others)


def _tool(name: str, slug: str, tool: Any, at: str = "tools", feature: str = "") -> Refusal:
    return Refusal(f"responses.param.{name}", slug, {"tools": [tool]}, at, feature)


def _choice(name: str, slug: str, choice: Any, **more: Any) -> Refusal:
    body = {"tools": [_NOTE], "tool_choice": choice, **more}
    return Refusal(f"responses.param.{name}", slug, body, "tool_choice|tools")


def _format(name: str, slug: str, value: Any, at: str = "text", **more: Any) -> Refusal:
    body = {"text": {"format": value}, **more}
    return Refusal(f"responses.param.{name}", slug, body, at, "responses.format")


def _other(
    name: str, slug: str, names: str, feature: str, statuses: tuple[int, ...], **body: Any
) -> Refusal:
    return Refusal(f"responses.param.{name}", slug, body, names, feature, statuses)


INPUT: Final = (
    Refusal("responses.input.required", "input-missing", {"input": ABSENT}, "input"),
    Refusal("responses.input.required", "input-null", {"input": None}, "input"),
    _items("not-empty", "input-empty"),
    _items("known-item", "item-unknown", message("user", HELLO), {"type": "foo"}, at="input[1]|input"),
    _items("known-item", "item-string", HELLO),
    _items("known-item", "item-number", 5),
    _items("message", "message-roleless", {"type": "message", "content": HELLO}),
    _items("message", "message-role", message("narrator", HELLO)),
    _items("message", "message-contentless", {"type": "message", "role": "user"}),
    _items("message", "message-number", {"role": "user", "content": 5}),
    _part("known-part", "part-unknown", {"type": "foo", "text": HELLO}),
    _part("known-part", "part-chat", {"type": "text", "text": HELLO}),
    _part("known-part", "part-typeless", {"text": HELLO}),
    _part("known-part", "part-number", {"type": "input_text", "text": 5}),
    _part("part-of-role", "part-output-of-user", {"type": "output_text", "text": HELLO}),
    _part("part-of-role", "part-input-of-assistant", {"type": "input_text", "text": HELLO},
          role="assistant"),
    *(
        _items("call-members", f"call-without-{name.replace('_', '-')}",
               *_without(_CALL, name, _OUTPUT), feature="responses.tools")
        for name in ("call_id", "name", "arguments")
    ),
    _items("call-members", "call-arguments-object", message("user", HELLO),
           {**_CALL, "arguments": {}}, _OUTPUT, feature="responses.tools"),
    *(
        _items("output-members", f"output-without-{name.replace('_', '-')}",
               message("user", HELLO), _CALL, *_without(_OUTPUT, name)[1:], feature="responses.tools")
        for name in ("call_id", "output")
    ),
    _items("output-orphan", "output-orphan", message("user", HELLO), _OUTPUT,
           feature="responses.tools"),
    _items("output-orphan", "output-of-another", message("user", HELLO), _CALL,
           {**_OUTPUT, "call_id": "call_2"}, feature="responses.tools"),
    _items("call-answered", "call-alone", message("user", HELLO), _CALL, message("user", HELLO),
           feature="responses.tools"),
    _items("custom-orphan", "custom-orphan", message("user", HELLO),
           {**_OUTPUT, "type": "custom_tool_call_output"}, feature="responses.tools.custom"),
    _items("custom-orphan", "custom-without-input", *_without(_CUSTOM, "input"),
           {**_OUTPUT, "type": "custom_tool_call_output"}, feature="responses.tools.custom"),
    _part("image-malformed", "image-url", {"type": "input_image", "image_url": "no-url"},
          feature="responses.images"),
    _part("image-malformed", "image-data",
          {"type": "input_image", "image_url": "data:image/png;base64,@@@"},
          feature="responses.images"),
    _part("image-malformed", "image-nothing", {"type": "input_image"}, feature="responses.images"),
    _part("image-detail", "image-detail", {"type": "input_image", "detail": "blurred",
          "image_url": "data:image/png;base64,iVBORw0KGgo="}, feature="responses.images"),
    _part("file-one-source", "file-nothing", {"type": "input_file", "filename": "a.txt"},
          feature="responses.files"),
    _part("file-one-source", "file-two",
          {"type": "input_file", "file_id": "file-1", "file_url": "https://example.com/a.pdf"},
          feature="responses.files"),
    _part("file-malformed", "file-data", {"type": "input_file", "filename": "a.txt",
          "file_data": "data:text/plain;base64,@@@"}, feature="responses.files"),
    Refusal("responses.input.file-unknown", "file-unknown", {"input": [{"role": "user", "content": [
        {"type": "input_text", "text": HELLO}, {"type": "input_file", "file_id": "file-none"}]}]},
        "", "responses.files", _SOMEWHERE),
    Refusal("responses.input.reference-unknown", "reference-unknown",
            {"input": [{"type": "item_reference", "id": "msg_none"}, message("user", HELLO)]},
            "", "responses.store", _SOMEWHERE),
)  # fmt: skip

TOOLS: Final = (
    _tool("tools.flat", "tool-nested", {"type": "function", "function": {"name": "note"}},
          at="tools[0].name"),
    _tool("tools.name", "tool-nameless", {"type": "function", "parameters": {}}),
    _tool("tools.name", "tool-space", {**_NOTE, "name": "a b"}),
    _tool("tools.name", "tool-long", {**_NOTE, "name": "n" * 65}),
    _tool("tools.name", "tool-empty", {**_NOTE, "name": ""}),
    _tool("tools.known", "tool-unknown", {"type": "foo"}),
    _tool("tools.known", "tool-typeless", {"name": "note"}),
    _tool("tools.known", "tool-string", "note"),
    _tool("tools.schema", "tool-parameters-string", {**_NOTE, "parameters": "none"}),
    _tool("tools.schema", "tool-loose", {**_NOTE, "parameters": {"type": "object"}}),
    _tool("tools.schema", "tool-optional", {**_NOTE, "parameters": {
        **_SCHEMA, "properties": {"a": {"type": "string"}}}}),
    _tool("tools.grammar", "grammar-syntax", {"type": "custom", "name": "pen", "format": {
        "type": "grammar", "syntax": "yacc", "definition": "a: b"}}, feature="responses.tools.custom"),
    _tool("tools.grammar", "grammar-missing", {"type": "custom", "name": "pen", "format": {
        "type": "grammar", "syntax": "lark"}}, feature="responses.tools.custom"),
    _tool("tools.grammar", "grammar-format", {"type": "custom", "name": "pen", "format": {
        "type": "yaml"}}, feature="responses.tools.custom"),
    _choice("tool-choice.known", "choice-word", "sometimes"),
    _choice("tool-choice.known", "choice-number", 5),
    _choice("tool-choice.known", "choice-nameless", {"type": "function"}),
    _choice("tool-choice.known", "choice-nested", {"type": "function", "function": {"name": "note"}}),
    _choice("tool-choice.known", "choice-kind", {"type": "foo"}),
    _choice("tool-choice.known", "choice-mode",
            {"type": "allowed_tools", "mode": "never", "tools": [{"type": "function", "name": "note"}]}),
    _choice("tool-choice.offered", "choice-unlisted", {"type": "function", "name": "zzz"}),
    _choice("tool-choice.offered", "choice-custom-unlisted", {"type": "custom", "name": "note"}),
    _choice("tool-choice.offered", "choice-allowed-unlisted",
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "zzz"}]}),
    *(
        _choice("tool-choice.hosted", f"choice-{kind.replace('_', '-')}", {"type": kind, **more})
        for kind, more in (
            ("mcp", {"server_label": "pages"}), ("apply_patch", {}), ("shell", {}),
            ("programmatic_tool_calling", {}), ("file_search", {}), ("image_generation", {}),
        )
    ),
    _choice("tool-choice.needs-tools", "choice-without-tools", "required", tools=ABSENT),
    _choice("tool-choice.needs-tools", "choice-with-no-tools", "required", tools=[]),
)  # fmt: skip

SETTINGS: Final = (
    _other("model.required", "model-missing", "model", "", (400,), model=ABSENT),
    _other("model.type", "model-null", "model", "", (400,), model=None),
    _other("model.known", "model-unknown", "", "", _SOMEWHERE, model="gpt-none"),
    _other("model.known", "model-empty", "", "", _SOMEWHERE, model=""),
    _other("model.known", "model-streamed", "", "responses.stream", _SOMEWHERE, model="gpt-none",
           stream=True),
    _other("previous-response-id.unknown", "previous-unknown", "", "responses.store", _SOMEWHERE,
           previous_response_id="resp_none"),
    _other("previous-response-id.unknown", "previous-strange", "", "responses.store", _SOMEWHERE,
           previous_response_id="chatcmpl-1/../é"),
    _other("previous-response-id.unknown", "previous-streamed", "", "responses.store", _SOMEWHERE,
           previous_response_id=f"resp_{'0' * 48}", stream=True),
    _other("conversation.id", "conversation-without-id", "conversation", "", (400,), conversation={}),
    _other("conversation.id", "conversation-number", "conversation", "", (400,),
           conversation={"id": 5}),
    _other("prompt.unknown", "prompt-unknown", "", "responses.prompt", _SOMEWHERE,
           prompt={"id": "pmpt_none", "version": "1", "variables": {"name": "é"}}),
    _other("truncation.disabled", "input-too-long", "input", "scripted", (400,),
           input="[[usage prompt=3000000]] Say hello.", truncation="disabled"),
    _other("background.needs-store", "background-unstored", "background|store", "responses.background",
           (400,), background=True, store=False),
    *(
        _other("background.window", f"background-window-{window}", "background_options|stream", "",
               (400,), background=True, background_options={"completion_window": window},
               stream=True)
        for window in ("2h", "8h")
    ),
    _other("stream-options.needs-stream", "stream-options-alone", "stream_options", "", (400,),
           stream_options={"include_obfuscation": False}),
    *(
        _other("reasoning.effort", f"effort-{n}", "reasoning", "", (400,),
               reasoning={"effort": effort})
        for n, effort in enumerate(("ultra", "", 5))
    ),
    _other("reasoning.summary", "summary-unknown", "reasoning", "responses.reasoning.summary", (400,),
           reasoning={"effort": "low", "summary": "long"}),
    _other("text.verbosity", "verbosity-unknown", "text", "", (400,), text={"verbosity": "loud"}),
    _other("text.verbosity", "verbosity-number", "text", "", (400,), text={"verbosity": 5}),
    _other("context-management.known", "management-unknown", "context_management", "", (400,),
           context_management=[{"type": "foo"}]),
    _other("context-management.known", "management-string", "context_management", "", (400,),
           context_management="compaction"),
    _format("format.known", "format-type", {"type": "yaml"}),
    _format("format.known", "format-string", "json_object"),
    _format("format.known", "format-empty", {}),
    _format("format.json-word", "format-no-json-word", {"type": "json_object"}, at="input|text"),
    _format("format.name", "schema-nameless", {"type": "json_schema", "schema": _SCHEMA},
            at="text.format.name"),
    _format("format.name", "schema-name-space", {"type": "json_schema", "name": "a b",
            "schema": _SCHEMA}),
    _format("format.name", "schema-name-long", {"type": "json_schema", "name": "n" * 65,
            "schema": _SCHEMA}),
    _format("format.schema", "schema-missing", {"type": "json_schema", "name": "shape"},
            at="text.format.schema"),
    _format("format.schema", "schema-of-chat", {"type": "json_schema", "json_schema": {
        "name": "shape", "schema": _SCHEMA}}),
    _format("format.schema", "schema-string", {"type": "json_schema", "name": "shape",
            "schema": "object"}),
    _format("format.strict", "schema-loose", {"type": "json_schema", "name": "shape", "strict": True,
            "schema": {"type": "object"}}),
    _format("format.strict", "schema-optional", {"type": "json_schema", "name": "shape",
            "strict": True, "schema": {**_SCHEMA, "properties": {"a": {"type": "string"}}}}),
)  # fmt: skip
