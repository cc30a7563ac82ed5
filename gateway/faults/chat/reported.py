"""Faults that people report of chat: silent streams, odd logs, lists that say nothing, images lost on their way."""

import copy
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from gateway.faults.machinery.chat_edits import fault, fed, plain, refusing, streamed
from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.request_edits import on_json
from gateway.faults.machinery.stream_edits import Frames, edit, is_done
from gateway.faults.machinery.transform import ReplyChange, alter, on_all, on_frames
from gateway.frames import Frame
from wire.exchange import Request

_TOKENS: Final = "choices[].logprobs.content"
_COMMENT: Final = Frame(0, "", b": keep-alive\n\n")
# Parameters that are good alone and together, as people found them refused.
PAIRS: Final = (
    ("tools", "stop"), ("tools", "service_tier"), ("tools", "store"), ("tools", "metadata"), ("tools", "logprobs"),
    ("tools", "frequency_penalty"), ("tool_choice", "temperature"), ("tool_choice", "seed"), ("tool_choice", "stream"),
    ("parallel_tool_calls", "response_format"), ("stream", "metadata"), ("stream", "logprobs"), ("stream", "n"),
    ("temperature", "top_p"), ("temperature", "stop"), ("top_p", "response_format"), ("stop", "logprobs"),
    ("n", "seed"), ("store", "stream"), ("max_completion_tokens", "tools"), ("response_format", "stream"),
)  # fmt: skip


def _now_and_then(change: ReplyChange, one_in: int = 7) -> ReplyChange:
    turn = count(1)
    return lambda request, reply: reply if next(turn) % one_in else change(request, reply)


def _from(number: int, change: ReplyChange) -> ReplyChange:
    turn = count(1)
    return lambda request, reply: reply if next(turn) < number else change(request, reply)


SILENCES: Final[dict[str, tuple[str, Callable[[Frames], Frames]]]] = {
    "empty": ("no event at all", lambda _: ()),
    "comments": ("comments alone", lambda _: (_COMMENT,)),
    "only-done": ("[DONE] alone", lambda frames: tuple(f for f in frames if is_done(f))),
}


def later_id(value: Any, member: str = "id") -> ReplyChange:
    """Every delta of a call but the first has a member of the head again, with this value."""

    def make() -> Callable[[Any], Any]:
        seen: set[tuple[int, int]] = set()

        def change(given: Any) -> Any:
            payload = copy.deepcopy(given)
            for choice in payload.get("choices") or []:
                for call in choice["delta"].get("tool_calls") or []:
                    key = (choice["index"], call["index"])
                    if key in seen:
                        _set(call, member, value)
                    seen.add(key)
            return payload

        return change

    return fed(make)


def _set(call: dict[str, Any], member: str, value: Any) -> None:
    if member == "name":
        call.setdefault("function", {})["name"] = value
    else:
        call[member] = value


def _rows(change: Callable[[list[Any]], list[Any]]) -> ReplyChange:
    return on_all(
        alter(_TOKENS, lambda rows: change(copy.deepcopy(rows)) if isinstance(rows, list) else rows)
    )


def copied(rows: list[Any]) -> list[Any]:
    """Every alternative is the token itself, one as likely as the other."""
    for row in rows:
        mine = {name: row[name] for name in ("token", "logprob", "bytes")}
        row["top_logprobs"] = [mine for _ in row["top_logprobs"]]
    return rows


def _differing(rows: list[Any]) -> list[Any]:
    for row in rows:
        row["logprob"] = row["logprob"] - 1.5
    return rows


def _above_one(rows: list[Any]) -> list[Any]:
    for row in rows:
        for other in row["top_logprobs"]:
            other["logprob"] = row["logprob"]
    return rows


class Cumulative:
    """Log probabilities of a whole answer, summed up from its start."""

    def __init__(self) -> None:
        self.sum = 0.0

    def __call__(self, given: Any) -> Any:
        payload = copy.deepcopy(given)
        for choice in payload.get("choices") or []:
            for row in ((choice.get("logprobs") or {}).get("content")) or []:
                before = self.sum
                self.sum += row["logprob"] - 0.01
                row["logprob"] = self.sum
                for other in row["top_logprobs"]:
                    other["logprob"] += before
        return payload


def _each_choice(given: Any) -> Any:
    return Cumulative()(given)


def _in_reasoning(delta: dict[str, Any]) -> dict[str, Any]:
    text = delta.get("content")
    return (
        {**{n: v for n, v in delta.items() if n != "content"}, "reasoning_content": text}
        if text
        else delta
    )


def _without_images(keep: Callable[[int, int, int], bool]) -> Callable[[Request], Request]:
    """Without those image parts that are not kept: by message, number of messages and number in it."""

    def edit_body(body: dict[str, Any]) -> dict[str, Any]:
        messages = body.get("messages")
        if not isinstance(messages, list):
            return body
        return {
            **body,
            "messages": [_thinned(m, n, len(messages), keep) for n, m in enumerate(messages)],
        }

    return on_json(edit_body)


def _thinned(message: Any, at: int, of: int, keep: Callable[[int, int, int], bool]) -> Any:
    parts = message.get("content") if isinstance(message, dict) else None
    if not isinstance(parts, list):
        return message
    number, kept = count(), []
    for part in parts:
        image = isinstance(part, dict) and part.get("type") == "image_url"
        if not image or keep(at, of, next(number)):
            kept.append(part)
    return {**message, "content": kept}


def _image(test: Callable[[str], bool]) -> Callable[[dict[str, Any]], bool]:
    """Bodies with an image whose address is so."""

    def found(body: dict[str, Any]) -> bool:
        messages = body.get("messages")
        for message in messages if isinstance(messages, list) else ():
            parts = message.get("content") if isinstance(message, dict) else None
            for part in parts if isinstance(parts, list) else ():
                given = part.get("image_url") if isinstance(part, dict) else None
                url = given.get("url") if isinstance(given, dict) else None
                if isinstance(url, str) and test(url):
                    return True
        return False

    return found


def given(body: dict[str, Any], name: str) -> bool:
    """Whether a parameter is used: not null, and not switched off, where that is the default."""
    value = body.get(name)
    return value is not None and (value is not False or name == "parallel_tool_calls")


def _together(one: str, two: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: all(given(body, name) for name in (one, two))


FAULTS: tuple[Fault, ...] = (
    *(
        streamed(f"kinds.{name}{when}", "", f"A stream brings {says}{often}.", Family.TRUNCATION, made(edit(change)))
        for name, (says, change) in SILENCES.items()
        for when, often, made in (
            ("", "", lambda c: c), ("-now-and-then", ", one in seven", _now_and_then),
            ("-late", ", from the fortieth on", lambda c: _from(40, c)),
        )
    ),
    *(
        streamed(f"kinds.call-later-{name}", "", f"Later deltas of a call have {says}.", Family.SHAPE, later_id(value, member))
        for name, says, value, member in (
            ("id-empty", "an empty id", "", "id"), ("id-other", "another id", "call_other0123456789", "id"),
            ("name-empty", "an empty name", "", "name"), ("type", "the type", "function", "type"),
        )
    ),
    streamed("kinds.calls-empty", "", "Deltas of text have an empty list of tool calls.", Family.SHAPE,
        on_frames(alter("choices[].delta", lambda d: {**d, "tool_calls": []} if d.get("content") else d))),
    streamed("kinds.calls-empty-first", "", "The first delta has an empty list of tool calls.", Family.SHAPE,
        on_frames(alter("choices[].delta", lambda d: {**d, "tool_calls": []} if "role" in d else d))),
    plain("kinds.calls-empty", "", "A message of text has an empty list of tool calls.", Family.SHAPE,
        alter("choices[].message", lambda m: m if m.get("tool_calls") else {**m, "tool_calls": []})),
    fault("kinds.logprobs-copied", "", "All alternatives of a token are the token itself.", Family.VALUE, reply=_rows(copied)),
    fault("kinds.logprobs-differing", "", "A token is less likely by itself than among its alternatives.", Family.VALUE,
        reply=_rows(_differing)),
    fault("kinds.logprobs-above-one", "", "The alternatives of a token are more than certain together.", Family.VALUE,
        reply=_rows(_above_one)),
    plain("kinds.logprobs-cumulative", "", "Log probabilities are summed up from the start.", Family.VALUE, _each_choice),
    streamed("kinds.logprobs-cumulative", "", "Log probabilities of a stream are summed up from its start.", Family.VALUE,
        fed(Cumulative)),
    plain("kinds.answer-in-reasoning", "", "The answer stands in reasoning_content, and the content is empty.", Family.CONTENT,
        alter("choices[].message", lambda m: {**m, "content": "", "reasoning_content": m["content"]} if m.get("content") else m)),
    plain("kinds.answer-in-reasoning-null", "", "The answer stands in reasoning_content, and the content is null.", Family.CONTENT,
        alter("choices[].message", lambda m: {**m, "content": None, "reasoning_content": m["content"]} if m.get("content") else m)),
    streamed("kinds.answer-in-reasoning", "", "The answer streams in reasoning_content.", Family.CONTENT,
        on_frames(alter("choices[].delta", _in_reasoning))),
    plain("kinds.thought-unmarked", "", "The model's thoughts stand before the answer, without a mark.", Family.CONTENT,
        alter("choices[].message.content", lambda t: f"The user wants this, so I will say it.\n\n{t}" if isinstance(t, str) and t else t)),
    fault("kinds.images-first-only", "", "Only the first image of a message is seen.", Family.CONTENT,
        request=_without_images(lambda _, __, n: n == 0)),
    fault("kinds.images-last-message", "", "Only images of the last message are seen.", Family.CONTENT,
        request=_without_images(lambda at, of, _: at == of - 1)),
    refusing("kinds.image-url", "Images by address are refused.", _image(lambda url: url.startswith("http"))),
    refusing("kinds.image-jpeg", "Images of type image/jpeg are refused.", _image(lambda url: url.startswith("data:image/jpeg"))),
    refusing("kinds.image-webp", "Images of type image/webp are refused.", _image(lambda url: url.startswith("data:image/webp"))),
    *(
        refusing(f"kinds.pair-{one}-{two}".replace("_", "-"), f"{one} beside {two} is refused.", _together(one, two),
            f"{one} cannot be used with {two}.")
        for one, two in PAIRS
    ),
)  # fmt: skip
