"""Faults of a Responses stream as a whole: its lifecycle events, their echo, its failures."""

from typing import Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import (
    TERMINAL,
    each_new,
    moved_after,
    moved_before,
    renamed,
    reordered,
)
from gateway.faults.machinery.response_edits import stream_fault as fault
from gateway.faults.machinery.response_events import COMPLETED, ITEM_DONE, TEXT_DELTA
from gateway.faults.machinery.stream_edits import (
    drop_frame,
    drop_frames,
    edit,
    insert_after,
    of_type,
    repeat_frame,
    swap_frames,
)
from gateway.faults.machinery.transform import alter, chain, in_turn, on_event, on_frames, put
from gateway.frames import Frame

_CREATED: Final = "response.created"
_PROGRESS: Final = "response.in_progress"


_LATE: Final = Frame(
    0,
    TEXT_DELTA,
    {
        "type": TEXT_DELTA, "content_index": 0, "delta": "late", "item_id": "msg_late", "logprobs": [],
        "output_index": 0, "sequence_number": 0,
    },
)  # fmt: skip
_NESTED: Final = {"error": {"type": "server_error", "code": None, "message": "x", "param": None}}


def _lifecycle_faults() -> tuple[Fault, ...]:
    order, value, shape, state = Family.ORDER, Family.VALUE, Family.SHAPE, Family.STATE
    return (
        fault("created-missing", "The stream begins without response.created.", order,
               reordered(drop_frame(of_type(_CREATED)))),
        fault("created-twice", "response.created comes twice.", order,
               reordered(repeat_frame(of_type(_CREATED)))),
        fault("created-late", "response.in_progress comes before response.created.", order,
               reordered(swap_frames(of_type(_CREATED)))),
        fault("created-status-completed", "response.created says completed.", value,
               on_event(_CREATED, put("response.status", "completed"))),
        fault("created-has-usage", "response.created has usage already.", value,
               on_event(_CREATED, put("response.usage", {"input_tokens": 1, "output_tokens": 0,
                                                         "total_tokens": 1}))),
        fault("created-has-output", "response.created has output already.", value,
               on_event(_CREATED, put("response.output", [{"id": "msg_1", "type": "message",
                   "role": "assistant", "status": "completed", "content": []}]))),
        fault("in-progress-missing", "There is no response.in_progress.", order,
               reordered(drop_frame(of_type(_PROGRESS)))),
        fault("in-progress-status", "response.in_progress says queued.", value,
               on_event(_PROGRESS, put("response.status", "queued"))),
        fault("queued-late", "response.queued comes after response.in_progress.", order,
               moved_after("response.queued", _PROGRESS)),
        fault("queued-status", "response.queued says in_progress.", value,
               on_event("response.queued", put("response.status", "in_progress"))),
        fault("terminal-missing", "The stream ends without a terminal event.", order,
               drop_frames(of_type(*TERMINAL))),
        fault("terminal-twice", "The terminal event comes twice.", order,
               reordered(repeat_frame(of_type(*TERMINAL)))),
        fault("terminal-renamed", "The terminal event is called response.done.", value,
               in_turn(*(renamed(kind, "response.done") for kind in TERMINAL))),
        fault("terminal-followed", "A delta follows the terminal event.", order,
               reordered(insert_after(of_type(*TERMINAL), _LATE))),
        fault("terminal-early", "The terminal event comes before the last item is done.", order,
               moved_before(COMPLETED, ITEM_DONE)),
        fault("completed-status", "response.completed says in_progress.", value,
               on_event(COMPLETED, put("response.status", "in_progress"))),
        fault("completed-error", "A completed response has an error.", value,
               on_event(COMPLETED, put("response.error", {"code": "server_error",
                                                           "message": "x"}))),
        fault("completed-id-new", "response.completed has another id.", state,
               on_event(COMPLETED, alter("response.id", lambda text: text[:-4] + "beef"))),
        fault("completed-created-at-new", "response.completed has another created_at.", state,
               on_event(COMPLETED, alter("response.created_at", lambda at: at + 1000))),
        fault("id-new-each-time", "Every lifecycle event has an id of its own.", state,
               each_new("response.id", lambda n: f"resp_{n:048x}")),
        fault("id-of-chat", "The response's id is a chat id.", value,
               on_frames(alter("response.id", lambda text: text.replace("resp_", "chatcmpl-")))),
        *(
            fault(f"echo-{name.replace('_', '-')}-changed",
                   f"response.completed echoes another {name} than response.created.", state,
                   on_event(COMPLETED, put(f"response.{name}", other)))
            for name, other in (
                ("tools", []), ("instructions", "Be someone else."), ("temperature", 0.25),
                ("top_p", 0.25), ("metadata", {"other": "x"}), ("tool_choice", "none"),
                ("parallel_tool_calls", lambda old: not old), ("max_output_tokens", 9999),
                ("previous_response_id", "resp_other"), ("truncation", "auto"),
                ("store", lambda old: not old), ("text", {"format": {"type": "json_object"}}),
                ("reasoning", {"effort": "high", "summary": None}),
            )
        ),
        fault("incomplete-as-completed", "A response that was cut says completed.", value,
               in_turn(on_event("response.incomplete", chain(put("response.status", "completed"),
                           put("response.incomplete_details", None))),
                       renamed("response.incomplete", COMPLETED))),
        fault("incomplete-status", "response.incomplete says completed.", value,
               on_event("response.incomplete", put("response.status", "completed"))),
        fault("incomplete-no-details", "response.incomplete does not say why.", shape,
               on_event("response.incomplete", put("response.incomplete_details", None))),
        fault("incomplete-reason-length", "The reason of an incomplete response is 'length'.", value,
               on_event("response.incomplete", put("response.incomplete_details.reason", "length"))),
        fault("incomplete-no-usage", "response.incomplete has no usage.", shape,
               on_event("response.incomplete", put("response.usage", None))),
        fault("incomplete-item-completed", "The item that was cut says completed.", value,
               on_event("response.incomplete", put("response.output[-1].status", "completed"))),
        fault("failed-no-error", "response.failed does not say why.", shape,
               on_event("response.failed", put("response.error", None))),
        fault("failed-code-unknown", "The code of a failure is none that the API knows.", value,
               on_event("response.failed", put("response.error.code", "oops"))),
        fault("failed-status", "response.failed says completed.", value,
               on_event("response.failed", put("response.status", "completed"))),
        fault("error-nested", "The error event has its fields under 'error'.", shape,
               on_event("error", lambda p: {"type": "error", **_NESTED,
                                            "sequence_number": p["sequence_number"]})),
        fault("error-bare", "The error in the stream has no type.", shape,
               on_event("error", lambda _: _NESTED)),
        fault("error-text", "The error in the stream is plain text.", shape,
               edit(lambda frames: tuple(frame._replace(payload="Internal error")
                    if of_type("error")(frame) else frame for frame in frames))),
        fault("error-continues", "Deltas follow the error event.", order,
               reordered(insert_after(of_type("error"), _LATE))),
        fault("error-trace", "The error event shows a stack trace.", Family.LEAK,
               on_event("error", put("message", "Traceback (most recent call last):\n  File "
                                                '"/app/main.py", line 1, in <module>'))),
    )  # fmt: skip


FAULTS: Final = _lifecycle_faults()
