"""Faults of tool calls in chat, plain and streamed."""

import json
from typing import Any, Final

from gateway.faults.machinery.chat_edits import fault, fed, plain, streamed
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.selection import asking, negated
from gateway.faults.machinery.stream_edits import (
    Frames,
    delta_with,
    drop_frame,
    drop_frames,
    edit,
    repeat_frame,
    swap_frames,
)
from gateway.faults.machinery.transform import alter, chain, drop, on_all, on_frames, put, rename
from gateway.frames import Frame
from wire.exchange import Request

_SHAPE, _VALUE, _CONTENT, _ORDER = Family.SHAPE, Family.VALUE, Family.CONTENT, Family.ORDER
_CALLS: Final = "choices[].message.tool_calls"
_DELTAS: Final = "choices[].delta.tool_calls"
_FINISH: Final = "choices[].finish_reason"
_CALLING: Final = delta_with("tool_calls")


def _first_of_calls(frame: Frame) -> bool:
    return _CALLING(frame) and "id" in frame.payload["choices"][0]["delta"]["tool_calls"][0]


def _is_custom(frame: Frame) -> bool:
    return _CALLING(frame) and "custom" in frame.payload["choices"][0]["delta"]["tool_calls"][0]


def _interleaved(frames: Frames) -> Frames:
    """The fragments of the calls in turns, each call's own in their order."""
    places = [i for i, frame in enumerate(frames) if _CALLING(frame)]
    lanes: dict[int, list[Frame]] = {}
    for place in places:
        call = frames[place].payload["choices"][0]["delta"]["tool_calls"][0]
        lanes.setdefault(call["index"], []).append(frames[place])
    mixed: list[Frame] = []
    while any(lanes.values()):
        mixed += [lane.pop(0) for lane in lanes.values() if lane]
    fresh = dict(zip(places, mixed, strict=True))
    return tuple(fresh.get(i, frame) for i, frame in enumerate(frames))


def _in_one(frames: Frames) -> Frames:
    """The calls in their order, but the second first."""
    places = [i for i, frame in enumerate(frames) if _CALLING(frame)]
    calls = [frames[i] for i in places]
    turned = sorted(
        calls, key=lambda f: f.payload["choices"][0]["delta"]["tool_calls"][0]["index"] == 0
    )
    fresh = dict(zip(places, turned, strict=True))
    return tuple(fresh.get(i, frame) for i, frame in enumerate(frames))


def _repeating(*names: str) -> Any:
    """Later fragments repeat what the first said."""

    def make() -> Any:
        first: dict[int, dict[str, Any]] = {}

        def each(call: Any) -> Any:
            head = first.setdefault(call["index"], call)
            kind = next((k for k in ("function", "custom") if k in call), "function")
            again = {name: head[name] for name in names if name in head}
            if "name" in names:
                return {**call, kind: {"name": head[kind].get("name"), **call[kind]}}
            return {**call, **again}

        return alter(f"{_DELTAS}[]", each)

    return fed(make)


def _object(text: str) -> Any:
    """The arguments as a value; those that a limit cut stay as they are."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _spoiled(text: str) -> str:
    """The arguments with one property under another name."""
    try:
        value = json.loads(text)
    except ValueError:  # arguments that a limit cut
        return text
    return json.dumps({f"{name}_": inner for name, inner in value.items()})


def _without_results(request: Request) -> Request:
    """Tool outputs do not reach the model."""
    body = request.params
    given = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(given, list):
        return request
    kept = [
        {**m, "content": ""} if isinstance(m, dict) and m.get("role") == "tool" else m
        for m in given
    ]
    return Request(
        request.method,
        request.path,
        request.headers,
        json.dumps({**body, "messages": kept}).encode(),
    )


FAULTS: tuple[Fault, ...] = (
    plain("tools.finish-stop", "tools.finish-reason tools.finish-reason-required",
        "An answer that calls tools says stop.", _VALUE,
        alter(_FINISH, lambda word: "stop" if word == "tool_calls" else word)),
    streamed("tools.finish-stop", "tools.finish-reason", "A stream that calls tools says stop.", _VALUE,
        on_frames(alter(_FINISH, lambda word: "stop" if word == "tool_calls" else word)),
        negated(asking("tool_choice"))),
    plain("tools.calls-lost", "tools.called tools.custom tools.order", "The calls are left out.", _CONTENT,
        drop(_CALLS)),
    plain("tools.calls-empty", "tools.called tools.custom tools.order", "The list of calls is empty.", _CONTENT,
        alter(_CALLS, lambda _: [])),
    plain("tools.calls-null", "response.tool-calls", "The calls are null in texts.", _SHAPE,
        alter("choices[].message", lambda m: {"tool_calls": None, **m})),
    *(
        plain(f"tools.{name}-missing", "response.tool-calls", f"Calls have no {name}.", _SHAPE,
            drop(f"{_CALLS}[].{name}"))
        for name in ("id", "type")
    ),
    plain("tools.function-name-missing", "response.tool-calls tools.name", "Called functions have no name.",
        _SHAPE, drop(f"{_CALLS}[].function.name")),
    plain("tools.arguments-object", "response.tool-arguments", "The arguments of a call are an object.", _SHAPE,
        alter(f"{_CALLS}[].function.arguments", _object)),
    plain("tools.arguments-missing", "response.tool-arguments", "Calls have no arguments.", _SHAPE,
        drop(f"{_CALLS}[].function.arguments")),
    plain("tools.arguments-cut", "tools.arguments tools.arguments-json", "The arguments of a call are cut.",
        _CONTENT, alter(f"{_CALLS}[].function.arguments", lambda text: text[:-1])),
    plain("tools.arguments-renamed", "tools.arguments tools.arguments-schema",
        "Properties of arguments get other names.", _CONTENT,
        alter(f"{_CALLS}[].function.arguments", _spoiled)),
    plain("tools.arguments-ascii", "tools.arguments", "Letters of arguments are lost.", _CONTENT,
        alter(f"{_CALLS}[].function.arguments", lambda text: text.encode("ascii", "replace").decode())),
    plain("tools.id-foreign", "tools.id-prefix", "The id of a call is another vendor's.", Family.LEAK,
        alter(f"{_CALLS}[].id", lambda text: text.replace("call_", "toolu_"))),
    plain("tools.id-same", "tools.id-unique", "All calls of an answer have one id.", _VALUE,
        alter(_CALLS, lambda calls: [{**c, "id": calls[0]["id"]} for c in calls])),
    fault("tools.id-constant", "tools.id-unique", "Calls are numbered anew in each answer.", Family.STATE,
        reply=on_all(chain(put(f"{_CALLS}[0].id", "call_0"), put(f"{_CALLS}[1].id", "call_1"),
            put(f"{_CALLS}[2].id", "call_2")))),
    plain("tools.id-empty", "tools.id-filled tools.id-unique", "The id of a call is empty.", _VALUE,
        put(f"{_CALLS}[].id", "")),
    plain("tools.order", "tools.order", "Parallel calls come in reverse order.", _ORDER,
        alter(_CALLS, lambda calls: calls[::-1])),
    plain("tools.one-lost", "tools.order", "Only the first of several calls comes.", _CONTENT,
        alter(_CALLS, lambda calls: calls[:1])),
    plain("tools.one-twice", "tools.custom tools.order tools.id-unique", "The last call comes twice.", _CONTENT,
        alter(_CALLS, lambda calls: [*calls, calls[-1]])),
    plain("tools.name-prefixed", "tools.name", "The name of a called tool gets a prefix.", _CONTENT,
        alter(f"{_CALLS}[].function.name", lambda name: "functions." + name)),
    plain("tools.custom-as-function", "tools.name tools.custom tools.arguments-json",
        "A custom tool is called as a function.", _SHAPE,
        alter(f"{_CALLS}[]", lambda c: {"id": c["id"], "type": "function", "function": {
            "name": c["custom"]["name"], "arguments": c["custom"]["input"]}} if "custom" in c else c)),
    plain("tools.custom-input-lost", "response.tool-calls", "A custom call has no input.", _SHAPE,
        drop(f"{_CALLS}[].custom.input")),
    plain("tools.custom-input-cut", "tools.custom", "The input of a custom call is cut.", _CONTENT,
        alter(f"{_CALLS}[].custom.input", lambda text: text[:-1])),
    fault("tools.result-lost", "tools.result answer.exact-text", "The tool's result does not reach the model.",
        Family.STATE, request=_without_results),
    # Streams
    streamed("call-index-from-one", "tools.stream-index", "The index of tool calls starts at 1.", _VALUE,
        on_frames(alter(f"{_DELTAS}[].index", lambda n: n + 1))),
    streamed("call-index-gap", "tools.stream-index", "An index of tool calls is left out.", _VALUE,
        on_frames(alter(f"{_DELTAS}[].index", lambda n: n * 2))),
    streamed("call-index-missing", "chunk.tool-index", "Tool calls have no index.", _SHAPE,
        on_frames(drop(f"{_DELTAS}[].index"))),
    streamed("call-index-text", "chunk.tool-index", "The index of tool calls is a text.", _SHAPE,
        on_frames(alter(f"{_DELTAS}[].index", str))),
    streamed("call-id-missing", "tools.stream-head", "Tool calls have no id.", _SHAPE,
        on_frames(drop(f"{_DELTAS}[].id"))),
    streamed("call-name-missing", "tools.stream-head tools.name", "Tool calls have no name.", _SHAPE,
        on_frames(chain(drop(f"{_DELTAS}[].function.name"), drop(f"{_DELTAS}[].custom.name")))),
    streamed("call-type-missing", "tools.stream-head", "Tool calls have no type.", _SHAPE,
        on_frames(drop(f"{_DELTAS}[].type"))),
    streamed("call-type-null", "chunk.tool-type", "The type of tool calls is null.", _VALUE,
        on_frames(alter(f"{_DELTAS}[].type", lambda _: None))),
    streamed("call-arguments-object", "chunk.tool-arguments tools.arguments tools.arguments-json", "Arguments are streamed as objects.", _SHAPE,
        on_frames(alter(f"{_DELTAS}[].function.arguments", lambda text: {"text": text}))),
    streamed("call-head-lost", "tools.stream-head tools.name", "The first delta of each call is lost.", _ORDER,
        drop_frames(_first_of_calls)),
    streamed("call-id-repeated", "tools.stream-once", "Every fragment repeats the id.", _SHAPE, _repeating("id")),
    streamed("call-name-repeated", "tools.stream-once tools.name", "Every fragment repeats the name.", _SHAPE,
        _repeating("name")),
    streamed("call-type-repeated", "tools.stream-once", "Every fragment repeats the type.", _SHAPE,
        _repeating("type")),
    streamed("call-id-foreign", "tools.id-prefix", "The id of a call is another vendor's.", Family.LEAK,
        on_frames(alter(f"{_DELTAS}[].id", lambda text: text.replace("call_", "toolu_")))),
    streamed("call-id-same", "tools.id-unique", "All calls of a stream have one id.", _VALUE,
        on_frames(alter(f"{_DELTAS}[].id", lambda _: "call_x"))),
    streamed("call-id-empty", "tools.id-filled tools.id-unique", "The id of a call is empty.", _VALUE,
        on_frames(alter(f"{_DELTAS}[].id", lambda _: ""))),
    streamed("call-fragment-lost", "tools.arguments tools.arguments-json tools.custom", "A fragment of arguments is lost.", _CONTENT,
        drop_frame(_CALLING, 3)),
    streamed("call-fragment-twice", "tools.arguments tools.arguments-json tools.custom", "A fragment of arguments comes twice.", _CONTENT,
        repeat_frame(_CALLING, 9)),
    streamed("call-fragments-swapped", "tools.arguments tools.arguments-json tools.custom", "Two fragments of arguments are exchanged.", _CONTENT,
        swap_frames(_CALLING, 9)),
    streamed("call-interleaved", "tools.stream-in-turn", "The fragments of several calls are mixed.", _ORDER,
        edit(_interleaved)),
    streamed("call-second-first", "tools.stream-index", "The first call comes last.", _ORDER,
        edit(_in_one)),
    streamed("call-name-prefixed", "tools.name", "The name of a called tool gets a prefix.", _CONTENT,
        on_frames(alter(f"{_DELTAS}[].function.name", lambda name: "functions." + name))),
    streamed("call-custom-as-function", "tools.name tools.custom tools.arguments-json",
        "A custom tool is streamed as a function.", _SHAPE,
        on_frames(chain(rename(f"{_DELTAS}[].custom", "function"),
            rename(f"{_DELTAS}[].function.input", "arguments"),
            alter(f"{_DELTAS}[].type", lambda _: "function")), _is_custom)),
    streamed("call-custom-input-lost", "tools.custom", "The input of a custom call is not streamed.", _CONTENT,
        on_frames(drop(f"{_DELTAS}[].custom.input"))),
)  # fmt: skip
