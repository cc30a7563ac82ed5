"""What POST /v1/chat/completions takes, as tables."""

from typing import Any, Final

from gateway.errors import ApiError, bad_value, missing, unsupported
from gateway.validation.parameters import Check, Param
from gateway.validation.shared import NAME, effort, metadata

TIERS: Final = ("auto", "default", "flex", "scale", "priority", "fast")

_STRING: Final = ("string", "null")
_OBJECT: Final = ("object", "null")
_INTEGER: Final = ("integer", "null")
_NUMBER: Final = ("number", "null")
_BOOLEAN: Final = ("boolean", "null")
_ARRAY: Final = ("array", "null")


def _logit_bias(value: dict[str, Any], path: str) -> None:
    for token, bias in value.items():
        place = f"{path}.{token}"
        if not isinstance(bias, (int, float)) or isinstance(bias, bool):
            message = f"Invalid type for '{place}': expected an integer."
            raise bad_value(place, message, "invalid_type")
        if not -100 <= bias <= 100:
            side = "above_max" if bias > 0 else "below_min"
            message = f"Invalid '{place}': Expected a value between -100 and 100, but got {bias}."
            raise bad_value(path, message, f"integer_{side}_value")


def _stop(value: Any, path: str) -> None:
    for index, word in enumerate(value if isinstance(value, list) else ()):
        if not isinstance(word, str):
            place = f"{path}[{index}]"
            message = f"Invalid type for '{place}': expected a string."
            raise bad_value(place, message, "invalid_type")


def _modalities(value: list[Any], path: str) -> None:
    for index, word in enumerate(value):
        if word not in {"text", "audio"}:
            raise bad_value(f"{path}[{index}]", f"Invalid value: '{word}'.")
    if "audio" in value:
        raise bad_value(
            path,
            "Unsupported value: 'audio' is not supported with this model.",
            "unsupported_value",
        )


def _not_here(_value: Any, path: str) -> None:
    raise unsupported(path)


def _use_instead(better: str) -> Check:
    def check(_value: Any, path: str) -> None:
        raise bad_value(
            path,
            f"Unsupported parameter: '{path}' is not supported with this model. "
            f"Use '{better}' instead.",
            "unsupported_parameter",
        )

    return check


def _web_search(_value: Any, path: str) -> None:
    raise bad_value(
        path, "Web search options not supported with this model.", "unsupported_parameter"
    )


def _response_format(value: dict[str, Any], path: str) -> None:
    if value["type"] == "json_schema" and "json_schema" not in value:
        raise missing(f"{path}.json_schema")


def _schema_name(value: str, path: str) -> None:
    if not NAME.fullmatch(value):
        raise bad_value(
            path,
            f"Invalid '{path}': string does not match pattern. Expected a string that matches the "
            f"pattern '^[a-zA-Z0-9_-]+$'.",
        )


RESPONSE_FORMAT: Final = Param(
    "response_format",
    _OBJECT,
    fields=(
        Param("type", ("string",), enum=("json_object", "json_schema", "text"), required=True),
        Param(
            "json_schema",
            ("object",),
            fields=(
                Param("name", ("string",), required=True, max_length=64, check=_schema_name),
                Param("description", _STRING),
                Param("schema", _OBJECT),
                Param("strict", _BOOLEAN),
            ),
        ),
    ),
    check=_response_format,
)

CREATE: Final[tuple[Param, ...]] = (
    Param("model", ("string",), required=True, min_length=1),
    Param("messages", ("array",), required=True, min_items=1),
    Param("audio", _OBJECT, check=_not_here),
    Param("frequency_penalty", _NUMBER, low=-2, high=2),
    Param("function_call", ("string", "object", "null"), check=_use_instead("tool_choice")),
    Param("functions", _ARRAY, check=_use_instead("tools")),
    Param("logit_bias", _OBJECT, check=_logit_bias),
    Param("logprobs", _BOOLEAN),
    Param("max_completion_tokens", _INTEGER, low=1),
    Param("max_tokens", _INTEGER, low=1),
    Param("metadata", _OBJECT, max_items=16, check=metadata),
    Param("modalities", _ARRAY, min_items=1, check=_modalities),
    Param("moderation", _OBJECT, check=_not_here),
    Param("n", _INTEGER, low=1, high=128),
    Param("parallel_tool_calls", _BOOLEAN),
    Param(
        "prediction",
        _OBJECT,
        fields=(
            Param("type", ("string",), enum=("content",), required=True),
            Param("content", ("string", "array"), required=True),
        ),
    ),
    Param("presence_penalty", _NUMBER, low=-2, high=2),
    Param("prompt_cache_key", _STRING, max_length=1024),
    Param("prompt_cache_options", _OBJECT, check=_not_here),
    Param("prompt_cache_retention", _STRING, enum=("in_memory", "24h")),
    Param("reasoning_effort", _STRING, check=effort),
    RESPONSE_FORMAT,
    Param("safety_identifier", _STRING, max_length=128),
    Param("seed", _INTEGER, low=-(2**63), high=2**63 - 1),
    Param("service_tier", _STRING, enum=TIERS),
    Param("stop", ("string", "array", "null"), max_items=4, check=_stop),
    Param("store", _BOOLEAN),
    Param("stream", _BOOLEAN),
    Param(
        "stream_options",
        _OBJECT,
        fields=(Param("include_usage", _BOOLEAN), Param("include_obfuscation", _BOOLEAN)),
    ),
    Param("temperature", _NUMBER, low=0, high=2),
    Param("tool_choice", ("string", "object", "null"), enum=("none", "auto", "required")),
    Param("tools", _ARRAY, max_items=512),
    Param("top_logprobs", _INTEGER, low=0, high=20),
    Param("top_p", _NUMBER, low=0, high=1),
    Param("user", _STRING),
    Param("verbosity", _STRING, enum=("low", "medium", "high")),
    Param("web_search_options", _OBJECT, check=_web_search),
)


def check_together(body: dict[str, Any]) -> None:
    """What no single parameter can be judged by."""
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        raise bad_value(
            "max_tokens",
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "invalid_parameter_combination",
        )
    if body.get("stream_options") is not None and body.get("stream") is not True:
        raise bad_value(
            "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        )
    if body.get("top_logprobs") is not None and body.get("logprobs") is not True:
        raise bad_value("top_logprobs", "'top_logprobs' is only allowed when 'logprobs' is true.")
    if not body.get("tools"):
        for name in ("tool_choice", "parallel_tool_calls"):
            value = body.get(name)
            if value is not None and (isinstance(value, dict) or value not in {"none", "auto"}):
                raise ApiError(
                    400, f"'{name}' is only allowed when 'tools' are specified.", param=name
                )
