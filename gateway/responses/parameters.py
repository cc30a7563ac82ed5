"""What POST /v1/responses and its sisters take, as tables."""

from typing import Any, Final

from gateway.errors import ApiError, bad_value
from gateway.validation.parameters import Param
from gateway.validation.shared import effort, metadata, tool_name

SUMMARIES: Final = ("auto", "concise", "detailed")
INCLUDES: Final = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)
TIERS: Final = ("auto", "default", "flex", "priority", "fast", "scale", "ultrafast")
WINDOWS: Final = ("30m", "2h", "8h", "24h")

_STRING: Final = ("string", "null")
_OBJECT: Final = ("object", "null")
_INTEGER: Final = ("integer", "null")
_NUMBER: Final = ("number", "null")
_BOOLEAN: Final = ("boolean", "null")
_ARRAY: Final = ("array", "null")


def _conversation(value: Any, path: str) -> None:
    if isinstance(value, dict) and not isinstance(value.get("id"), str):
        raise bad_value(
            f"{path}.id", f"Missing required parameter: '{path}.id'.", "missing_required_parameter"
        )


def _prompt(_value: Any, path: str) -> None:
    # Templates live in an account's dashboard, and there is none here: said plainly, never ignored.
    raise ApiError(404, "Prompt templates are not served here.", param=path, code="not_found")


FORMAT: Final = Param(
    "format",
    _OBJECT,
    fields=(
        Param("type", ("string",), enum=("text", "json_object", "json_schema"), required=True),
        Param("name", ("string",), check=tool_name),
        Param("description", _STRING),
        Param("schema", ("object",)),
        Param("strict", _BOOLEAN),
    ),
)

REASONING: Final = Param(
    "reasoning",
    _OBJECT,
    fields=(
        Param("effort", _STRING, check=effort),
        Param("summary", _STRING, enum=(*SUMMARIES, "none")),
        Param("generate_summary", _STRING, enum=SUMMARIES),
        Param("context", _STRING, enum=("auto", "current_turn", "all_turns")),
        Param("mode", _STRING, enum=("standard", "pro")),
    ),
)

TEXT: Final = Param(
    "text",
    _OBJECT,
    fields=(FORMAT, Param("verbosity", _STRING, enum=("low", "medium", "high"))),
)

# What decides how many tokens the prompt has, and so belongs to input_tokens too.
_PROMPT_SIDE: Final[tuple[Param, ...]] = (
    Param("conversation", ("string", "object", "null"), check=_conversation),
    Param("input", ("string", "array", "null"), min_items=1),
    Param("instructions", _STRING),
    Param("parallel_tool_calls", _BOOLEAN),
    Param("previous_response_id", _STRING),
    REASONING,
    TEXT,
    Param("tool_choice", ("string", "object", "null"), enum=("none", "auto", "required")),
    Param("tools", _ARRAY, max_items=512),
    Param("truncation", _STRING, enum=("auto", "disabled")),
)

CREATE: Final[tuple[Param, ...]] = (
    Param("model", ("string",), required=True),
    *_PROMPT_SIDE,
    Param("access_programs", _OBJECT),
    Param("background", _BOOLEAN),
    Param(
        "background_options",
        _OBJECT,
        fields=(Param("completion_window", _STRING, enum=WINDOWS),),
    ),
    Param("client_metadata", _OBJECT),
    Param(
        "context_management",
        _ARRAY,
        items=Param(
            "",
            ("object",),
            fields=(
                Param("type", ("string",), enum=("compaction",), required=True),
                Param("compact_threshold", _INTEGER, low=1000),
            ),
        ),
    ),
    Param("frequency_penalty", _NUMBER, low=-2, high=2),
    Param("image", _OBJECT),
    Param("include", _ARRAY, items=Param("", ("string",), enum=INCLUDES)),
    Param("max_output_tokens", _INTEGER, low=16),
    Param("max_tool_calls", _INTEGER, low=1),
    Param("metadata", _OBJECT, max_items=16, check=metadata),
    Param("moderation", _OBJECT),
    Param("presence_penalty", _NUMBER, low=-2, high=2),
    Param("prompt", _OBJECT, check=_prompt),
    Param("prompt_cache_key", _STRING, max_length=1024),
    Param("prompt_cache_options", _OBJECT),
    Param("prompt_cache_retention", _STRING, enum=("in_memory", "24h")),
    Param("safety_identifier", _STRING, max_length=128),
    Param("service_tier", _STRING, enum=TIERS),
    Param("store", _BOOLEAN),
    Param("stream", _BOOLEAN),
    # include_usage belongs to chat; it is taken and means nothing: usage always comes at the end.
    Param(
        "stream_options",
        _OBJECT,
        fields=(Param("include_obfuscation", _BOOLEAN), Param("include_usage", _BOOLEAN)),
    ),
    Param("temperature", _NUMBER, low=0, high=2),
    Param("top_logprobs", _INTEGER, low=0, high=20),
    Param("top_p", _NUMBER, low=0, high=1),
    Param("user", _STRING),
)

INPUT_TOKENS: Final[tuple[Param, ...]] = (
    Param("model", _STRING),
    *_PROMPT_SIDE,
    Param("personality", _STRING),
)

COMPACT: Final[tuple[Param, ...]] = (
    Param("model", ("string",), required=True),
    Param("input", ("string", "array", "null"), min_items=1),
    Param("instructions", _STRING),
    Param("previous_response_id", _STRING),
    Param("image", _OBJECT),
    Param("parallel_tool_calls", _BOOLEAN),
    Param("prompt_cache_key", _STRING, max_length=1024),
    Param("prompt_cache_options", _OBJECT),
    Param("prompt_cache_retention", _STRING, enum=("in_memory", "24h")),
    REASONING,
    Param("service_tier", _STRING, enum=TIERS),
    TEXT,
    Param("tools", _ARRAY, max_items=512),
)
