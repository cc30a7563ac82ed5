"""Faults of calls on their way: typed arguments rewritten, ids and names that no longer fit."""

import json
import re
from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.chat_edits import fault, plain, streamed
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.stream_edits import Frames, edit
from gateway.faults.machinery.transform import ReplyChange, alter, in_turn, on_body, on_frames
from gateway.frames import Frame

_CALLS: Final = "choices[].message.tool_calls"
_DELTAS: Final = "choices[].delta.tool_calls"


def _parsed(change: Callable[[Any], Any]) -> Callable[[str], str]:
    """Arguments parsed, changed and written anew; what does not parse stays."""

    def made(text: str) -> str:
        try:
            return json.dumps(_each(json.loads(text), change), ensure_ascii=False)
        except ValueError:
            return text

    return made


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _each(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_each(inner, change) for inner in value]
    return change(value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


REWRITINGS: Final[dict[str, tuple[str, Callable[[str], str]]]] = {
    "floats": ("Whole numbers of arguments become decimals.", _parsed(lambda v: float(v) if _whole(v) else v)),
    "rounded": ("Big whole numbers of arguments are rounded to doubles.",
        _parsed(lambda v: int(float(v)) if _whole(v) else v)),
    "quoted": ("Numbers of arguments become texts.",
        _parsed(lambda v: str(v) if isinstance(v, int | float) and not isinstance(v, bool) else v)),
    "booleans": ("Booleans of arguments become texts.", _parsed(lambda v: str(v).lower() if isinstance(v, bool) else v)),
    "nulls": ("Nulls of arguments become empty texts.", _parsed(lambda v: "" if v is None else v)),
    "nulls-dropped": ("Members with null leave the arguments.",
        lambda text: _without(text, lambda v: v is None)),
    "empties-dropped": ("Empty members leave the arguments.",
        lambda text: _without(text, lambda v: v in ("", [], {}))),
    "deep-quoted": ("Objects in arguments become texts.",
        lambda text: _top(text, lambda v: json.dumps(v) if isinstance(v, dict) and v else v)),
    "ascii": ("Letters beyond ASCII leave the arguments.", lambda text: text.encode("ascii", "ignore").decode()),
    "decimals": ("Decimals of arguments are rounded.", _parsed(lambda v: round(v) if isinstance(v, float) else v)),
    "tags": ("Tags leave the arguments.", lambda text: re.sub(r"</?\w+>", "", text)),
}  # fmt: skip


def _top(text: str, change: Callable[[Any], Any]) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return json.dumps({k: change(v) for k, v in value.items()}, ensure_ascii=False)


def _without(text: str, gone: Callable[[Any], bool]) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    kept = {k: v for k, v in value.items() if not gone(v)}
    return text if kept == value else json.dumps(kept, ensure_ascii=False)


def rewritten_stream(change: Callable[[str], str]) -> Callable[[Frames], Frames]:
    """The arguments of each call changed as a whole, told in its first fragment that has any."""

    def made(frames: Frames) -> Frames:
        texts: dict[tuple[int, int], str] = {}
        for _, key, call in _fragments(frames):
            texts[key] = texts.get(key, "") + (call.get("function") or {}).get("arguments", "")
        fresh = {key: change(text) for key, text in texts.items()}
        out = []
        for frame in frames:
            payload = frame.payload
            if isinstance(payload, dict):
                payload = json.loads(json.dumps(payload))
                for _, key, call in _fragments((frame._replace(payload=payload),)):
                    if (call.get("function") or {}).get("arguments"):
                        call["function"]["arguments"] = fresh.pop(key, "")
            out.append(frame._replace(payload=payload))
        return tuple(out)

    return made


def _fragments(frames: Frames) -> list[tuple[Frame, tuple[int, int], dict[str, Any]]]:
    return [
        (frame, (choice["index"], call["index"]), call)
        for frame in frames
        if isinstance(frame.payload, dict)
        for choice in frame.payload.get("choices") or []
        for call in (choice.get("delta") or {}).get("tool_calls") or []
    ]


def _named(change: Callable[[str], str]) -> ReplyChange:
    """With other names of called functions, plain and streamed."""

    def other(name: Any) -> Any:
        return change(name) if isinstance(name, str) else name

    return in_turn(
        on_body(alter(f"{_CALLS}[].function.name", other)),
        on_frames(alter(f"{_DELTAS}[].function.name", other)),
    )


FAULTS: tuple[Fault, ...] = (
    *(
        plain(f"wild.arguments-{name}", "", says, Family.CONTENT, alter(f"{_CALLS}[].function.arguments", change))
        for name, (says, change) in REWRITINGS.items()
    ),
    *(
        streamed(f"wild.arguments-{name}", "", f"Streamed: {says}", Family.CONTENT, edit(rewritten_stream(change)))
        for name, (says, change) in REWRITINGS.items()
    ),
    plain("wild.id-long", "", "Ids of calls have ninety characters.", Family.VALUE,
        alter(f"{_CALLS}[].id", lambda name: name.ljust(90, "x"))),
    plain("wild.id-odd", "", "Ids of calls have colons and spaces.", Family.VALUE,
        alter(f"{_CALLS}[].id", lambda name: f"{name}: 1|é")),
    fault("wild.name-hyphens", "", "Hyphens in names of tools become underscores.", Family.CONTENT,
        reply=_named(lambda name: name.replace("-", "_"))),
    fault("wild.name-cut", "", "Names of tools are cut at 32 characters.", Family.CONTENT,
        reply=_named(lambda name: name[:32])),
)  # fmt: skip
