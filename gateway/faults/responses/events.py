"""Faults of single Responses events, made from one table: a field missing, a place that is wrong."""

from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import TERMINAL, moved_after, moved_before
from gateway.faults.machinery.selection import RESPONSES_STREAM
from gateway.faults.machinery.transform import drop, on_event

_ITEM: Final = ("item_id", "output_index")
_DELTA: Final = (*_ITEM, "delta")
_PART: Final = (*_ITEM, "content_index", "part")
_SUMMARY: Final = (*_ITEM, "summary_index")
_COMMAND: Final = ("command_index", "output_index")
_LIFECYCLE: Final = ("response",)

# Event -> the fields that it must have besides type and sequence_number.
EVENTS: Final[dict[str, tuple[str, ...]]] = {
    "error": ("message",),
    "response.audio.delta": ("delta",),
    "response.audio.done": (),
    "response.audio.transcript.delta": ("delta",),
    "response.audio.transcript.done": (),
    "response.code_interpreter_call.completed": _ITEM,
    "response.code_interpreter_call.in_progress": _ITEM,
    "response.code_interpreter_call.interpreting": _ITEM,
    "response.code_interpreter_call_code.delta": _DELTA,
    "response.code_interpreter_call_code.done": (*_ITEM, "code"),
    "response.compaction.compacting": _ITEM,
    "response.completed": _LIFECYCLE,
    "response.content_part.added": _PART,
    "response.content_part.done": _PART,
    "response.created": _LIFECYCLE,
    "response.custom_tool_call_input.delta": _DELTA,
    "response.custom_tool_call_input.done": (*_ITEM, "input"),
    "response.failed": _LIFECYCLE,
    "response.file_search_call.completed": _ITEM,
    "response.file_search_call.in_progress": _ITEM,
    "response.file_search_call.searching": _ITEM,
    "response.function_call_arguments.delta": _DELTA,
    "response.function_call_arguments.done": (*_ITEM, "arguments"),
    "response.image_generation_call.completed": _ITEM,
    "response.image_generation_call.generating": _ITEM,
    "response.image_generation_call.in_progress": _ITEM,
    "response.image_generation_call.partial_image": (
        *_ITEM, "partial_image_b64", "partial_image_index",
    ),
    "response.in_progress": _LIFECYCLE,
    "response.incomplete": _LIFECYCLE,
    "response.mcp_call.completed": _ITEM,
    "response.mcp_call.failed": _ITEM,
    "response.mcp_call.in_progress": _ITEM,
    "response.mcp_call_arguments.delta": _DELTA,
    "response.mcp_call_arguments.done": (*_ITEM, "arguments"),
    "response.mcp_list_tools.completed": _ITEM,
    "response.mcp_list_tools.failed": _ITEM,
    "response.mcp_list_tools.in_progress": _ITEM,
    "response.output_item.added": ("item", "output_index"),
    "response.output_item.done": ("item", "output_index"),
    "response.output_text.annotation.added": (*_ITEM, "annotation_index", "content_index"),
    "response.output_text.delta": (*_DELTA, "content_index", "logprobs"),
    "response.output_text.done": (*_ITEM, "content_index", "logprobs", "text"),
    "response.queued": _LIFECYCLE,
    "response.reasoning_summary_part.added": (*_SUMMARY, "part"),
    "response.reasoning_summary_part.done": (*_SUMMARY, "part"),
    "response.reasoning_summary_text.delta": (*_SUMMARY, "delta"),
    "response.reasoning_summary_text.done": (*_SUMMARY, "text"),
    "response.reasoning_text.delta": (*_DELTA, "content_index"),
    "response.reasoning_text.done": (*_ITEM, "content_index", "text"),
    "response.refusal.delta": (*_DELTA, "content_index"),
    "response.refusal.done": (*_ITEM, "content_index", "refusal"),
    "response.shell_call_command.added": (*_COMMAND, "command"),
    "response.shell_call_command.delta": (*_COMMAND, "delta"),
    "response.shell_call_command.done": (*_COMMAND, "command"),
    "response.shell_call_output_content.delta": (*_DELTA, "command_index"),
    "response.shell_call_output_content.done": (*_ITEM, "command_index", "output"),
    "response.web_search_call.completed": _ITEM,
    "response.web_search_call.in_progress": _ITEM,
    "response.web_search_call.searching": _ITEM,
}  # fmt: skip
_COMMON: Final = ("type", "sequence_number")


def slug(event: str) -> str:
    """The name of an event in a fault's name: `output-text-delta`."""
    return event.removeprefix("response.").replace(".", "-").replace("_", "-")


def _misplaced(event: str) -> Any:
    if event in TERMINAL or event == "error":
        return moved_before(event, "response.in_progress")
    if event in {"response.created", "response.in_progress"}:
        return moved_after(event, "response.output_item.added")
    if event == "response.queued":
        return moved_after(event, "response.in_progress")
    if event == "response.output_item.done":
        return moved_before(event, "response.output_item.added")
    return moved_before(event, "response.in_progress")


FAULTS: Final = (
    *(
        Fault(
            f"responses.stream.{slug(event)}.{field.replace('_', '-')}-missing", (),
            f"{event} has no {field}.", Family.SHAPE, when=RESPONSES_STREAM,
            reply=on_event(event, drop(field)),
        )
        for event, fields in EVENTS.items()
        for field in (*_COMMON, *fields)
    ),
    *(
        Fault(
            f"responses.stream.{slug(event)}.misplaced", (),
            f"{event} comes at a place where the grammar does not allow it.", Family.ORDER,
            when=RESPONSES_STREAM, reply=_misplaced(event),
        )
        for event in EVENTS
    ),
)  # fmt: skip
