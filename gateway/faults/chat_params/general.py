"""Faults of chat parameters that are wrong: taken, refused with the wrong words, or a crash."""

from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forgiveness import refused_for, repaired
from gateway.faults.machinery.parameters import TYPE, WITHIN, Parameters
from gateway.faults.machinery.request_edits import without_param
from gateway.faults.machinery.selection import CHAT, CHAT_STREAM, both
from gateway.faults.machinery.transform import (
    alter,
    chain,
    in_turn,
    on_error,
    on_status,
    put,
    with_body,
    with_status,
)

_BOUNDS: Final = "^(?!invalid_type$|unknown_parameter$|unsupported|missing|.*combination).*"
# Parameters whose values have a type and bounds; `:` before those that have only a type.
_CHECKED: Final = [
    "temperature",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "n",
    "max_completion_tokens",
    "max_tokens",
    "seed",
    ":logprobs",
    "top_logprobs",
    "stop",
    "logit_bias",
    "metadata",
    ":store",
    ":stream",
    ":parallel_tool_calls",
    "reasoning_effort",
    "verbosity",
    "service_tier",
    "modalities",
    "prompt_cache_retention",
    "safety_identifier",
    ":user",
    ":prompt_cache_key",
    ":stream_options",
    ":model",
]

# Requirement -> param of the refusal that is not given, a word of its code, a word of its message,
# and the parameters that are left out instead.
_TAKEN: Final[tuple[tuple[str, str, str, str, str], ...]] = (
    ("model.required", "model", "missing", "", "model"),
    ("model.known", "model", "model_not_found|below_min", "", "model"),
    ("messages.required", "messages", "missing", "", "messages"),
    ("messages.not-empty", "messages", "empty_array", "", "messages"),
    ("messages.type", r"messages(\[\d+\])?", TYPE, "", "messages"),
    ("messages.role-required", r"messages\[\d+\]\.role", "missing", "", "messages"),
    ("messages.role-known", r"messages\[\d+\]\.role", "invalid_(value|type)", "", "messages"),
    ("messages.content", r"messages\[\d+\]\.content", "missing|invalid_type", "", "messages"),
    ("parts.known", r"messages\[\d+\]\.content\[\d+\](\.text|\.type)?", "missing|invalid_", "^(?!.*input_audio is)",
     "messages"),
    ("parts.unsupported", r"messages\[\d+\]\.content\[\d+\]", "", "input_audio", "messages"),
    ("images.malformed", r".*\.image_url\.url", "", "", "messages"),
    ("images.detail-known", r".*\.image_url\.detail", "", "", "messages"),
    ("tool-messages.orphan", r"messages.*", "", "must be a response to a", "messages"),
    ("tool-messages.answered", r"messages.*", "", "must be followed by tool messages", "messages"),
    ("tool-messages.id", r"messages.*\.tool_call_id", "missing", "", "messages"),
    ("tools.type-known", r"tools(\[\d+\](\.type)?)?", "missing|invalid_", "", "tools"),
    ("tools.name-required", r"tools\[\d+\]\.function(\.name)?", "missing|invalid_type", "", "tools"),
    ("tools.name-pattern", r"tools\[\d+\]\.function\.name", "invalid_value|length", "", "tools"),
    ("tools.parameters-type", r"tools\[\d+\]\.function\.parameters", TYPE, "", "tools"),
    ("tools.strict-schema", r"tools\[\d+\]\.function\.parameters", "invalid_function", "", "tools"),
    ("tool-choice.known", r"tool_choice.*", "missing|invalid_(value|type)", "^(?!.*not found)", "tool_choice"),
    ("tool-choice.offered", r"tool_choice.*", "", "not found in", "tool_choice"),
    ("tool-choice.needs-tools", r"tool_choice", "", "only allowed when", "tool_choice"),
    ("response-format.known", r"response_format(\.type)?", "missing|invalid_(value|type)", "",
     "response_format"),
    ("response-format.name", r"response_format\.json_schema.*", "", "", "response_format"),
    ("response-format.strict", r"response_format", "invalid_json_schema", "", "response_format"),
    ("response-format.json-word", r"messages", "", "word 'json'", "response_format"),
    ("top-logprobs.needs-logprobs", "top_logprobs", "", "only allowed when", "top_logprobs"),
    ("max-tokens.one-of-two", "max_tokens", "combination", "", "max_tokens"),
    ("stream-options.needs-stream", "stream_options", "", "only allowed when", "stream_options"),
    ("modalities.unsupported", "audio", "", "", "audio modalities"),
    ("modalities.needs-audio", "modalities", "unsupported_value", "", "modalities"),
)  # fmt: skip


# The last of the thousand messages is the one without a role.
_ALSO: Final = {"messages.role-required": ("messages.thousand",)}
_PARAMETERS: Final = Parameters("chat.param.", ".", CHAT, CHAT_STREAM)


def _fault(name: str, breaks: tuple[str, ...], says: str, family: Family, **how: Any) -> Fault:
    return _PARAMETERS.fault(name, says, family, breaks=breaks, **how)


def _crash(name: str, requirement: str, param: str, code: str) -> Fault:
    return _fault(
        f"{name}-crash", (requirement,), f"A wrong {name} is an error of the server.", Family.STATUS,
        when=both(CHAT, refused_for(param, code=code)), reply=on_status(400, with_status(500)),
    )  # fmt: skip


_PLAIN: Final = "The request is invalid."
# Refusals that a server is free to give, but then with the right words.
_POINTED: Final = ("messages.context", "web-search-options.clear")
_CLEAR: Final = (
    *_POINTED, "functions.clear", "moderation.clear", "parallel-without-tools.clear",
    "prompt-cache-options.clear", "unknown.clear",
)  # fmt: skip


FAULTS = (
    *_PARAMETERS.unchecked(_CHECKED, lambda _: WITHIN, _BOUNDS, "^(?!.*only allowed)"),
    *(_PARAMETERS.taken(*row, breaks=(row[0], *_ALSO.get(row[0], ()))) for row in _TAKEN),
    *(_PARAMETERS.unchecked_in_streams(name) for name in ("temperature", "n", "stop", "max_completion_tokens")),
    *(_PARAMETERS.booleans_as_numbers(name) for name in ("temperature", "n")),
    _crash("temperature-type", "temperature.type", "temperature", TYPE),
    _crash("logit-bias", "logit-bias.bounds", r"logit_bias.*", _BOUNDS),
    _crash("metadata", "metadata.type", r"metadata\..*", TYPE),
    _crash("image", "images.malformed", r".*\.image_url\.url", ""),
    _fault("functions-dropped", ("functions.honoured",), "functions is taken and never read.",
        Family.PARAMETER, when=CHAT, request=without_param("functions", "function_call")),
    _fault("model-elsewhere", ("model.known",), "An unknown model is asked for upstream.",
           Family.STATUS, reply=on_status(404, with_status(502))),
    _fault("refused-422", ("refused.status", *_CLEAR), "What is wrong in a request is a 422.", Family.STATUS,
           reply=on_status(400, with_status(422))),
    _fault("refused-nameless", ("refused.names", "refused.param", *_CLEAR),
           "Refusals do not say what was wrong.", Family.VALUE,
           reply=on_error(chain(put("error.message", _PLAIN), put("error.param", None)))),
    _fault("refused-param-null", ("refused.param", *_POINTED), "Refusals have no param.", Family.VALUE,
           reply=on_error(put("error.param", None))),
    _fault("refused-param-wrong", ("refused.param", *_POINTED), "Every refusal blames the model.",
           Family.VALUE, reply=on_error(put("error.param", "model"))),
    _fault("refused-param-path", ("refused.param", *_POINTED), "The param of a refusal is a JSON pointer.",
           Family.VALUE, reply=on_error(alter("error.param", lambda p: p and f"/{p}"))),
    _fault("refused-answered", ("refused.nothing-said",), "A refusal carries an answer as well.",
           Family.CONTENT, reply=on_error(put("choices", [{"index": 0, "message": {
               "role": "assistant", "content": "Hello", "refusal": None}}]))),
    _fault("refused-billed", ("refused.nothing-said",), "A refusal carries usage.", Family.BILLING,
           reply=on_error(put("usage", {"prompt_tokens": 9, "completion_tokens": 0,
                                        "total_tokens": 9}))),
    _fault("context-code", ("messages.context",), "A prompt that is too long has no code.",
           Family.VALUE, when=both(CHAT, refused_for("messages", code="context_length")),
           reply=on_error(put("error.code", None))),
    _fault("context-param", ("messages.context",), "A prompt that is too long names no param.",
           Family.VALUE, when=both(CHAT, refused_for("messages", code="context_length")),
           reply=on_error(put("error.param", None))),
    _fault("context-cut", ("messages.context",), "A prompt that is too long is cut.",
           Family.PARAMETER, when=both(CHAT, refused_for("messages", code="context_length")),
           request=repaired("messages")),
    _fault("unknown-crash", ("unknown.clear",), "An unknown parameter is an error of the server.",
           Family.STATUS, when=both(CHAT, refused_for(".*", code="unknown_parameter")),
           reply=in_turn(with_status(500), with_body("error", "text/plain"))),
    _fault("unknown-nameless", ("unknown.clear",), "An unknown parameter is not named.",
           Family.VALUE, when=both(CHAT, refused_for(".*", code="unknown_parameter")),
           reply=on_error(chain(put("error.message", _PLAIN), put("error.param", None)))),
)  # fmt: skip
