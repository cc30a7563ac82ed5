"""Faults of Responses that sit in one corner: an unusual item, a late delta, one kind of stream."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.response_edits import LIFECYCLE, TERMINAL, on_events, reordered
from gateway.faults.machinery.response_edits import stream_fault as fault
from gateway.faults.machinery.response_events import CALL_DELTA, ITEM_ADDED, ITEM_DONE, TEXT_DELTA
from gateway.faults.machinery.selection import RESPONSES, RESPONSES_STREAM, asking, both
from gateway.faults.machinery.stream_edits import (
    drop_frame,
    edit,
    insert_after,
    of_type,
    repeat_frame,
    swap_frames,
)
from gateway.faults.machinery.transform import Change, alter, drop, in_turn, on_body, on_event, put
from gateway.faults.machinery.wire_edits import each, replaced
from gateway.frames import Frame, GatewayReply
from wire.exchange import Request

_SHAPE, _VALUE, _CONTENT, _ORDER = Family.SHAPE, Family.VALUE, Family.CONTENT, Family.ORDER
_HOSTED: Final = {
    "web_search_call": ("id", "status"),
    "file_search_call": ("id", "queries", "status"),
    "code_interpreter_call": ("id", "code", "container_id", "status"),
    "image_generation_call": ("id", "status"),
    "mcp_call": ("id", "name", "arguments", "server_label"),
    "mcp_list_tools": ("id", "server_label", "tools"),
    "mcp_approval_request": ("id", "name", "arguments", "server_label"),
    "shell_call": ("call_id", "action", "status"),
    "shell_call_output": ("call_id", "output", "status"),
    "apply_patch_call": ("call_id", "operation", "status"),
    "computer_call": ("call_id", "status"),
    "local_shell_call": ("call_id", "action"),
    "tool_search_call": ("arguments", "execution"),
    "tool_search_output": ("tools", "execution"),
    "compaction": ("encrypted_content",),
}


def _everywhere(kind: str, change: Change) -> Any:
    """Changes the items of a type in every place that shows them."""

    def item(value: Any) -> Any:
        return change(value) if value["type"] == kind else value

    def response(value: Any) -> Any:
        return {**value, "output": [item(inner) for inner in value["output"]]}

    return in_turn(
        on_body(response),
        on_events((ITEM_ADDED, ITEM_DONE), lambda p: {**p, "item": item(p["item"])}),
        on_events(LIFECYCLE, lambda p: {**p, "response": response(p["response"])}),
    )


def _objects(change: Change) -> Any:
    return in_turn(
        on_body(change),
        on_events(LIFECYCLE, lambda p: {**p, "response": change(p["response"])}),
    )


def _slug(*words: str) -> str:
    return "-".join(words).replace("_", "-")


def _rare_fields() -> tuple[Fault, ...]:
    rows = {**_HOSTED, "custom_tool_call": ("call_id", "name", "input")}
    wrong = {"access_programs": "cyber", "billing": "us", "frequency_penalty": "0",
             "presence_penalty": "0"}  # fmt: skip
    return (
        *(
            Fault(f"responses.{_slug(kind, name)}-missing", (), f"{kind} has no {name}.", _SHAPE,
                  when=RESPONSES, reply=_everywhere(kind, drop(name)))
            for kind, names in rows.items() for name in names
        ),
        *(
            Fault(f"responses.{_slug(name)}-wrong", (), f"{name} is of a wrong type.", _SHAPE,
                  when=RESPONSES, reply=_objects(put(name, value)))
            for name, value in wrong.items()
        ),
        *(
            Fault(f"responses.{_slug(name)}-left-out", (), f"{name} is left out of responses.",
                  _SHAPE, when=RESPONSES, reply=_objects(drop(name)))
            for name in ("reasoning", "store", "text", "truncation", "service_tier")
        ),
        Fault("responses.settings-stale", (), "top_logprobs is echoed one too high.", _VALUE,
              when=both(RESPONSES, asking("top_logprobs")),
              reply=_objects(alter("top_logprobs", lambda n: n + 1))),
        Fault("responses.default-changed", (), "parallel_tool_calls is off without being asked.",
              _VALUE, when=RESPONSES, reply=_objects(put("parallel_tool_calls", False))),
        Fault("responses.web-searches-uncounted", (), "A web search is not counted.",
              Family.BILLING, when=RESPONSES,
              reply=_objects(alter("tool_usage.web_search.num_requests", lambda _: 0))),
        Fault("responses.completed-at-never", (), "completed_at is always null.", _VALUE,
              when=RESPONSES, reply=_objects(put("completed_at", None))),
        Fault("responses.item-ids-constant", (), "Items have the same ids in every response.",
              Family.STATE, when=RESPONSES, reply=_numbered_ids),
    )  # fmt: skip


def _numbered_ids(request: Request, reply: GatewayReply) -> GatewayReply:
    """Ids that count from 1 in each response."""
    known: dict[str, str] = {}

    def name(value: str) -> str:
        prefix, _, rest = value.partition("_")
        return known.setdefault(value, f"{prefix}_{len(known) + 1}") if rest else value

    def response(value: Any) -> Any:
        return alter("output[].id", name)(value)

    changed = in_turn(
        on_body(response),
        on_events((ITEM_ADDED, ITEM_DONE), alter("item.id", name)),
        edit(lambda frames: tuple(
            frame._replace(payload=alter("item_id", name)(frame.payload)) for frame in frames
        )),
        on_events(LIFECYCLE, alter("response", response)),
    )  # fmt: skip
    return changed(request, reply)


def _nth(kind: str, number: int, change: Callable[[Any], Any]) -> Any:
    """Changes one event of a type."""

    def apply(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
        places = [i for i, frame in enumerate(frames) if of_type(kind)(frame)]
        if len(places) <= number:
            return frames
        i = places[number]
        return (
            *frames[:i],
            frames[i]._replace(payload=change(frames[i].payload)),
            *frames[i + 1 :],
        )

    return edit(apply)


def _stream_faults() -> tuple[Fault, ...]:
    state = Family.STATE
    return (
        fault("keepalive-with-response", "A keep-alive carries something.", _SHAPE,
              on_event("keepalive", put("response", None))),
        fault("model-new", "The model's name changes within a stream.", state,
              on_events(TERMINAL, put("response.model", "gpt-5.5"))),
        fault("arguments-name-wrong", "The done event names another function.", _VALUE,
              on_event("response.function_call_arguments.done", put("name", "other"))),
        fault("summary-status-wrong", "A summary part is done with a status of its own.", _VALUE,
              on_event("response.reasoning_summary_part.done", put("status", "completed"))),
        fault("summary-part-empty", "An empty summary part is shown and taken back.", _SHAPE,
              _empty_summary),
        fault("error-code-missing", "error has no code.", _SHAPE, on_event("error", drop("code"))),
        fault("part-added-full", "The part is added with its first word, which comes again.",
              _CONTENT, on_event("response.content_part.added", _filled)),
        fault("delta-30-lost", "The thirtieth delta of a long stream is lost.", _CONTENT,
              reordered(drop_frame(of_type(TEXT_DELTA), 30))),
        fault("delta-30-doubled", "The thirtieth delta of a long stream comes twice.", _CONTENT,
              reordered(repeat_frame(of_type(TEXT_DELTA), 30))),
        fault("last-deltas-swapped", "The last two deltas change places.", _CONTENT,
              reordered(swap_frames(of_type(TEXT_DELTA), -2))),
        fault("second-call-fragment-lost", "A fragment of the last call is lost.", _CONTENT,
              reordered(drop_frame(of_type(CALL_DELTA), -1))),
        fault("arguments-fragments-swapped", "Two fragments of arguments change places.", _CONTENT,
              reordered(swap_frames(of_type(CALL_DELTA), 1))),
        fault("space-lost-at-delta-5", "The fifth delta has lost its spaces.", _CONTENT,
              _nth(TEXT_DELTA, 5, alter("delta", lambda text: text.replace(" ", "")))),
        fault("content-index-late", "content_index is wrong from the seventh delta on.", _VALUE,
              edit(_late_index)),
        fault("usage-only-in-done", "usage comes in an event of its own.", _SHAPE,
              in_turn(on_events(TERMINAL, drop("response.usage")),
                      reordered(insert_after(of_type(*TERMINAL),
                                Frame(0, "response.usage", {"type": "response.usage",
                                      "usage": {"total_tokens": 1}, "sequence_number": 0}))))),
        fault("queued-event-lost", "A queued response does not show response.queued.", _ORDER,
              reordered(drop_frame(of_type("response.queued")))),
        fault("command-output-lost", "A piece of a command's output is lost.", _CONTENT,
              reordered(drop_frame(of_type("response.shell_call_output_content.delta")))),
        fault("parts-interleaved", "A command begins before the one before is done.", _ORDER,
              edit(_early_command)),
        fault("padding-missing", "Deltas are not padded.", _SHAPE,
              on_events((TEXT_DELTA, CALL_DELTA), drop("obfuscation"))),
        fault("logprobs-of-deltas-lost", "One delta has lost its logprobs.", _CONTENT,
              _nth(TEXT_DELTA, 1, put("logprobs", []))),
        fault("final-item-changed", "A field of an item is gone in the terminal event.", _SHAPE,
              on_events(TERMINAL, drop("response.output[].phase"))),
        Fault("responses.stream.tools-only-deltas-lost", (), "Streams with tools lose a delta.",
              _CONTENT, when=both(RESPONSES_STREAM, asking("tools")),
              reply=reordered(drop_frame(of_type(CALL_DELTA), 2))),
        fault("event-of-9-mib", "One event is larger than readers hold.", Family.FRAMING,
              _nth("response.completed", 0, put("padding", "x" * (9 * 2**20)))),
        fault("surrogates-split", "A character is sent as half of a pair.", Family.FRAMING,
              wire=replaced("🚀".encode(), rb"\ud83d")),
        fault("line-separator-raw-cr", "Lines end with CR alone.", Family.FRAMING,
              wire=each(lambda data: data.replace(b"\n", b"\r"))),
        fault("buffered-half", "The first delta comes early, all others at the end.", Family.TIMING,
              edit(_half_burst)),
        fault("created-waits", "response.created waits for the first delta.", Family.TIMING,
              _late_start),
    )  # fmt: skip


def _filled(payload: Any) -> Any:
    return put("part.text", "again")(payload) if "text" in payload["part"] else payload


def _late_index(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    numbers = iter(range(len(frames)))
    return tuple(
        frame._replace(payload={**frame.payload, "content_index": 1})
        if of_type(TEXT_DELTA)(frame) and next(numbers) > 6
        else frame
        for frame in frames
    )


def _empty_summary(request: Request, reply: GatewayReply) -> GatewayReply:
    """Before the end of each reasoning item without a summary."""
    part = {"type": "summary_text", "text": ""}

    def shown(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
        made: list[Frame] = []
        for frame in frames:
            item = frame.payload.get("item", {})
            if of_type(ITEM_DONE)(frame) and item["type"] == "reasoning" and not item["summary"]:
                at = {"item_id": item["id"], "output_index": frame.payload["output_index"],
                      "summary_index": 0, "sequence_number": 0}  # fmt: skip
                for step, more in (("part.added", {"part": part}), ("text.done", {"text": ""}),
                                   ("part.done", {"part": part})):  # fmt: skip
                    kind = f"response.reasoning_summary_{step}"
                    made.append(Frame(0, kind, {"type": kind, **at, **more}))
            made.append(frame)
        return tuple(made)

    return reordered(edit(shown))(request, reply)


def _early_command(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    kinds = [frame.payload.get("type") for frame in frames]
    added = [i for i, kind in enumerate(kinds) if kind == "response.shell_call_command.added"]
    if len(added) < 2:
        return frames
    kept = [*frames[: added[1]], *frames[added[1] + 1 :]]
    kept.insert(added[0] + 1, frames[added[1]])
    return tuple(
        frame._replace(payload={**frame.payload, "sequence_number": n})
        for n, frame in enumerate(kept)
    )


def _half_burst(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    deltas = [i for i, frame in enumerate(frames) if of_type(TEXT_DELTA)(frame)]
    if len(deltas) < 2:
        return frames
    total = sum(frame.delay_ms for frame in frames[deltas[1] :])
    return tuple(
        frame._replace(delay_ms=total if i == deltas[1] else frame.delay_ms if i < deltas[1] else 0)
        for i, frame in enumerate(frames)
    )


def _late_start(_: Request, reply: GatewayReply) -> GatewayReply:
    if reply.frames is None:
        return reply
    wait = next((frame.delay_ms for frame in reply.frames if frame.delay_ms), 0)
    frames = list(reply.frames)
    first = next((i for i, frame in enumerate(frames) if frame.delay_ms), 0)
    frames[first] = frames[first]._replace(delay_ms=0)
    frames[0] = frames[0]._replace(delay_ms=wait)
    return replace(reply, frames=tuple(frames))


FAULTS: Final = (*_rare_fields(), *_stream_faults())
