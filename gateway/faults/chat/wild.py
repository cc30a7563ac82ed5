"""Faults that only show on what clients really send: protocol in texts, long texts, pairs of parameters."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any, Final

from gateway.faults.machinery.chat_edits import fault, plain, refusing, retold, streamed
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.selection import asking
from gateway.faults.machinery.stream_edits import Frames, edit
from gateway.faults.machinery.transform import alter, on_frames
from gateway.frames import Frame
from wire.exchange import Request

_FINISH: Final = "choices[].finish_reason"


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
    """The deltas of a text as one text, changed; what changed comes in one delta."""

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


def _thinking(text: str) -> str:
    return f"<think>\nThe user wants this.\n</think>\n\n{text}" if text else text


FAULTS: tuple[Fault, ...] = (
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
    refusing("wild.logprobs-with-n", "logprobs beside n are refused.",
        lambda b: bool(b.get("logprobs")) and b.get("n") not in (None, 1), "logprobs cannot be used with n."),
    refusing("wild.format-with-tools", "response_format beside tools is refused.",
        lambda b: bool(b.get("response_format")) and bool(b.get("tools")), "response_format cannot be used with tools."),
    plain("wild.filter-as-stop", "", "What the filter cut says stop.", Family.VALUE,
        alter(_FINISH, lambda w: "stop" if w == "content_filter" else w)),
    streamed("wild.filter-as-stop", "", "What the filter cut says stop in a stream.", Family.VALUE,
        on_frames(alter(_FINISH, lambda w: "stop" if w == "content_filter" else w))),
    streamed("wild.held-open", "", "A stream stays open for eight seconds after [DONE].", Family.TIMING, edit(_held_open)),
    plain("wild.thought", "", "The model's thoughts stand in the content.", Family.CONTENT,
        alter("choices[].message.content", lambda t: _thinking(t) if isinstance(t, str) else t)),
    streamed("wild.thought", "", "The model's thoughts stand in the streamed content.", Family.CONTENT,
        edit(retold(lambda texts: [_thinking(texts[0]), *texts[1:]]))),
    refusing("wild.ref-lost", "Tools with $ref are refused.",
        lambda b: "$ref" in json.dumps(b.get("tools") or ""), "Invalid schema: $ref is not supported."),
)  # fmt: skip
