"""Faults of items in Responses streams: their frame, identity, parts and phases."""

from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import (
    TERMINAL,
    moved_after,
    moved_before,
    on_events,
    renamed,
    reordered,
)
from gateway.faults.machinery.response_edits import stream_fault as fault
from gateway.faults.machinery.response_events import (
    ANNOTATION_ADDED,
    CALL_DONE,
    ITEM_ADDED,
    ITEM_DONE,
    PART_ADDED,
    PART_DONE,
    TEXT_DELTA,
    TEXT_DONE,
)
from gateway.faults.machinery.stream_edits import (
    drop_frame,
    edit,
    of_type,
    repeat_frame,
    swap_frames,
)
from gateway.faults.machinery.transform import (
    ReplyChange,
    alter,
    chain,
    drop,
    in_turn,
    on_event,
    on_frames,
    put,
)
from gateway.frames import Frame
from wire.exchange import Request


def _item_faults() -> tuple[Fault, ...]:
    order, shape, value, state = Family.ORDER, Family.SHAPE, Family.VALUE, Family.STATE
    message_added = on_event(ITEM_ADDED, lambda p: put("item.content", None)(p)
                             if p["item"]["type"] == "message" else p)  # fmt: skip

    def on_item(event: str, kind: str, change: Callable[[Any], Any]) -> ReplyChange:
        return on_event(event, lambda p: change(p) if p["item"]["type"] == kind else p)

    return (
        fault("item-added-missing", "An item begins without output_item.added.", order,
               reordered(drop_frame(of_type(ITEM_ADDED)))),
        fault("item-added-twice", "output_item.added comes twice for an item.", order,
               reordered(repeat_frame(of_type(ITEM_ADDED)))),
        fault("item-done-missing", "An item has no output_item.done.", order,
               reordered(drop_frame(of_type(ITEM_DONE), -1))),
        fault("item-done-twice", "output_item.done comes twice for an item.", order,
               reordered(repeat_frame(of_type(ITEM_DONE)))),
        fault("item-status-number", "status of a finished item is a number.", shape,
               on_event(ITEM_DONE, alter("item.status", lambda _: 200))),
        fault("item-id-number", "item_id of events is a number.", shape,
               on_frames(alter("item_id", lambda _: 7))),
        fault("item-id-new-in-done", "An item's id changes between added and done.", state,
               on_event(ITEM_DONE, alter("item.id", lambda text: text + "0"))),
        fault("item-type-new-in-done", "An item's type changes between added and done.", state,
               on_event(ITEM_DONE, put("item.type", "message"))),
        fault("item-id-of-events", "item_id is not the id of the item.", value,
               on_frames(alter("item_id", lambda text: text + "0"))),
        fault("item-id-null", "item_id is null.", shape, on_frames(alter("item_id", lambda _: None))),
        fault("item-ids-equal", "All items have the same id.", value,
               in_turn(on_events((ITEM_ADDED, ITEM_DONE), put("item.id", "msg_1")),
                       on_frames(alter("item_id", lambda _: "msg_1")),
                       on_events(TERMINAL, alter("response.output[].id", lambda _: "msg_1")))),
        fault("item-added-completed", "The added message says completed.", value,
               on_item(ITEM_ADDED, "message", put("item.status", "completed"))),
        fault("item-added-content-null", "The added message has content null.", shape,
               message_added),
        fault("item-added-content-full", "The added message has its content already.", value,
               on_item(ITEM_ADDED, "message", put("item.content", [
                   {"type": "output_text", "text": "x", "annotations": [], "logprobs": []}]))),
        fault("item-done-in-progress", "A finished item says in_progress.", value,
               on_event(ITEM_DONE, alter("item.status", lambda _: "in_progress"))),
        fault("call-name-late", "The added function call has no name yet.", shape,
               on_item(ITEM_ADDED, "function_call", drop("item.name"))),
        fault("call-id-late", "The added function call has no call_id yet.", shape,
               on_item(ITEM_ADDED, "function_call", drop("item.call_id"))),
        fault("call-arguments-early", "The added function call has its arguments already.", value,
               on_item(ITEM_ADDED, "function_call", put("item.arguments", "{}"))),
        fault("call-id-changes", "call_id changes between added and done.", state,
               on_item(ITEM_DONE, "function_call", alter("item.call_id", lambda text: text + "0"))),
        fault("call-arguments-object", "Arguments are an object.", shape,
               on_event(CALL_DONE, put("arguments", {}))),
        fault("part-added-missing", "Deltas come without content_part.added.", order,
               reordered(drop_frame(of_type(PART_ADDED)))),
        fault("part-done-missing", "A part has no content_part.done.", order,
               reordered(drop_frame(of_type(PART_DONE)))),
        fault("part-done-early", "content_part.done comes before output_text.done.", order,
               reordered(swap_frames(of_type(TEXT_DONE)))),
        fault("part-late", "content_part.added comes after the first delta.", order,
               reordered(swap_frames(of_type(PART_ADDED)))),
        fault("item-done-early", "output_item.done comes before content_part.done.", order,
               reordered(swap_frames(of_type(PART_DONE)))),
        fault("text-done-missing", "There is no output_text.done.", order,
               reordered(drop_frame(of_type(TEXT_DONE)))),
        fault("text-done-twice", "output_text.done comes twice.", order,
               reordered(repeat_frame(of_type(TEXT_DONE)))),
        fault("call-done-missing", "There is no function_call_arguments.done.", order,
               reordered(drop_frame(of_type(CALL_DONE)))),
        fault("delta-after-done", "A delta comes after output_text.done.", order,
               moved_after(TEXT_DELTA, TEXT_DONE)),
        fault("delta-after-item", "A delta comes after output_item.done.", order,
               moved_after(TEXT_DELTA, ITEM_DONE)),
        fault("delta-before-item", "A delta comes before output_item.added.", order,
               moved_before(TEXT_DELTA, ITEM_ADDED)),
        fault("summary-part-late", "A summary delta comes before its part.", order,
               reordered(swap_frames(of_type("response.reasoning_summary_part.added")))),
        fault("summary-part-done-missing", "A summary part is not closed.", order,
               reordered(drop_frame(of_type("response.reasoning_summary_part.done")))),
        fault("annotation-lost", "An annotation is never announced.", order,
               reordered(drop_frame(of_type(ANNOTATION_ADDED)))),
        fault("annotation-late", "An annotation comes after output_item.done.", order,
               moved_after(ANNOTATION_ADDED, ITEM_DONE)),
        fault("annotations-dropped", "The finished part has lost its annotations.", Family.CONTENT,
               on_event(PART_DONE, alter("part.annotations", lambda _: []))),
        *(
            fault(f"{name.replace('_', '-')}-phases-swapped", f"A {name} phase comes too early.", order,
                   reordered(swap_frames(of_type(f"response.{name}.in_progress"))))
            for name in ("web_search_call", "file_search_call", "image_generation_call")
        ),
        *(
            fault(f"{name.replace('_', '-')}-completed-twice", f"{name}.completed comes twice.", order,
                   reordered(repeat_frame(of_type(f"response.{name}.completed"))))
            for name in ("web_search_call", "file_search_call", "code_interpreter_call",
                         "image_generation_call", "mcp_call", "mcp_list_tools")
        ),
        fault("mcp-both-ends", "An MCP call completes and fails.", order, reordered(in_turn(
            repeat_frame(of_type("response.mcp_call.completed")), _second_as_failed))),
        fault("reasoning-after-message", "The reasoning item comes after the message.", order,
               _reasoning_last),
        fault("refusal-as-text", "A refusal is told as output_text.", value, in_turn(
            on_event("response.refusal.done", chain(
                alter("type", lambda _: TEXT_DONE),
                lambda p: {**p, "text": p["refusal"], "logprobs": []}, drop("refusal"))),
            renamed("response.refusal.done", TEXT_DONE),
            renamed("response.refusal.delta", TEXT_DELTA))),
    )  # fmt: skip


def _second_as_failed(_: Request, reply: Any) -> Any:
    failed = "response.mcp_call.failed"
    frames = list(reply.frames or ())
    places = [i for i, f in enumerate(frames) if of_type("response.mcp_call.completed")(f)]
    if len(places) < 2:
        return reply
    second = frames[places[1]]
    frames[places[1]] = second._replace(name=failed, payload={**second.payload, "type": failed})
    return edit(lambda _: tuple(frames))(_, reply)


def _reasoning_last(request: Request, reply: Any) -> Any:
    """Items 0 and 1 change places, with right indexes and numbers."""

    def index_of(frame: Frame) -> int | None:
        value = frame.payload.get("output_index") if isinstance(frame.payload, dict) else None
        return value if isinstance(value, int) else None

    def change(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
        first = [f for f in frames if index_of(f) == 0]
        second = [f for f in frames if index_of(f) == 1]
        if not second or first[0].payload["item"]["type"] != "reasoning":
            return frames
        start = frames.index(first[0])
        rest = frames[start + len(first) + len(second) :]
        swapped = [f._replace(payload={**f.payload, "output_index": 0}) for f in second]
        swapped += [f._replace(payload={**f.payload, "output_index": 1}) for f in first]
        return (*frames[:start], *swapped, *rest)

    flip = on_events(
        TERMINAL,
        alter("response.output", lambda items: [*items[1:2], *items[:1], *items[2:]]),
    )
    return reordered(in_turn(flip, edit(change)))(request, reply)


FAULTS: Final = _item_faults()
