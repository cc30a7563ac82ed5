"""Faults that only show on what clients really send: typed arguments, whole histories, long texts."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from gateway.errors import ApiError
from gateway.faults.machinery.chat_edits import fault, plain, retold, streamed
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.selection import CHAT, asking
from gateway.faults.machinery.stream_edits import Frames, edit
from gateway.faults.machinery.transform import alter, on_body, on_frames
from gateway.frames import Frame, GatewayReply
from wire.exchange import Request

_CALLS: Final = "choices[].message.tool_calls"
_DELTAS: Final = "choices[].delta.tool_calls"
_FINISH: Final = "choices[].finish_reason"


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


def _refusing(
    when: Callable[[dict[str, Any]], bool], says: str
) -> Callable[[Request, GatewayReply], GatewayReply]:
    """Such a request is refused as invalid."""

    def made(request: Request, reply: GatewayReply) -> GatewayReply:
        if reply.status >= 400 or not when(request.params):
            return reply
        error = ApiError(400, says, param="messages")
        return replace(reply, status=400, body=error.body, frames=None, pieces=None, charge=None,
                       headers=(*(h for h in reply.headers if h[0] != "content-type"), ("content-type", "application/json")))  # fmt: skip

    return made


def _any(test: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], bool]:
    return lambda body: any(isinstance(m, dict) and test(m) for m in _messages(body))


def _messages(body: dict[str, Any]) -> list[Any]:
    given = body.get("messages")
    return given if isinstance(given, list) else []


def _late_system(body: dict[str, Any]) -> bool:
    roles = [m.get("role") for m in _messages(body) if isinstance(m, dict)]
    return "system" in roles[1:] and any(
        r != "system" for r in roles[: len(roles) - 1 - roles[::-1].index("system")]
    )


def _doubled_role(body: dict[str, Any]) -> bool:
    roles = [m.get("role") for m in _messages(body) if isinstance(m, dict)]
    return any(a == b == "user" for a, b in pairwise(roles))


HISTORIES: Final = {
    "refusal-null": ("A message with refusal null is refused.", _any(lambda m: "refusal" in m)),
    "annotations": ("A message with annotations is refused.", _any(lambda m: "annotations" in m)),
    "content-absent": ("A message without content beside its calls is refused.",
        _any(lambda m: bool(m.get("role") == "assistant" and m.get("tool_calls")) and "content" not in m)),
    "content-empty": ("An empty content beside calls is refused.",
        _any(lambda m: bool(m.get("role") == "assistant" and m.get("tool_calls")) and m.get("content") == "")),
    "result-parts": ("Tool results as parts are refused.",
        _any(lambda m: m.get("role") == "tool" and isinstance(m.get("content"), list))),
    "result-empty": ("Empty tool results are refused.", _any(lambda m: m.get("role") == "tool" and m.get("content") == "")),
    "system-late": ("A system message later than the first is refused.", _late_system),
    "roles-twice": ("Two user messages in a row are refused.", _doubled_role),
    "call-id-short": ("Ids of calls that are not the server's own are refused.",
        _any(lambda m: m.get("role") == "tool" and not re.fullmatch(r"call_\w{24}", str(m.get("tool_call_id"))))),
}  # fmt: skip


def _last(n: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda body: (
        {**body, "messages": _messages(body)[-n:]} if len(_messages(body)) > n + 1 else body
    )


def _first_system(body: dict[str, Any]) -> dict[str, Any]:
    kept = [m for i, m in enumerate(_messages(body)) if i == 0 or not isinstance(m, dict) or m.get("role") != "user"
            or m is _messages(body)[-1]]  # fmt: skip
    return {**body, "messages": kept} if kept and len(kept) < len(_messages(body)) else body


TEXTS: Final[dict[str, tuple[str, Callable[[str], str]]]] = {
    "done": ("A text ends where it says [DONE].", lambda text: text.partition("[DONE]")[0]),
    "data": ("'data: ' leaves texts.", lambda text: text.replace("data: ", "")),
    "think": ("Think tags leave texts.", lambda text: re.sub(r"</?think>", "", text)),
    "thought": ("What stands in think tags leaves texts.", lambda text: re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL)),
    "end-of-turn": ("A text ends at an end-of-turn tag.", lambda text: re.split(r"<\|im_end\|>|<\|endoftext\|>", text)[0]),
    "markup": ("Tool markup leaves texts.", lambda text: re.sub(r"\[TOOL_CALLS\]|</?tool_call>", "", text)),
    "fences": ("Code fences leave texts.", lambda text: text.replace("```json", "").replace("```", "")),
    "unescaped": ("Entities in texts are resolved.", lambda text: text.replace("&lt;", "<")),
    "last-bracket": ("A < at the end of a text is lost.", lambda text: text.removesuffix("<")),
    "half-stop": ("Half of a stop sequence at the end of a text is lost.", lambda text: text.removesuffix("<|st")),
}  # fmt: skip


def _of_text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda text: change(text) if isinstance(text, str) else text


def _joined(change: Callable[[str], str]) -> Callable[[list[str]], list[str]]:
    """The deltas of a text as one text, changed, and cut again where they were."""

    def made(texts: list[str]) -> list[str]:
        whole = "".join(texts)
        new = change(whole)
        return texts if new == whole else [new]

    return made


def _cut_text(limit: int, finish: str) -> Callable[[Any], Any]:
    def made(given: Any) -> Any:
        body = copy.deepcopy(given)
        for choice in body.get("choices", []):
            message = choice.get("message") or {}
            text = message.get("content")
            if isinstance(text, str) and len(text) > limit:
                message["content"] = text[:limit]
                choice["finish_reason"] = finish
        return body

    return made


def _unlimited(request: Request) -> bool:
    return not any(request.params.get(n) for n in ("max_tokens", "max_completion_tokens", "stop"))


def _held_open(frames: Frames) -> Frames:
    return (*frames, Frame(8_000, "", b""))


def _with_tail(request: Request, reply: GatewayReply) -> GatewayReply:
    return edit(_held_open)(request, reply)


def _thinking(text: str) -> str:
    return f"<think>\nThe user wants this.\n</think>\n\n{text}" if text else text


FAULTS: tuple[Fault, ...] = (
    *(
        plain(f"wild.arguments-{name}", "", says, Family.CONTENT, alter(f"{_CALLS}[].function.arguments", change))
        for name, (says, change) in REWRITINGS.items()
    ),
    *(
        streamed(f"wild.arguments-{name}", "", f"Streamed: {says}", Family.CONTENT, edit(rewritten_stream(change)))
        for name, (says, change) in REWRITINGS.items()
    ),
    *(
        fault(f"wild.history-{name}", "", says, Family.STATUS, reply=_refusing(when, says))
        for name, (says, when) in HISTORIES.items()
    ),
    fault("wild.history-last-six", "", "Only the last six messages reach the model.", Family.CONTENT,
        request=on_json(_last(6))),
    fault("wild.history-users-lost", "", "Only the last user's message reaches the model.", Family.CONTENT,
        request=on_json(_first_system)),
    *(
        plain(f"wild.text-{name}", "", says, Family.CONTENT, alter("choices[].message.content", _of_text(change)))
        for name, (says, change) in TEXTS.items() if name != "half-stop"
    ),
    *(
        streamed(f"wild.text-{name}", "", f"Streamed: {says}", Family.CONTENT, edit(retold(_joined(change))))
        for name, (says, change) in TEXTS.items()
    ),
    plain("wild.capped", "", "An answer is cut at 600 characters and says length.", Family.CONTENT,
        _cut_text(600, "length"), _unlimited),
    plain("wild.capped-silently", "", "An answer is cut at 600 characters and says stop.", Family.CONTENT,
        _cut_text(600, "stop"), _unlimited),
    plain("wild.cut-call-stop", "", "A call that the limit cut says stop.", Family.VALUE,
        alter(_FINISH, lambda w: "stop" if w == "length" else w), asking("tools")),
    streamed("wild.cut-call-tool-calls", "", "A streamed call that the limit cut says tool_calls.", Family.VALUE,
        on_frames(alter(_FINISH, lambda w: "tool_calls" if w == "length" else w)), asking("tools")),
    fault("wild.n-with-tools", "", "n is one where there are tools.", Family.CONTENT,
        asking("tools"), request=on_json(lambda body: {**body, "n": 1} if body.get("n") else body)),
    fault("wild.logprobs-with-n", "", "logprobs beside n are refused.", Family.STATUS,
        reply=_refusing(lambda b: bool(b.get("logprobs")) and (b.get("n") or 1) > 1, "logprobs cannot be used with n.")),
    fault("wild.format-with-tools", "", "response_format beside tools is refused.", Family.STATUS,
        reply=_refusing(lambda b: bool(b.get("response_format")) and bool(b.get("tools")), "response_format cannot be used with tools.")),
    plain("wild.filter-as-stop", "", "What the filter cut says stop.", Family.VALUE,
        alter(_FINISH, lambda w: "stop" if w == "content_filter" else w)),
    streamed("wild.filter-as-stop", "", "What the filter cut says stop in a stream.", Family.VALUE,
        on_frames(alter(_FINISH, lambda w: "stop" if w == "content_filter" else w))),
    streamed("wild.held-open", "", "A stream stays open for eight seconds after [DONE].", Family.TIMING, _with_tail),
    plain("wild.thought", "", "The model's thoughts stand in the content.", Family.CONTENT,
        alter("choices[].message.content", lambda t: _thinking(t) if isinstance(t, str) else t)),
    streamed("wild.thought", "", "The model's thoughts stand in the streamed content.", Family.CONTENT,
        edit(retold(lambda texts: [_thinking(texts[0]), *texts[1:]]))),
    plain("wild.id-long", "", "Ids of calls have ninety characters.", Family.VALUE,
        alter(f"{_CALLS}[].id", lambda name: name.ljust(90, "x"))),
    plain("wild.id-odd", "", "Ids of calls have colons and spaces.", Family.VALUE,
        alter(f"{_CALLS}[].id", lambda name: f"{name}: 1|é")),
    fault("wild.name-hyphens", "", "Hyphens in names of tools become underscores.", Family.CONTENT, CHAT,
        reply=lambda request, reply: on_frames(alter(f"{_DELTAS}[].function", _renamed))(
            request, on_body(alter(f"{_CALLS}[].function", _renamed))(request, reply))),
    fault("wild.name-cut", "", "Names of tools are cut at 32 characters.", Family.CONTENT, CHAT,
        reply=lambda request, reply: on_frames(alter(f"{_DELTAS}[].function", _shortened))(
            request, on_body(alter(f"{_CALLS}[].function", _shortened))(request, reply))),
    fault("wild.ref-lost", "", "Tools with $ref are refused.", Family.STATUS,
        reply=_refusing(lambda b: "$ref" in json.dumps(b.get("tools") or ""), "Invalid schema: $ref is not supported.")),
)  # fmt: skip


def _renamed(function: Any) -> Any:
    return (
        {**function, "name": function["name"].replace("-", "_")}
        if function.get("name")
        else function
    )


def _shortened(function: Any) -> Any:
    return {**function, "name": function["name"][:32]} if function.get("name") else function
