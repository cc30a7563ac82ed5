"""Responses events put together: items, parts, and each copy of every text, side by side.

A stream says each text up to five times: in deltas, in the done event of the text, in the done event
of its part, in the done event of its item, and in the final response. The fold keeps them apart so
that rules can compare. It is tolerant: any JSON goes in, nothing is raised, and only what keeps it
from folding is kept as a problem.
"""

from collections.abc import Iterator
from typing import Any, Final

from wire.chat import Problem
from wire.exchange import Invalid, Reply, parse_json
from wire.items import CHANNELS, Channel, Item, Part, Text, string_in
from wire.sse import DONE, Event
from wire.usage import Usage

_DELTA: Final = {channel.event + ".delta": channel for channel in CHANNELS}
_DONE: Final = {channel.event + ".done": channel for channel in CHANNELS}
_PARTS: Final = {
    "response.content_part": ("content", "content_index"),
    "response.reasoning_summary_part": ("summary", "summary_index"),
}
TERMINAL: Final = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "error"}
)
LIFECYCLE: Final = frozenset(
    {"response.created", "response.queued", "response.in_progress"} | (TERMINAL - {"error"})
)


class ResponsesFold:
    """Takes the payloads of a Responses stream one after the other. Times are milliseconds."""

    def __init__(self) -> None:
        self.items: dict[int, Item] = {}
        self.first: dict[str, Any] | None = None  # the response of the first lifecycle event
        self.final: dict[str, Any] | None = None  # the response of the terminal event
        self.unstreamed: list[dict[str, Any]] = []  # items of the final response without own events
        self.terminal: str | None = None  # its name; of the last one when there are several
        self.error: Any = None  # of an error event or of the failed response
        self.done = False  # whether the chat end marker was seen
        self.counts: dict[str, int] = {}  # events by type
        self.content_chunks = 0  # deltas that carry output of the model
        self.first_content_where: int | None = None
        self.first_content_at: float | None = None
        self.last_content_at: float | None = None
        self.problems: list[Problem] = []

    @property
    def whole(self) -> bool:
        """Whether the stream is complete: it had a terminal event."""
        return self.terminal is not None

    @property
    def response(self) -> dict[str, Any]:
        return self.final or self.first or {}

    @property
    def id(self) -> Any:
        return self.response.get("id")

    @property
    def model(self) -> Any:
        return self.response.get("model")

    @property
    def status(self) -> Any:
        return self.response.get("status")

    @property
    def usage_json(self) -> Any:
        return (self.final or {}).get("usage")

    @property
    def usage(self) -> Usage | None:
        return Usage.of(self.usage_json)

    @property
    def output_text(self) -> str:
        """All output text in order: of the final response, else each from its most final copy."""
        if self.final is not None and isinstance(self.final.get("output"), list):
            return output_text(self.final)
        return "".join(
            item.copies(text).best or ""
            for item, text in self.texts()
            if text.channel.event == "response.output_text"
        )

    def texts(self) -> Iterator[tuple[Item, Text]]:
        """Every streamed text, in the order of the items and of their parts."""
        for index in sorted(self.items):
            item = self.items[index]
            for _, text in sorted(item.texts.items(), key=lambda entry: entry[0][1]):
                yield item, text

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
        kind = payload.get("type")
        if not isinstance(kind, str):
            if payload.get("error") is not None:  # a gateway's own form
                self.terminal, self.error = "error", payload["error"]
            else:
                self.problems.append(Problem(index, "no type"))
            return
        self.counts[kind] = self.counts.get(kind, 0) + 1
        channel = _DELTA.get(kind)
        if channel is not None:
            self._delta(channel, payload, index, at_ms)
        elif kind in _DONE:
            text = self._text(_DONE[kind], payload, index)
            if text is not None:
                text.done = string_in(payload, text.channel.text)
        else:
            self._other(kind, payload, index)

    def _delta(self, channel: Channel, payload: dict[str, Any], where: int, at_ms: float) -> None:
        text = self._text(channel, payload, where)
        delta = payload.get("delta")
        if text is None:
            return
        if not isinstance(delta, str):
            self.problems.append(Problem(where, "a delta that is not a string"))
            return
        text.deltas.append(delta)
        if delta:
            self.content_chunks += 1
            self.last_content_at = at_ms
            if self.first_content_where is None:
                self.first_content_where = where
                self.first_content_at = at_ms

    def _other(self, kind: str, payload: dict[str, Any], where: int) -> None:
        if kind in LIFECYCLE:
            self._lifecycle(kind, payload, where)
        elif kind == "error":
            self.terminal = kind
            # Flat as typed, or nested as real streams have it (E2 of the stream grammar).
            nested = payload.get("error")
            self.error = nested if isinstance(nested, dict) else payload
        elif kind in {"response.output_item.added", "response.output_item.done"}:
            item = self._item(payload, where)
            value = payload.get("item")
            if item is None:
                return
            if not isinstance(value, dict):
                self.problems.append(Problem(where, "no item"))
            elif kind.endswith("added"):
                item.added = value
            else:
                item.done = value
        elif kind == "response.output_text.annotation.added":
            part = self._part("content", "content_index", payload, where)
            if part is not None:
                part.annotations.append(payload.get("annotation"))
        else:
            family, _, step = kind.rpartition(".")
            if family in _PARTS and step in {"added", "done"}:
                part = self._part(*_PARTS[family], payload, where)
                value = payload.get("part")
                if part is not None and isinstance(value, dict):
                    setattr(part, step, value)
                elif part is not None:
                    self.problems.append(Problem(where, "no part"))

    def _lifecycle(self, kind: str, payload: dict[str, Any], where: int) -> None:
        if kind in TERMINAL:
            self.terminal = kind
        response = payload.get("response")
        if not isinstance(response, dict):
            self.problems.append(Problem(where, "no response"))
            return
        if self.first is None:
            self.first = response
        if kind not in TERMINAL:
            return
        self.final = response
        if response.get("error") is not None:
            self.error = response["error"]
        output = response.get("output")
        if not isinstance(output, list):
            self.problems.append(Problem(where, "no list of output"))
            return
        known = {item.id: item for item in self.items.values() if isinstance(item.id, str)}
        finals = [(place, value) for place, value in enumerate(output) if isinstance(value, dict)]
        rest = []
        for place, value in finals:
            name = value.get("id")
            if isinstance(name, str) and name in known:
                known[name].final = value
            else:
                rest.append((place, value))
        for place, value in rest:
            item = self.items.get(place)
            if item is not None and item.final is None:
                item.final = value
            else:
                self.unstreamed.append(value)

    def _item(self, payload: dict[str, Any], where: int) -> Item | None:
        number = payload.get("output_index")
        if type(number) is not int:
            self.problems.append(Problem(where, "no output_index"))
            return None
        item = self.items.get(number)
        if item is None:
            item = self.items[number] = Item(number)
        return item

    def _part(self, place: str, index: str, payload: dict[str, Any], where: int) -> Part | None:
        item = self._item(payload, where)
        number = payload.get(index)
        if item is None:
            return None
        if type(number) is not int:
            self.problems.append(Problem(where, f"no {index}"))
            return None
        return item.parts.setdefault((place, number), Part())

    def _text(self, channel: Channel, payload: dict[str, Any], where: int) -> Text | None:
        item = self._item(payload, where)
        number = payload.get(channel.index_field) if channel.index_field else 0
        if item is None:
            return None
        if type(number) is not int:
            self.problems.append(Problem(where, f"no {channel.index_field}"))
            return None
        key = (channel.event, number)
        text = item.texts.get(key)
        if text is None:
            text = item.texts[key] = Text(channel, number)
        return text


def fold_responses(reply: Reply) -> ResponsesFold:
    """The fold of a reply's stream, made once a reply; do not add to it."""
    kept: dict[str, Any] = vars(reply)  # as cached_property does
    fold = kept.get("_responses_fold")
    if not isinstance(fold, ResponsesFold):
        fold = kept["_responses_fold"] = ResponsesFold()
        for event, payload in zip(reply.events, reply.payloads, strict=True):
            if event.data.strip() == DONE:
                fold.done = True
            else:
                fold.add(payload, event.index, event.at_ms)
    return fold


def output_text(response: dict[str, Any]) -> str:
    """All output text of a response object, as the SDK's property of the same name."""
    return "".join(
        part["text"]
        for item in _dicts(response.get("output"))
        if item.get("type") == "message"
        for part in _dicts(item.get("content"))
        if part.get("type") == "output_text" and isinstance(part.get("text"), str)
    )


def _dicts(values: object) -> Iterator[dict[str, Any]]:
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, dict))
