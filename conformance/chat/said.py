"""What an answer says, plain or streamed, in one form; tolerant of any JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wire.chat import fold_chat
from wire.exchange import Exchange


@dataclass(frozen=True)
class Called:
    """A tool call. `text` is the arguments of a function or the input of a custom tool."""

    where: str
    id: Any
    type: Any
    name: Any
    text: Any


@dataclass(frozen=True)
class Said:
    """One choice. Values are as they came, of whatever type."""

    where: str
    index: Any
    content: Any
    refusal: Any
    finish_reason: Any
    calls: tuple[Called, ...]
    logprobs: Any
    others: dict[str, Any]
    """Further fields of the message, such as audio, annotations, function_call."""


def said(x: Exchange) -> tuple[Said, ...]:
    """The choices of an answer, those of a stream put together."""
    return tuple(_streamed(x) if x.reply.is_stream else _plain(x))


def objects(x: Exchange) -> list[tuple[int | None, dict[str, Any]]]:
    """The completion as (None, body), or the chunks with their event indexes; no errors."""
    return [
        (index, value)
        for index, value in x.objects()
        if isinstance(value, dict) and value.get("error") is None
    ]


def place(index: int | None, path: str) -> str:
    return path if index is None else f"event {index}, {path}"


def choices(value: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The choices of a completion or chunk that are objects, each with its path."""
    given = value.get("choices")
    rows = enumerate(given) if isinstance(given, list) else ()
    return [(f"choices[{n}]", row) for n, row in rows if isinstance(row, dict)]


def member(value: Any, name: str) -> dict[str, Any]:
    """The object under a name, or an empty one."""
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


_OWN = frozenset({"content", "refusal", "tool_calls", "role"})


def _plain(x: Exchange) -> Iterator[Said]:
    body = x.reply.json
    for where, choice in choices(body) if isinstance(body, dict) else ():
        message = member(choice, "message")
        calls = message.get("tool_calls")
        yield Said(
            where,
            choice.get("index"),
            message.get("content"),
            message.get("refusal"),
            choice.get("finish_reason"),
            tuple(_calls(calls if isinstance(calls, list) else [], where)),
            choice.get("logprobs"),
            {name: value for name, value in message.items() if name not in _OWN},
        )


def _calls(calls: list[Any], where: str) -> Iterator[Called]:
    for n, call in enumerate(calls):
        if isinstance(call, dict):
            kind, piece = ("custom", "input") if "custom" in call else ("function", "arguments")
            inner = member(call, kind)
            path = f"{where}.message.tool_calls[{n}]"
            yield Called(
                path, call.get("id"), call.get("type"), inner.get("name"), inner.get(piece)
            )


def _streamed(x: Exchange) -> Iterator[Said]:
    fold = fold_chat(x.reply)
    for index in sorted(fold.choices):
        choice = fold.choices[index]
        where = f"choice {index}"
        calls = tuple(
            Called(
                f"{where}, tool call {n}",
                call.id,
                call.type,
                call.name,
                call.input if call.input_parts else call.arguments,
            )
            for n, call in sorted(choice.tool_calls.items())
        )
        texts = {name: choice.text(name) for name in choice.texts if name not in _OWN}
        yield Said(
            where,
            index,
            choice.content,
            choice.refusal,
            choice.finish_reason,
            calls,
            choice.logprobs or None,
            {**choice.others, **texts},
        )
