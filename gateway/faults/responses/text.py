"""Faults of texts in Responses streams: deltas, their copies, usage."""

from itertools import accumulate
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import (
    LIFECYCLE,
    TERMINAL,
    on_events,
    reordered,
    retold,
)
from gateway.faults.machinery.response_edits import stream_fault as fault
from gateway.faults.machinery.response_events import (
    CALL_DELTA,
    CALL_DONE,
    COMPLETED,
    ITEM_DONE,
    PART_DONE,
    TEXT_DELTA,
    TEXT_DONE,
)
from gateway.faults.machinery.stream_edits import drop_frame, of_type, repeat_frame, swap_frames
from gateway.faults.machinery.transform import alter, chain, drop, on_event, on_frames, put
from wire.exchange import Request

_CUSTOM_DONE: Final = "response.custom_tool_call_input.done"
_SUMMARY_DONE: Final = "response.reasoning_summary_text.done"


def _shorter(text: Any) -> Any:
    """Without its last character; an object (of a tool search) stays as it is."""
    return text[:-1] if isinstance(text, str) else text


def _text_faults() -> tuple[Fault, ...]:
    content, value, shape = Family.CONTENT, Family.VALUE, Family.SHAPE
    return (
        fault("delta-lost", "A delta is lost; the copies of the text are whole.", content,
               reordered(drop_frame(of_type(TEXT_DELTA)))),
        fault("delta-doubled", "A delta comes twice; the copies of the text are right.", content,
               reordered(repeat_frame(of_type(TEXT_DELTA)))),
        fault("deltas-swapped", "Two deltas change places; the copies are right.", content,
               reordered(swap_frames(of_type(TEXT_DELTA)))),
        fault("deltas-cumulative", "Each delta repeats all text before it.", content, _cumulative),
        fault("delta-null", "A delta is null.", shape, on_event(TEXT_DELTA, put("delta", None))),
        fault("delta-object", "A delta is an object.", shape,
               on_event(TEXT_DELTA, alter("delta", lambda text: {"text": text}))),
        fault("retold-lost", "A word is lost, in the deltas and in every copy.", content,
               retold(lambda words: words[:1] + words[2:])),
        fault("retold-doubled", "A word comes twice, in the deltas and in every copy.", content,
               retold(lambda words: words[:1] + words[:1] + words[1:])),
        fault("retold-swapped", "Two words change places everywhere.", content,
               retold(lambda words: [*words[1:2], *words[:1], *words[2:]])),
        fault("retold-cumulative", "Deltas are cumulative and so is every copy.", content,
               retold(lambda words: list(accumulate(words)))),
        fault("retold-trimmed", "White space at the ends is lost everywhere.", content,
               retold(lambda words: [word.strip() for word in words])),
        fault("retold-ascii", "Letters beyond ASCII become '?', everywhere.", content,
               retold(lambda words: [w.encode("ascii", "replace").decode() for w in words])),
        fault("one-delta", "The whole text comes in one delta at the end.", Family.TIMING,
               retold(lambda words: ["".join(words)])),
        *(
            fault(name, says, content, on_event(event, alter(path, _shorter)))
            for name, event, path, says in (
                ("text-done-differs", TEXT_DONE, "text",
                 "output_text.done has another text than its deltas."),
                ("part-text-differs", PART_DONE, "part.text",
                 "content_part.done has another text than output_text.done."),
                ("item-text-differs", ITEM_DONE, "item.content[].text",
                 "output_item.done has another text than its parts."),
                ("final-text-differs", COMPLETED, "response.output[].content[].text",
                 "response.completed has another text than the items."),
                ("arguments-done-differ", CALL_DONE, "arguments",
                 "function_call_arguments.done differs from its deltas."),
                ("item-arguments-differ", ITEM_DONE, "item.arguments",
                 "output_item.done has other arguments than its done event."),
                ("final-arguments-differ", COMPLETED, "response.output[].arguments",
                 "response.completed has other arguments than the items."),
                ("input-done-differs", _CUSTOM_DONE, "input",
                 "custom_tool_call_input.done differs from its deltas."),
                ("item-input-differs", ITEM_DONE, "item.input",
                 "output_item.done has another input than its done event."),
                ("summary-done-differs", _SUMMARY_DONE, "text",
                 "reasoning_summary_text.done differs from its deltas."),
                ("item-summary-differs", ITEM_DONE, "item.summary[].text",
                 "output_item.done has another summary than its parts."),
                ("refusal-done-differs", "response.refusal.done", "refusal",
                 "refusal.done differs from its deltas."),
                ("code-done-differs", "response.code_interpreter_call_code.done", "code",
                 "code_interpreter_call_code.done differs from its deltas."),
                ("mcp-arguments-done-differ", "response.mcp_call_arguments.done", "arguments",
                 "mcp_call_arguments.done differs from its deltas."),
                ("command-done-differs", "response.shell_call_command.done", "command",
                 "shell_call_command.done differs from its deltas."),
            )
        ),
        fault("arguments-lost", "A fragment of arguments is lost.", content,
               reordered(drop_frame(of_type(CALL_DELTA)))),
        fault("final-output-empty", "response.completed has no output.", content,
               on_events(TERMINAL, put("response.output", []))),
        fault("final-output-reversed", "response.completed has its items in another order.",
               content, on_events(TERMINAL, alter("response.output", lambda o: o[::-1]))),
        fault("final-item-missing", "response.completed lacks the last item.", content,
               on_events(TERMINAL, alter("response.output", lambda o: o[:-1]))),
        fault("final-item-repeated", "response.completed has the last item twice.", content,
               on_events(TERMINAL, alter("response.output", lambda o: [*o, *o[-1:]]))),
        fault("usage-missing", "response.completed has no usage.", shape,
               on_events(TERMINAL, drop("response.usage"))),
        fault("usage-null", "usage is null in response.completed.", shape,
               on_events(TERMINAL, put("response.usage", None))),
        fault("usage-chat-names", "usage has the names of chat.", shape,
               on_events(TERMINAL, alter("response.usage", _chat_usage))),
        fault("usage-total-missing", "usage has no total_tokens.", shape,
               on_events(TERMINAL, drop("response.usage.total_tokens"))),
        fault("usage-written-text", "cache_write_tokens of usage is a text.", shape,
               on_events(TERMINAL, alter("response.usage.input_tokens_details.cache_write_tokens", str))),
        fault("usage-details-empty", "input_tokens_details of usage is empty.", shape,
               on_events(TERMINAL, put("response.usage.input_tokens_details", {}))),
        fault("usage-total-wrong", "total_tokens is not the sum.", value,
               on_events(TERMINAL, alter("response.usage.total_tokens", lambda n: n + 1))),
        fault("usage-zero", "usage counts nothing.", value,
               on_events(TERMINAL, chain(put("response.usage.input_tokens", 0),
                   put("response.usage.output_tokens", 0), put("response.usage.total_tokens", 0)))),
        fault("usage-early", "usage comes with every lifecycle event.", value,
               on_events(LIFECYCLE, put("response.usage", lambda old: old or {
                   "input_tokens": 1, "input_tokens_details": {"cached_tokens": 0},
                   "output_tokens": 0, "output_tokens_details": {"reasoning_tokens": 0},
                   "total_tokens": 1}))),
        fault("obfuscation-number", "obfuscation is a number.", shape,
               on_frames(alter("obfuscation", lambda _: 1))),
        fault("obfuscation-always", "include_obfuscation false is ignored.", Family.PARAMETER,
               on_events((TEXT_DELTA, CALL_DELTA), put("obfuscation", "aaaa"))),
        fault("logprobs-null", "logprobs of a delta is null.", shape,
               on_event(TEXT_DELTA, put("logprobs", None))),
    )  # fmt: skip


def _cumulative(request: Request, reply: Any) -> Any:
    seen: list[str] = []

    def grown(text: str) -> str:
        seen.append(text)
        return "".join(seen)

    return on_event(TEXT_DELTA, alter("delta", grown))(request, reply)


def _chat_usage(usage: Any) -> Any:
    return usage and {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["total_tokens"],
    }


FAULTS: Final = _text_faults()
