"""What an answer says, plain or streamed, in one form; tolerant of any JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.judging.finding import ABSENT
from conformance.judging.framing import lone_surrogates
from wire.chat import fold_chat, is_preface
from wire.exchange import Exchange
from wire.sse import FactKind


@dataclass(frozen=True)
class ToolCall:
    """A tool call. `text` is the arguments of a function or the input of a custom tool."""

    where: str
    kind: str
    id: Any
    type: Any
    name: Any
    text: Any


@dataclass(frozen=True)
class Choice:
    """One choice. Values are as they came, of whatever type."""

    where: str
    index: Any
    content: Any
    refusal: Any
    finish_reason: Any
    calls: tuple[ToolCall, ...]
    logprobs: Any
    others: dict[str, Any]
    """Further fields of the message, such as audio, annotations, function_call."""


def choices_of(x: Exchange) -> tuple[Choice, ...]:
    """The choices of an answer, those of a stream put together."""
    return tuple(_streamed(x) if x.reply.is_stream else _plain(x))


def indexes(x: Exchange) -> list[int] | None:
    """The indexes of the choices; None when they are not there or no whole numbers."""
    if x.reply.is_stream:
        return sorted(fold_chat(x.reply).choices) if intact(x) else None
    body = x.reply.json
    given = body.get("choices") if isinstance(body, dict) else None
    rows = given if isinstance(given, list) else [None]
    found = [row.get("index") if isinstance(row, dict) else None for row in rows]
    whole = [index for index in found if type(index) is int]
    return whole if len(whole) == len(found) else None


def intact(x: Exchange) -> bool:
    """Whether an answer can be put together; if not, what keeps it from that is the finding."""
    if b"\\ud" in x.reply.body and any(any(lone_surrogates(v)) for _, v in x.objects()):
        return False
    if not x.reply.is_stream:
        return isinstance(x.reply.json, dict)
    broken = {FactKind.BAD_UTF8, FactKind.TOO_LONG}
    return not any(f.kind in broken for f in x.reply.facts) and not fold_chat(x.reply).problems


def objects(x: Exchange) -> list[tuple[int | None, dict[str, Any]]]:
    """The completion as (None, body), or the chunks with their event indexes; no errors, no preface."""
    return [
        (index, value)
        for index, value in x.objects()
        if isinstance(value, dict) and value.get("error") is None and not is_preface(value)
    ]


def place(index: int | None, path: str) -> str:
    return path if index is None else f"event {index}, {path}"


def choices(value: Any) -> list[tuple[str, dict[str, Any]]]:
    """The choices of a completion or chunk that are objects, each with its path."""
    given = value.get("choices") if isinstance(value, dict) else None
    rows = enumerate(given) if isinstance(given, list) else ()
    return [(f"choices[{n}]", row) for n, row in rows if isinstance(row, dict)]


def member(value: Any, name: str) -> dict[str, Any]:
    """The object under a name, or an empty one."""
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


_OWN = frozenset({"content", "refusal", "tool_calls", "role"})


def _plain(x: Exchange) -> Iterator[Choice]:
    body = x.reply.json
    for where, choice in choices(body) if isinstance(body, dict) else ():
        if not isinstance(choice.get("message"), dict):
            continue
        message = choice["message"]
        calls = message.get("tool_calls")
        yield Choice(
            where,
            choice.get("index"),
            message.get("content", ABSENT),
            message.get("refusal", ABSENT),
            choice.get("finish_reason", ABSENT),
            tuple(_calls(calls if isinstance(calls, list) else [], where)),
            choice.get("logprobs"),
            {name: value for name, value in message.items() if name not in _OWN},
        )


def _calls(calls: list[Any], where: str) -> Iterator[ToolCall]:
    for n, call in enumerate(calls):
        if isinstance(call, dict):
            kind, piece = ("custom", "input") if "custom" in call else ("function", "arguments")
            inner = member(call, kind)
            path = f"{where}.message.tool_calls[{n}]"
            yield ToolCall(
                path, kind, call.get("id"), call.get("type"), inner.get("name"), inner.get(piece)
            )


def _streamed(x: Exchange) -> Iterator[Choice]:
    fold = fold_chat(x.reply)
    for index in sorted(fold.choices):
        choice = fold.choices[index]
        where = f"choice {index}"
        calls = tuple(
            ToolCall(
                f"{where}, tool call {n}",
                "custom" if call.input_parts or call.type == "custom" else "function",
                call.id,
                call.type,
                call.name,
                call.input if call.input_parts or call.type == "custom" else call.arguments,
            )
            for n, call in sorted(choice.tool_calls.items())
        )
        texts = {name: choice.text(name) for name in choice.texts if name not in _OWN}
        yield Choice(
            where,
            index,
            choice.content,
            choice.refusal,
            choice.finish_reason,
            calls,
            choice.logprobs or None,
            {**choice.others, **texts},
        )
