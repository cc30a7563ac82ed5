"""Chat chunks put together: the completion that a stream says, and where it cannot be put together.

The fold is tolerant: any JSON goes in and nothing is raised. It judges nothing. Only what keeps it
from folding is kept as a problem; order, counts and values are left to the rules.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from wire.exchange import Invalid, Reply, parse_json
from wire.sse import DONE, Event
from wire.usage import Usage


class Problem(NamedTuple):
    """Why an event could not be folded."""

    where: int  # index of the event
    text: str


@dataclass(slots=True)
class ToolCall:
    """A tool call of one choice. `arguments` (function) or `input` (custom) arrives in pieces."""

    index: int
    id: str | None = None
    type: str | None = None
    name: str | None = None
    argument_parts: list[str] = field(default_factory=list)
    input_parts: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> str:
        return "".join(self.argument_parts)

    @property
    def input(self) -> str:
        return "".join(self.input_parts)

    def as_message(self) -> dict[str, Any]:
        """The call as it stands in the message of a completion."""
        if self.type == "custom":
            body = {"custom": {"name": self.name, "input": self.input}}
        else:
            body = {"function": {"name": self.name, "arguments": self.arguments}}
        return {"id": self.id, "type": self.type, **body}


@dataclass(slots=True)
class Choice:
    """One choice. A text is None when no delta carried it, as null in a completion."""

    index: int
    role: str | None = None
    finish_reason: str | None = None
    finished_where: int | None = None  # index of the event with the finish reason
    chunks: int = 0
    tool_calls: dict[int, ToolCall] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    logprobs: dict[str, list[Any]] = field(default_factory=dict)  # content, refusal
    others: dict[str, Any] = field(default_factory=dict)  # delta fields that are no text

    def text(self, name: str) -> str | None:
        """The joined strings of the delta field `name`."""
        parts = self.texts.get(name)
        return None if parts is None else "".join(parts)

    @property
    def content(self) -> str | None:
        return self.text("content")

    @property
    def refusal(self) -> str | None:
        return self.text("refusal")

    def as_choice(self) -> dict[str, Any]:
        """The choice as it stands in a completion."""
        message: dict[str, Any] = {"role": self.role, "content": None, "refusal": None}
        message |= self.others
        message |= {name: "".join(parts) for name, parts in self.texts.items()}
        if self.tool_calls:
            message["tool_calls"] = [
                self.tool_calls[index].as_message() for index in sorted(self.tool_calls)
            ]
        return {
            "index": self.index,
            "message": message,
            "logprobs": {"content": None, "refusal": None} | self.logprobs
            if self.logprobs
            else None,
            "finish_reason": self.finish_reason,
        }


def is_preface(payload: Any) -> bool:
    """Whether a payload is Azure's chunk about the prompt: what its filters say, and nothing of the answer.

    It comes first, without choices, and with empty words where the answer's id and model would stand.
    """
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("prompt_filter_results"), list)
        and not payload.get("choices")
    )


class ChatFold:
    """Takes the payloads of a chat stream one after the other.

    `head` has the fields of the first chunk (id, object, created, model, service_tier, …) without
    its choices and usage. Times are milliseconds, as stamped on the events.
    """

    def __init__(self) -> None:
        self.head: dict[str, Any] = {}
        self.choices: dict[int, Choice] = {}
        self.usage_json: dict[str, Any] | None = None
        self.error: Any = None
        self.done = False
        self.chunks = 0  # objects with a list of choices
        self.content_chunks = 0  # those that carry output of the model
        self.first_content_where: int | None = None
        self.first_content_at: float | None = None
        self.last_content_at: float | None = None
        self.problems: list[Problem] = []

    @property
    def id(self) -> Any:
        return self.head.get("id")

    @property
    def model(self) -> Any:
        return self.head.get("model")

    @property
    def created(self) -> Any:
        return self.head.get("created")

    @property
    def usage(self) -> Usage | None:
        return Usage.of(self.usage_json)

    @property
    def whole(self) -> bool:
        """Whether the stream is complete: every choice finished, and the end marker seen."""
        return (
            self.done
            and bool(self.choices)
            and all(choice.finish_reason is not None for choice in self.choices.values())
        )

    def read(self, event: Event) -> None:
        """Take an event of the stream."""
        if event.data.strip() == DONE:
            self.done = True
        else:
            self.add(parse_json(event.data), event.index, event.at_ms)

    def add(self, payload: object, index: int, at_ms: float = 0.0) -> None:
        """Take the JSON of the event at `index`."""
        if not isinstance(payload, dict):
            what = repr(payload) if isinstance(payload, Invalid) else "not an object"
            self.problems.append(Problem(index, what))
            return
        if payload.get("error") is not None:
            self.error = payload["error"]
            return
        if isinstance(payload.get("usage"), dict):
            self.usage_json = payload["usage"]
        choices = payload.get("choices")
        if not isinstance(choices, list):
            self.problems.append(Problem(index, "no list of choices"))
            return
        self.chunks += 1
        if not self.head and not is_preface(payload):
            self.head = {
                key: value for key, value in payload.items() if key not in {"choices", "usage"}
            }
        content = False
        for choice in choices:
            content |= self._choice(choice, index)
        if content:
            self.content_chunks += 1
            self.last_content_at = at_ms
            if self.first_content_where is None:
                self.first_content_where = index
                self.first_content_at = at_ms

    def as_completion(self) -> dict[str, Any]:
        """The stream in the shape of a plain `chat.completion`, for comparison with one."""
        completion = {key: value for key, value in self.head.items() if key != "obfuscation"}
        return completion | {
            "object": "chat.completion",
            "choices": [self.choices[index].as_choice() for index in sorted(self.choices)],
            "usage": self.usage_json,
        }

    def _choice(self, choice: object, where: int) -> bool:
        number = choice.get("index") if isinstance(choice, dict) else None
        if not isinstance(choice, dict) or type(number) is not int:
            self.problems.append(Problem(where, "a choice without an index"))
            return False
        mine = self.choices.get(number)
        if mine is None:
            mine = self.choices[number] = Choice(number)
        mine.chunks += 1
        if isinstance(choice.get("finish_reason"), str):
            mine.finish_reason = choice["finish_reason"]
            mine.finished_where = where
        if isinstance(choice.get("logprobs"), dict):
            for name, values in choice["logprobs"].items():
                if isinstance(values, list):
                    mine.logprobs.setdefault(name, []).extend(values)
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            self.problems.append(Problem(where, f"choice {number} without a delta"))
            return False
        content = False
        for name, value in delta.items():
            if name == "role":
                mine.role = value if isinstance(value, str) else mine.role
            elif isinstance(value, str):
                mine.texts.setdefault(name, []).append(value)
                content = content or value != ""
            elif name == "tool_calls" and isinstance(value, list):
                for call in value:
                    self._call(mine, call, where)
                content = content or bool(value)
            elif value is not None:
                content = _other(mine.others, name, value) or content
        return content

    def _call(self, choice: Choice, call: object, where: int) -> None:
        number = call.get("index") if isinstance(call, dict) else None
        if not isinstance(call, dict) or type(number) is not int:
            self.problems.append(Problem(where, "a tool call without an index"))
            return
        mine = choice.tool_calls.setdefault(number, ToolCall(number))
        for name in ("id", "type"):
            if isinstance(call.get(name), str):
                setattr(mine, name, call[name])
        for kind, piece, parts in (
            ("function", "arguments", mine.argument_parts),
            ("custom", "input", mine.input_parts),
        ):
            body = call.get(kind)
            if isinstance(body, dict):
                if isinstance(body.get("name"), str):
                    mine.name = (mine.name or "") + body["name"]
                if isinstance(body.get(piece), str):
                    parts.append(body[piece])


def _other(others: dict[str, Any], name: str, value: Any) -> bool:
    """Merge a delta field that is neither text nor tool calls, as audio or annotations."""
    known = others.get(name)
    if isinstance(value, dict) and isinstance(known, dict):
        for key, piece in value.items():
            old = known.get(key)
            known[key] = old + piece if isinstance(old, str) and isinstance(piece, str) else piece
    elif isinstance(value, list) and isinstance(known, list):
        known.extend(value)
    else:
        # A copy: the payload belongs to the reply.
        others[name] = value.copy() if isinstance(value, dict | list) else value
    return bool(value)


def fold_chat(reply: Reply) -> ChatFold:
    """The fold of a reply's stream, made once a reply; do not add to it."""
    kept: dict[str, Any] = vars(reply)  # as cached_property does
    fold = kept.get("_chat_fold")
    if not isinstance(fold, ChatFold):
        fold = kept["_chat_fold"] = ChatFold()
        for event, payload in _payloads(reply):
            if event.data.strip() == DONE:
                fold.done = True
            else:
                fold.add(payload, event.index, event.at_ms)
    return fold


def _payloads(reply: Reply) -> Iterator[tuple[Event, Any]]:
    return zip(reply.events, reply.payloads, strict=True)
