"""Faults of the plain chat completion and of its parameters."""

import json
from typing import Any

from gateway.fault import Family, Fault
from gateway.request_edits import clamped_param, with_param, without_param
from gateway.selection import CHAT, CHAT_PLAIN, asking, both
from gateway.transform import alter, chain, drop, on_body, put, rename


def _sum_with_reasoning(usage: Any) -> Any:
    reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
    return {**usage, "total_tokens": usage["total_tokens"] + reasoning}


_TOOL_CALLS = "choices[].message.tool_calls"

FAULTS = (
    *(
        Fault(
            f"chat.{path.rpartition('.')[2].removesuffix('[]')}-missing", (),
            f"The answer has no {path}.", Family.SHAPE, when=CHAT_PLAIN, reply=on_body(drop(path)),
        )
        for path in (
            "id", "object", "created", "model", "choices", "usage",
            "choices[].index", "choices[].message", "choices[].logprobs", "choices[].finish_reason",
            "choices[].message.role", "choices[].message.content", "choices[].message.refusal",
            "usage.prompt_tokens", "usage.completion_tokens", "usage.total_tokens",
        )
    ),
    Fault(
        "chat.created-ms", (), "created is in milliseconds.", Family.VALUE, when=CHAT_PLAIN,
        reply=on_body(alter("created", lambda seconds: seconds * 1000)),
    ),
    Fault(
        "chat.id-constant", (), "Every answer has the same id.", Family.STATE, when=CHAT_PLAIN,
        reply=on_body(put("id", "chatcmpl-1")),
    ),
    Fault(
        "chat.id-foreign", (), "The id of another vendor leaks.", Family.LEAK, when=CHAT_PLAIN,
        reply=on_body(alter("id", lambda text: text.replace("chatcmpl-", "msg_"))),
    ),
    Fault(
        "chat.model-foreign", (), "The name of another vendor's model leaks.", Family.LEAK,
        when=CHAT_PLAIN, reply=on_body(put("model", "claude-opus-4-5")),
    ),
    Fault(
        "chat.object-wrong", (), "object is 'text_completion'.", Family.VALUE, when=CHAT_PLAIN,
        reply=on_body(put("object", "text_completion")),
    ),
    Fault(
        "chat.finish-null", (), "finish_reason is null.", Family.VALUE, when=CHAT_PLAIN,
        reply=on_body(put("choices[].finish_reason", None)),
    ),
    Fault(
        "chat.finish-foreign", (), "finish_reason is a word of another API.", Family.VALUE,
        when=CHAT_PLAIN, reply=on_body(put("choices[].finish_reason", "end_turn")),
    ),
    Fault(
        "chat.finish-never-length", (), "An answer that was cut says stop.", Family.VALUE,
        when=CHAT_PLAIN,
        reply=on_body(
            alter("choices[].finish_reason", lambda word: "stop" if word == "length" else word)
        ),
    ),
    Fault(
        "chat.content-null", (), "The content of a text answer is null.", Family.VALUE,
        when=CHAT_PLAIN, reply=on_body(put("choices[].message.content", None)),
    ),
    Fault(
        "chat.content-in-text", (), "The message stands under 'text'.", Family.SHAPE,
        when=CHAT_PLAIN, reply=on_body(rename("choices[].message", "text")),
    ),
    Fault(
        "chat.content-altered", (), "The last character of the text is lost.", Family.CONTENT,
        when=CHAT_PLAIN,
        reply=on_body(alter("choices[].message.content", lambda text: text and text[:-1])),
    ),
    Fault(
        "chat.index-zero", (), "Every choice has index 0.", Family.VALUE,
        when=both(CHAT_PLAIN, asking("n")), reply=on_body(put("choices[].index", 0)),
    ),
    Fault(
        "chat.tools.finish-stop", (), "An answer that calls tools says stop.", Family.VALUE,
        when=CHAT_PLAIN,
        reply=on_body(
            alter("choices[].finish_reason", lambda word: "stop" if word == "tool_calls" else word)
        ),
    ),
    Fault(
        "chat.tools.arguments-object", (), "The arguments of a call are an object.", Family.SHAPE,
        when=CHAT_PLAIN,
        reply=on_body(alter(f"{_TOOL_CALLS}[].function.arguments", json.loads)),
    ),
    Fault(
        "chat.tools.arguments-cut", (), "The arguments of a call are cut.", Family.CONTENT,
        when=CHAT_PLAIN,
        reply=on_body(alter(f"{_TOOL_CALLS}[].function.arguments", lambda text: text[:-1])),
    ),
    Fault(
        "chat.tools.type-missing", (), "Calls have no type.", Family.SHAPE, when=CHAT_PLAIN,
        reply=on_body(drop(f"{_TOOL_CALLS}[].type")),
    ),
    Fault(
        "chat.tools.id-foreign", (), "The id of a call is another vendor's.", Family.LEAK,
        when=CHAT_PLAIN,
        reply=on_body(alter(f"{_TOOL_CALLS}[].id", lambda text: text.replace("call_", "toolu_"))),
    ),
    Fault(
        "chat.tools.id-same", (), "All calls of an answer have one id.", Family.VALUE,
        when=CHAT_PLAIN, reply=on_body(put(f"{_TOOL_CALLS}[].id", "call_1")),
    ),
    Fault(
        "chat.tools.order", (), "Parallel calls come in reverse order.", Family.ORDER,
        when=CHAT_PLAIN, reply=on_body(alter(_TOOL_CALLS, lambda calls: calls[::-1])),
    ),
    Fault(
        "chat.tools.name-prefixed", (), "The name of a called tool gets a prefix.", Family.CONTENT,
        when=CHAT_PLAIN,
        reply=on_body(alter(f"{_TOOL_CALLS}[].function.name", lambda name: "functions." + name)),
    ),
    Fault(
        "usage.chat.total-off", (), "Reasoning tokens are added to the total once more.",
        Family.VALUE, when=CHAT_PLAIN, reply=on_body(alter("usage", _sum_with_reasoning)),
    ),
    Fault(
        "usage.chat.total-plus-one", (), "The total is one more than the sum.", Family.VALUE,
        when=CHAT_PLAIN, reply=on_body(alter("usage.total_tokens", lambda n: n + 1)),
    ),
    Fault(
        "usage.chat.details-null", (), "The details of usage are null.", Family.VALUE,
        when=CHAT_PLAIN,
        reply=on_body(
            chain(
                put("usage.prompt_tokens_details", None),
                put("usage.completion_tokens_details", None),
            )
        ),
    ),
    *(
        Fault(
            f"chat.ignores.{name.replace('_', '-')}", (), f"{name} is ignored.", Family.PARAMETER,
            when=CHAT, request=without_param(name),
        )
        for name in (
            "stop", "max_completion_tokens", "max_tokens", "n", "logprobs", "response_format",
            "tool_choice", "parallel_tool_calls", "tools", "temperature", "top_p", "stream_options",
            "reasoning_effort", "service_tier", "metadata", "seed", "verbosity",
        )
    ),
    *(
        Fault(
            f"chat.clamps.{name.replace('_', '-')}", (),
            f"{name} out of range is clamped instead of refused.", Family.PARAMETER,
            when=CHAT, request=clamped_param(name, low, high),
        )
        for name, low, high in (
            ("temperature", 0, 2), ("top_p", 0, 1), ("frequency_penalty", -2, 2),
            ("presence_penalty", -2, 2), ("n", 1, 128), ("top_logprobs", 0, 20),
            ("max_completion_tokens", 1, 128_000),
        )
    ),
    Fault(
        "chat.model-defaulted", (), "An unknown model is answered by another one.",
        Family.PARAMETER, when=CHAT, request=with_param("model", "gpt-5.5"),
    ),
)  # fmt: skip
