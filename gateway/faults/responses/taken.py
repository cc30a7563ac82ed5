"""Faults of Responses parameters that are wrong: taken, or refused in the wrong words."""

from typing import Final

from gateway.faults.machinery.fault import Family
from gateway.faults.machinery.forgiveness import refused_for
from gateway.faults.machinery.parameters import TYPE, WITHIN, Parameters
from gateway.faults.machinery.selection import RESPONSES, RESPONSES_STREAM, both
from gateway.faults.machinery.transform import (
    chain,
    on_error,
    on_status,
    put,
    with_body,
    with_status,
)

# Parameters whose values have a type and bounds; `:` before those that have only a type.
_CHECKED: Final = (
    "temperature", "top_p", "max_output_tokens", "max_tool_calls", "top_logprobs", "metadata",
    "include", "truncation", "service_tier", "prompt_cache_retention", "safety_identifier",
    ":instructions", ":store", ":stream", ":background", ":parallel_tool_calls", ":user",
    ":prompt_cache_key", ":previous_response_id", ":conversation", ":stream_options", ":reasoning",
    ":text", ":tools", ":model", ":input",
)  # fmt: skip

# What is taken -> param of the refusal that is not given, a word of its code, a word of its message,
# and the parameters that are left out instead.
_TAKEN: Final[tuple[tuple[str, str, str, str, str], ...]] = (
    ("model-missing", "model", "missing", "", "model"),
    ("model-unknown", "model", "model_not_found", "", "model"),
    ("model-empty", "model", "model_not_found", "model '' does", "model"),
    ("input-missing", "input", "missing", "one of 'input'", "input"),
    ("input-empty", "input", "empty_array", "", "input"),
    ("item-unknown", r"input\[\d+\]", "invalid_value", "'message', 'reasoning'", "input"),
    ("item-no-object", r"input\[\d+\]", TYPE, "", "input"),
    ("role-missing", r"input\[\d+\]\.role", "missing", "", "input"),
    ("role-unknown", r"input\[\d+\]\.role", "invalid_value", "", "input"),
    ("content-missing", r"input\[\d+\]\.content", "missing", "", "input"),
    ("content-number", r"input\[\d+\]\.content", TYPE, "", "input"),
    ("part-unknown", r"input\[\d+\]\.content\[\d+\]", "invalid_value", "'foo'|'text'", "input"),
    ("part-typeless", r"input\[\d+\]\.content\[\d+\]\.type", "", "", "input"),
    ("part-text-number", r"input\[\d+\]\.content\[\d+\]\.text", "", "", "input"),
    ("part-of-role", r"input\[\d+\]\.content\[\d+\]", "invalid_value", "'(in|out)put_text'\\. Supp", "input"),
    ("call-without-id", r"input\[1\]\.call_id", "missing", "", "input"),
    ("call-without-name", r"input\[1\]\.name", "missing", "", "input"),
    ("call-without-arguments", r"input\[1\]\.arguments", "missing", "", "input"),
    ("call-arguments-object", r"input\[1\]\.arguments", TYPE, "", "input"),
    ("output-without-id", r"input\[2\]\.call_id", "missing", "", "input"),
    ("output-without-output", r"input\[2\]\.output", "missing", "", "input"),
    ("output-orphan", "input", "", "found for function call output", "input"),
    ("call-unanswered", "input", "", "No tool output found", "input"),
    ("custom-orphan", "input", "", "found for custom tool call output", "input"),
    ("custom-without-input", r"input\[1\]\.input", "", "", "input"),
    ("image-malformed", r"input.*\.image_url", "invalid_value", "", "input"),
    ("image-missing", r"input.*\.image_url", "missing", "", "input"),
    ("image-detail", r"input.*\.detail", "", "", "input"),
    ("file-sources", r"input.*\]", "", "Exactly one of", "input"),
    ("file-malformed", r"input.*\.file_data", "", "", "input"),
    ("file-unknown", r"input.*\.file_id", "", "", "input"),
    ("reference-unknown", "input", "", "Item with id 'msg_none'", "input"),
    ("tool-nested", r"tools\[\d+\]\.name", "missing", "", "tools"),
    ("tool-name", r"tools\[\d+\]\.name", "invalid_value|length", "", "tools"),
    ("tool-unknown", r"tools\[\d+\](\.type)?", "", "", "tools"),
    ("tool-parameters", r"tools\[\d+\]\.parameters", TYPE, "", "tools"),
    ("tool-loose", r"tools\[\d+\]\.parameters", "invalid_function", "", "tools"),
    ("grammar", r"tools\[\d+\]\.format.*", "", "", "tools"),
    ("choice-unknown", r"tool_choice(\..*)?", "missing|invalid_(value|type)", "^(?!.*found in|.*must be spec|.*not served)",
     "tool_choice"),
    ("choice-unlisted", r"tool_choice.*", "", "'(zzz|note)' not found in", "tool_choice"),
    ("choice-hosted", r"tool_choice.*", "", "choice '(?!custom'|function').*not found in|not served", "tool_choice"),
    ("choice-without-tools", "tool_choice", "", "must be specified with", "tool_choice"),
    ("previous-and-conversation", "previous_response_id", "exclusive", "",
     "previous_response_id conversation"),
    ("conversation-nameless", r"conversation\.id", "", "", "conversation"),
    ("prompt-unknown", "prompt", "", "", "prompt"),
    ("input-too-long", "input", "context_length", "", "input"),
    ("background-unstored", "background", "", "requires 'store'", "background"),
    ("background-window", r"background_options.*", "", "", "background_options"),
    ("stream-options-alone", "stream_options", "", "only allowed when", "stream_options"),
    ("effort", r"reasoning\.effort", "", "'(ultra)?'|type", "reasoning"),
    ("summary", r"reasoning\.summary", "", "", "reasoning"),
    ("verbosity", r"text\.verbosity", "", "", "text"),
    ("management", r"context_management.*", "", "", "context_management"),
    ("format-unknown", r"text\.format(\.type)?", "", "", "text"),
    ("format-json-word", "input", "", "word 'json'", "text"),
    ("format-name", r"text\.format\.name", "", "", "text"),
    ("format-schema", r"text\.format\.(json_)?schema", "missing|unknown|type", "", "text"),
    ("format-loose", r"text\.format\.schema", "invalid_json_schema", "", "text"),
)  # fmt: skip


_PARAMETERS: Final = Parameters("responses_params.", "-", RESPONSES, RESPONSES_STREAM)
_fault: Final = _PARAMETERS.fault


def _within(name: str) -> str:
    return WITHIN if name in {"metadata", "include", "stream_options"} else ""


FAULTS: Final = (
    *(_PARAMETERS.taken(*row) for row in _TAKEN),
    *_PARAMETERS.unchecked(_CHECKED, _within),
    *(_PARAMETERS.unchecked_in_streams(name) for name in ("model", "stream_options", "previous_response_id")),
    *(_PARAMETERS.booleans_as_numbers(name) for name in ("temperature", "top_p", "top_logprobs")),
    _PARAMETERS.booleans_as_numbers("max_output_tokens", 16),
    *(
        _fault(f"{name.replace('_', '-')}-crash", f"A wrong {name} brings the server down.",
               Family.STATUS, both(RESPONSES, refused_for(name + WITHIN)),
               reply=on_status(400, with_status(500)))
        for name in ("tools", "tool_choice", "text", "reasoning", "metadata", "include",
                     "context_management", "conversation", "temperature")
    ),
    _fault("refused-422", "What is wrong is refused with 422.", Family.STATUS,
           reply=on_status(400, with_status(422))),
    _fault("refused-404", "What is wrong is refused with 404.", Family.STATUS,
           both(RESPONSES, refused_for("(temperature|tools|text|input).*")),
           reply=on_status(400, with_status(404))),
    _fault("refused-vaguely", "Refusals do not say what is wrong.", Family.VALUE,
           reply=on_error(chain(put("error.param", None), put("error.message", "Bad request.")))),
    _fault("refused-without-param", "Refusals name what is wrong in the message only.", Family.VALUE,
           reply=on_error(put("error.param", None))),
    _fault("refused-elsewhere", "Refusals blame another parameter.", Family.VALUE,
           reply=on_error(chain(put("error.param", "user"), put("error.message", "Bad user.")))),
    _fault("refused-with-usage", "Refusals come with usage.", Family.SHAPE,
           reply=on_error(put("usage", {"input_tokens": 3, "output_tokens": 0, "total_tokens": 3}))),
    _fault("unknown-answered-vaguely", "An unknown parameter is refused, and not named.", Family.VALUE,
           both(RESPONSES, refused_for(".*", code="unknown_parameter")), reply=on_error(chain(
               put("error.param", None), put("error.message", "There is an unknown parameter.")))),
    _fault("refused-as-html", "Refusals are pages of HTML.", Family.SHAPE,
           reply=on_status(400, with_body("<h1>Bad request</h1>", "text/html"))),
)  # fmt: skip
