"""An answer as chat completion chunks."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from gateway.chat.object import Object, annotations_of, calls_of, logprobs_object, refusal_of
from gateway.chat.object import text_of as content_of
from gateway.frames import Frame
from gateway.model.answer import Answer, Call, Kind, Refusal, Text
from gateway.model.tokens import count, tokenize
from gateway.scripted_errors import FAILURE

DONE: Final = "[DONE]"
# Scripts that break off a stream with an error event.
BROKEN: Final = frozenset({"midstream_error", "error_event", "failed"})
# Scripts that fill up one chunk to a line of such a length.
LINES: Final = {"line_64kib": 70_000, "line_1mib": 2**20 + 5_000}
_PAD: Final = "Rk3vQ9xZpL2mT7wYbN5cHsD8fJ4gK1aE6uV0iOq"
_STEP: Final = 12  # payloads of deltas are padded to a multiple of this


class Step(NamedTuple):
    """One chunk of one choice. `tokens` is how many completion tokens it carries."""

    delta: Object
    tokens: int = 0
    logprobs: Object | None = None
    finish: str | None = None


class Chunks(NamedTuple):
    frames: tuple[Frame, ...]
    completion_at: tuple[int, ...]


def steps(answer: Answer, call_ids: list[str], top: int | None) -> Iterator[Step]:
    """The chunks of one choice: role, then text or calls, then the finish reason."""
    silent = content_of(answer) is None
    first: Object = {"role": "assistant", "content": None if silent else "", "refusal": None}
    if refusal_of(answer) is not None:
        first["refusal"] = ""
    blank: Object | None = None if top is None else {"content": [], "refusal": None}
    yield Step(first, logprobs=blank)
    for part in answer.parts:
        if isinstance(part, (Text, Refusal)):
            yield from _texts(part, top)
    if cited := annotations_of(answer):
        yield Step({"annotations": cited})
    for index, (call, call_id) in enumerate(zip(calls_of(answer), call_ids, strict=True)):
        yield from _calls(call, call_id, index)
    yield Step({}, finish=answer.finish)


def _texts(part: Text | Refusal, top: int | None) -> Iterator[Step]:
    name = "refusal" if isinstance(part, Refusal) else "content"
    for token in tokenize(part.text):
        shown = None
        if top is not None:
            said = name == "content"
            shown = logprobs_object(token if said else None, None if said else token, top)
        yield Step({name: token}, 1, shown)


def _calls(call: Call, call_id: str, index: int) -> Iterator[Step]:
    kind, field = ("custom", "input") if call.kind is Kind.CUSTOM else ("function", "arguments")
    head = {"index": index, "id": call_id, "type": kind, kind: {"name": call.name, field: ""}}
    yield Step({"tool_calls": [head]}, count(call.name))
    for token in tokenize(call.arguments):
        yield Step({"tool_calls": [{"index": index, kind: {field: token}}]}, 1)


def chunks(
    head: Mapping[str, Any],
    answer: Answer,
    call_ids: list[list[str]],
    *,
    top: int | None,
    usage: Object | None,
    obfuscate: bool,
) -> Chunks:
    """All frames. Choices are interleaved, one list of call ids a choice; `usage` None: not asked."""
    frames: list[Frame] = []
    done: list[int] = []
    spent = answer.usage.reasoning  # reasoning comes before anything that is shown
    tail = {} if usage is None else {"usage": None}
    choices = zip_longest(*(steps(answer, ids, top) for ids in call_ids))
    flat = [(index, step) for row in choices for index, step in enumerate(row) if step]
    if answer.script in BROKEN:
        flat = flat[: max(2, len(flat) // 2)]
    ttft, pace = answer.ttft_ms or 0, answer.pace_ms or 0
    started = False
    for number, (index, step) in enumerate(flat):
        choice = {
            "index": index,
            "delta": step.delta,
            "logprobs": step.logprobs,
            "finish_reason": step.finish,
        }
        payload = {**head, "choices": [choice], **tail}
        if obfuscate:
            payload["obfuscation"] = padding(number, step.delta)
        if answer.script in LINES and number == 2:
            payload["obfuscation"] = _PAD[:1] * LINES[answer.script]
        # The role comes with the first token, as it does from the real API.
        delay = ttft if number == 0 else pace if step.tokens and started else 0
        started = started or step.tokens > 0
        frames.append(Frame(delay, "", payload))
        spent += step.tokens
        done.append(spent)
    if answer.script == "keepalive":
        frames.insert(1, Frame(0, "", b": keepalive\n\n"))
        done.insert(1, done[0])
    if answer.script in BROKEN:
        ends = [Frame(pace, "", FAILURE.body)]
    else:
        ends = _ends(head, usage, obfuscate)
    total = spent if answer.script in BROKEN else answer.usage.completion * len(call_ids)
    return Chunks((*frames, *ends), (*done, *[total] * len(ends)))


def _ends(head: Mapping[str, Any], usage: Object | None, obfuscate: bool) -> list[Frame]:
    ends = [Frame(0, "", DONE)]
    if usage is not None:
        payload = {**head, "choices": [], "usage": usage}
        if obfuscate:
            payload["obfuscation"] = padding(0, {})
        ends.insert(0, Frame(0, "", payload))
    return ends


def padding(number: int, delta: Object) -> str:
    """Filler that makes the length of a chunk say little about the text in it."""
    text = next((value for value in delta.values() if isinstance(value, str)), "")
    start = number * 7 % len(_PAD)
    return (_PAD + _PAD)[start : start + _STEP - len(text) % _STEP]
