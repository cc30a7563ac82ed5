"""The order of a chat stream: transition tables, the steps that a stream takes, and their rules."""

from collections.abc import Iterator

from conformance.chat.choice import choices, member
from conformance.chat.chunk import chunks, is_chunk
from conformance.chat.selectors import (
    STREAM,
    STREAM_WITH_USAGE,
    is_audio,
    speaks_audio,
    wanted_choices,
)
from conformance.judging.finding import ABSENT, Finding, Findings
from conformance.judging.framing import BROKEN, STOPPED
from conformance.judging.grammar import ANY, END, START, Grammar, Step, walk
from conformance.judging.rule import rule
from wire.chat import fold_chat, is_preface
from wire.exchange import Exchange
from wire.sse import DONE, FactKind

# The stream: `last` is the chunk after which all choices are finished.
_STREAM = {
    START: {"chunk": "body", "last": "finished", "error": "failed", "done": "done"},
    "body": {
        "chunk": "body", "last": "finished", "usage": "counted", "moderation": "body",
        "error": "failed", "done": "done",
    },
    "finished": {
        "chunk": "finished", "last": "finished", "usage": "counted", "moderation": "finished",
        "error": "failed", "done": "done",
    },
    "counted": {"moderation": "counted", "error": "failed", "done": "done"},
    "failed": {"done": "over"},
    "done": {},
    "over": {},
}  # fmt: skip
# One choice: what it has begun to say decides what may follow.
_CHOICE = {
    START: {"role": "open", "broken": "finished"},
    "open": {
        "text": "speaking", "refusal": "refusing", "call": "calling", "blank": "open",
        "finish": "finished", "broken": "finished",
    },
    "speaking": {
        "text": "speaking", "call": "calling", "blank": "speaking", "finish": "finished",
        "broken": "finished",
    },
    "calling": {
        "text": "calling", "call": "calling", "blank": "calling", "finish": "finished",
        "broken": "finished",
    },
    "refusing": {
        "refusal": "refusing", "blank": "refusing", "finish": "finished", "broken": "finished",
    },
    "finished": {"broken": "finished"},
}  # fmt: skip
_AFTER = {
    "start": "at its start", "open": "after its role", "speaking": "after its content",
    "calling": "after its tool_calls", "refusing": "after its refusal", "finished": "after its finish_reason",
    "body": "among its chunks", "counted": "after the usage chunk", "failed": "after an error event",
    "done": "after [DONE]", "over": "after [DONE]",
}  # fmt: skip
GRAMMAR = Grammar(
    words={
        ("stream", "chunk"): "a chunk",
        ("stream", "last"): "the chunk with the last finish_reason",
        ("stream", "usage"): "the usage chunk",
        ("stream", "moderation"): "a moderation chunk",
        ("stream", "empty"): "a chunk with empty choices and no usage",
        ("stream", "error"): "an error event",
        ("stream", "done"): "[DONE]",
        ("stream", END): "the end of the stream",
        ("choice", "role"): 'delta.role "assistant"',
        ("choice", "text"): "delta.content",
        ("choice", "refusal"): "delta.refusal",
        ("choice", "call"): "delta.tool_calls",
        ("choice", "blank"): "an empty delta",
        ("choice", "finish"): "finish_reason",
        ("choice", "broken"): "an error event",
        ("choice", END): "the end of the stream",
    },
    tables={"stream": _STREAM, "choice": _CHOICE},
    accepting={
        "stream": frozenset({"done", "failed", "over"}),
        "choice": frozenset({"finished"}),
    },
    blame={
        ("stream", ANY, ANY): "chat.stream.nothing-after-done",
        ("stream", ANY, END): "chat.stream.done",
        ("stream", ANY, "empty"): "chat.stream.empty-choices",
        ("stream", START, "usage"): "chat.stream.usage-last",
        ("stream", START, "moderation"): "chat.stream.empty-choices",
        ("stream", "counted", ANY): "chat.stream.usage-last",
        ("stream", "failed", ANY): "chat.stream.error-ends",
        ("stream", "over", ANY): "chat.stream.nothing-after-done",
        ("choice", ANY, ANY): "chat.stream.after-finish",
        ("choice", ANY, END): "chat.stream.finish-once",
        ("choice", START, ANY): "chat.stream.role-first",
        ("choice", "open", "role"): "chat.stream.role-once",
        ("choice", "speaking", "role"): "chat.stream.role-once",
        ("choice", "calling", "role"): "chat.stream.role-once",
        ("choice", "refusing", "role"): "chat.stream.role-once",
        ("choice", "speaking", "refusal"): "chat.stream.refusal-delta",
        ("choice", "calling", "refusal"): "chat.stream.refusal-delta",
        ("choice", "refusing", "text"): "chat.stream.refusal-delta",
        ("choice", "refusing", "call"): "chat.stream.refusal-delta",
        ("choice", "finished", "finish"): "chat.stream.finish-once",
    },
    landing={
        ("choice", START, "text"): "speaking",
        ("choice", START, "refusal"): "refusing",
        ("choice", START, "call"): "calling",
        ("choice", START, "blank"): "open",
        ("choice", START, "finish"): "finished",
        ("stream", START, "usage"): "body",
    },
)  # fmt: skip
BLAMED = tuple(dict.fromkeys(GRAMMAR.blame.values()))


def steps(x: Exchange) -> Iterator[Step]:
    """What a stream does, one symbol after the other. Errors of JSON and shape are left to others."""
    finished: set[int] = set()
    seen: set[int] = set()
    over = not readable(x)  # nobody knows what the chunks are about
    done = broken = False
    audio = speaks_audio(x)
    for event, payload in zip(x.reply.events, x.reply.payloads, strict=True):
        index = event.index
        if event.data.strip() == DONE:
            yield Step("stream", 0, "done", index)
            done = True
        elif not isinstance(payload, dict):
            if done and event.data:
                yield Step("stream", 0, "other", index)
        elif payload.get("error") is not None:
            yield Step("stream", 0, "error", index)
            for number in sorted(seen - finished):
                yield Step("choice", number, "broken", index)
            broken = True
        elif (over and not done) or (is_preface(payload) and not (seen or done)):
            continue
        elif audio and not done and _of_audio_alone(payload):
            seen |= {c["index"] for _, c in choices(payload) if _readable(c)}
        elif is_chunk(payload) and not _speaks(payload):
            yield Step("stream", 0, _without_choices(payload), index)
        elif is_chunk(payload):
            mine = [c for _, c in choices(payload) if _readable(c)]
            seen |= {c["index"] for c in mine}
            finished |= {c["index"] for c in mine if isinstance(c.get("finish_reason"), str)}
            wanted = range(wanted_choices(x)) if x.request.body_recorded else seen
            whole = finished >= set(wanted)
            yield Step("stream", 0, "last" if whole else "chunk", index)
            for choice in mine if not broken else ():
                for symbol in symbols(choice):
                    yield Step("choice", choice["index"], symbol, index)
    if audio or any(_damaged(chunk) for _, chunk in chunks(x)):
        # The end of a choice may be in what cannot be read.
        for number in sorted(seen - finished):
            yield Step("choice", number, "broken", len(x.reply.events) - 1)


def _speaks(chunk: dict[str, object]) -> bool:
    """Whether a chunk is about a choice; one with usage may have a choice that says nothing."""
    mine = [c for _, c in choices(chunk)]
    if isinstance(chunk.get("usage"), dict):
        return any(symbols(choice) != ["blank"] for choice in mine)
    return bool(mine)


def _of_audio_alone(chunk: dict[str, object]) -> bool:
    """Whether a chunk of an audio stream says nothing of text: it may come at any place."""
    if "choices" not in chunk:
        return is_chunk(chunk) and not isinstance(chunk.get("usage"), dict)
    mine = [choice for _, choice in choices(chunk)]
    ends = any(isinstance(choice.get("finish_reason"), str) for choice in mine)
    return bool(mine) and not ends and all(is_audio(choice) for choice in mine)


def _readable(choice: dict[str, object]) -> bool:
    return type(choice.get("index")) is int and isinstance(choice.get("delta"), dict)


def _damaged(chunk: dict[str, object]) -> bool:
    """Whether a chunk may hide the end of a choice; its shape is judged field by field."""
    ends = [choice.get("finish_reason", ABSENT) for _, choice in choices(chunk)]
    known = all(end is None or isinstance(end, str) for end in ends)
    return not (known and isinstance(chunk.get("choices"), list)) or not all(
        _readable(choice) for _, choice in choices(chunk)
    )


def _without_choices(chunk: dict[str, object]) -> str:
    if isinstance(chunk.get("usage"), dict):
        return "usage"
    if chunk.get("moderation") is not None:
        return "moderation"
    return "empty" if chunk.get("choices") == [] else "chunk"


def symbols(choice: dict[str, object]) -> list[str]:
    """What one choice of one chunk does; `blank` when nothing."""
    delta = member(choice, "delta")
    found = {
        "role": delta.get("role") == "assistant",
        "refusal": bool(delta.get("refusal")),
        "text": bool(delta.get("content")),
        "call": bool(delta.get("tool_calls") or delta.get("function_call")),
        "finish": isinstance(choice.get("finish_reason"), str),
    }
    return [symbol for symbol, here in found.items() if here] or ["blank"]


def readable(x: Exchange) -> bool:
    """Whether every event is JSON; where one is not, nobody knows what it was about."""
    events = zip(x.reply.events, x.reply.payloads, strict=True)
    if any(fact.kind is FactKind.TOO_LONG for fact in x.reply.facts):
        return False
    return all(isinstance(p, dict) or e.data.strip() in ("", DONE) for e, p in events)


def ends_by_itself(x: Exchange) -> bool:
    """Whether the end of a stream is one that the server chose."""
    return x.connection.ended not in STOPPED | BROKEN


REFUSED_STREAM = STREAM.only(
    "with a refusal",
    lambda x: any(c.refusal for c in fold_chat(x.reply).choices.values()),
    "chat.refusal-stream",
)
FAILED_STREAM = STREAM.only(
    "with an error", lambda x: fold_chat(x.reply).error is not None, "chat.midstream-error"
)
_APART = {
    "chat.stream.refusal-delta": REFUSED_STREAM,
    "chat.stream.error-ends": FAILED_STREAM,
    "chat.stream.usage-last": STREAM_WITH_USAGE,
}


def order_of(x: Exchange, mine: tuple[str, ...]) -> Findings:
    """Violations that are blamed on these requirements."""
    for said in walk(GRAMMAR, steps(x), ended=ends_by_itself(x)):
        if said.requirement in mine:
            who = "the stream" if said.kind == "stream" else f"choice {said.key}"
            where = f"event {said.event}, {who} {_AFTER.get(said.state, said.state)}"
            found = GRAMMAR.called(said.kind, said.symbol)
            yield Finding(where, GRAMMAR.expected(said), found, said.event, said.requirement)


@rule(*(name for name in BLAMED if name not in _APART), on=STREAM)
def order(x: Exchange) -> Findings:
    yield from order_of(x, order.requirements)


@rule("chat.stream.refusal-delta", on=REFUSED_STREAM)
def refusal_delta(x: Exchange) -> Findings:
    yield from order_of(x, refusal_delta.requirements)


@rule("chat.stream.error-ends", on=FAILED_STREAM)
def error_ends(x: Exchange) -> Findings:
    yield from order_of(x, error_ends.requirements)
