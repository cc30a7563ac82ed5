"""Output items of a Responses stream, and every copy of the texts in them."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple


class Channel(NamedTuple):
    """How one kind of text streams: the events `<event>.delta` and `<event>.done`."""

    event: str
    text: str  # the field of the done event, and of the finished part or item
    place: str  # the list of the item that holds the part; empty: the item itself
    index_field: str  # the field with the position in that list; empty: the item itself


# Section 3 of the stream grammar; the union of events of the OpenAI SDK, 3.54.0.
CHANNELS: Final = (
    Channel("response.output_text", "text", "content", "content_index"),
    Channel("response.refusal", "refusal", "content", "content_index"),
    Channel("response.reasoning_text", "text", "content", "content_index"),
    Channel("response.reasoning_summary_text", "text", "summary", "summary_index"),
    Channel("response.function_call_arguments", "arguments", "", ""),
    Channel("response.custom_tool_call_input", "input", "", ""),
    Channel("response.mcp_call_arguments", "arguments", "", ""),
    Channel("response.code_interpreter_call_code", "code", "", ""),
    Channel("response.shell_call_command", "command", "action.commands", "command_index"),
)


class Copies(NamedTuple):
    """The same text from its five sources; None where a source did not give it."""

    deltas: str | None
    done: str | None
    part: str | None
    item: str | None
    final: str | None

    @property
    def best(self) -> str | None:
        """The most final copy that there is."""
        return next((copy for copy in reversed(self) if copy is not None), None)


@dataclass(slots=True)
class Text:
    """One text while it streams."""

    channel: Channel
    index: int = 0  # position in the item's list; 0 for a text of the item itself
    deltas: list[str] = field(default_factory=list)
    done: str | None = None


@dataclass(slots=True)
class Part:
    """A part of an item, as its added and done events gave it."""

    added: dict[str, Any] | None = None
    done: dict[str, Any] | None = None
    annotations: list[Any] = field(default_factory=list)  # of output_text.annotation.added


@dataclass(slots=True)
class Item:
    """An output item. `added` and `done` are the items of its own events, `final` of the response."""

    index: int
    added: dict[str, Any] | None = None
    done: dict[str, Any] | None = None
    final: dict[str, Any] | None = None
    parts: dict[tuple[str, int], Part] = field(default_factory=dict)  # by (content|summary, index)
    texts: dict[tuple[str, int], Text] = field(default_factory=dict)  # by (channel event, index)

    @property
    def json(self) -> dict[str, Any]:
        """The most final form of the item."""
        return self.final or self.done or self.added or {}

    @property
    def id(self) -> Any:
        return self.json.get("id")

    @property
    def type(self) -> Any:
        return self.json.get("type")

    def copies(self, text: Text) -> Copies:
        """The five copies of one text of this item."""
        channel = text.channel
        part = self.parts.get((channel.place, text.index))
        return Copies(
            "".join(text.deltas) if text.deltas else None,
            text.done,
            string_in(part.done, channel.text) if part else None,
            _text_in(self.done, channel, text.index),
            _text_in(self.final, channel, text.index),
        )


def string_in(value: dict[str, Any] | None, name: str) -> str | None:
    found = (value or {}).get(name)
    return found if isinstance(found, str) else None


def _text_in(item: dict[str, Any] | None, channel: Channel, index: int) -> str | None:
    """The text of a channel inside of a finished item."""
    if not channel.place:
        return string_in(item, channel.text)
    found: Any = item
    for step in channel.place.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(found, list) or not 0 <= index < len(found):
        return None
    part = found[index]
    if isinstance(part, str):  # the commands of a shell call
        return part
    return string_in(part, channel.text) if isinstance(part, dict) else None
