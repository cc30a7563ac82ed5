"""Reads a Responses stream while it arrives, as `load.transport.chat_reader` does a chat stream."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from load.transport.batched_events import named_lines_of
from load.transport.reader import BAD_FINISHES, Reader
from load.transport.usage_sums import usage_violations
from wire.exchange import Invalid, parse_json
from wire.items import CHANNELS
from wire.responses import LIFECYCLE, TERMINAL, output_text
from wire.sse import DONE
from wire.usage import Usage


class _Event(msgspec.Struct, gc=False):
    type: str
    delta: str | None = None
    sequence_number: int | None = None
    response: dict[str, Any] | None = None


_decode: Final = msgspec.json.Decoder(_Event).decode
_decode_lines: Final = msgspec.json.Decoder(_Event).decode_lines
_DELTAS: Final = frozenset(channel.event + ".delta" for channel in CHANNELS)
_TEXT: Final = "response.output_text.delta"
_HIDDEN: Final = frozenset(
    {"response.reasoning_text.delta", "response.reasoning_summary_text.delta"}
)


class ResponsesReader(Reader):
    __slots__ = ("_created", "_id", "_sequence", "_terminal", "_text", "_usage", "output")

    def __init__(self, *, keep_text: bool = False) -> None:
        super().__init__()
        self._keep = keep_text
        self._text: str | None = None  # of the terminal event's output
        self.output: list[dict[str, Any]] = []  # items of the terminal event
        self._created = 0
        self._id: Any = None
        self._sequence = -1
        self._terminal = ""
        self._usage: Any = None

    def take(self, data: str, name: str, at_ns: int) -> None:
        try:
            event = _decode(data)
        except msgspec.DecodeError:
            self._unusual(data)
            return
        self._take(event, data, name, at_ns)

    def take_batch(self, pieces: Sequence[bytes], stamps: Sequence[int]) -> bool:
        found = named_lines_of(pieces)
        if found is None:
            return False
        names, text = found
        try:
            events = _decode_lines(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        if len(events) != len(pieces):
            return False
        for at, event in enumerate(events):
            kind = event.type
            if (
                kind == _TEXT
                and kind == names[at]
                and event.delta
                and event.sequence_number == self._sequence + 1
                and self.visible_ns
                and not self._terminal
            ):
                self.events += 1
                self._sequence += 1
                self.stamps.append(stamps[at])
                if self._keep:
                    self.texts.append(event.delta)
            else:
                data = text.split(b"\n")[at].decode() if kind == "error" else ""
                self._take(event, data, names[at], stamps[at])
        return True

    def _take(self, event: _Event, data: str, name: str, at_ns: int) -> None:
        self.events += 1
        kind = event.type
        number = event.sequence_number
        if number is None or number != self._sequence + 1 or self._terminal or kind != name:
            self._order(kind, name, number)
        if number is not None:
            self._sequence = number
        if kind in _DELTAS:
            if not event.delta:
                return
            self.stamps.append(at_ns)
            if not self.visible_ns and kind not in _HIDDEN:
                self.visible_ns = at_ns
            if self._keep and kind == _TEXT:
                self.texts.append(event.delta)
        elif kind in LIFECYCLE or kind == "error":
            self._lifecycle(kind, data, event.response)

    @property
    def whole(self) -> bool:
        return bool(self._terminal)

    @property
    def usage(self) -> Usage | None:
        return Usage.of(self._usage)

    def violations(self) -> dict[str, str]:
        if not self._terminal:
            self._violate("responses.stream.terminal", "no terminal event")
            return self.seen
        if not self._created:
            self._violate("responses.stream.created-first", "no response.created")
        if self._terminal in {"response.completed", "response.incomplete"}:
            if not isinstance(self._usage, dict):
                self._violate("responses.stream.usage", f"{self._terminal} without usage")
            else:
                self.seen |= usage_violations(self._usage, "responses.stream.usage")
            if self._keep and self._text is not None and self._text != self.text():
                self._violate("responses.stream.deltas-whole", "the deltas are not the final text")
        return self.seen

    def _order(self, kind: str, name: str, number: int | None) -> None:
        if name != kind:
            self._violate("responses.stream.event-line", f"event {name!r} for type {kind!r}")
        if number is None:
            self._violate("responses.stream.sequence-number", f"{kind} has none")
        elif number <= self._sequence:
            self._violate("responses.stream.sequence-order", f"{number} after {self._sequence}")
        elif number != self._sequence + 1:
            self._violate("responses.stream.sequence-gaps", f"{number} after {self._sequence}")
        if self._terminal:
            self._violate("responses.stream.after-terminal", f"{kind} after {self._terminal}")

    def _lifecycle(self, kind: str, data: str, response: dict[str, Any] | None) -> None:
        if kind == "response.created":
            self._created += 1
            if self.events > 1:
                self._violate("responses.stream.created-first", f"created is event {self.events}")
            if self._created > 1:
                self._violate("responses.stream.created-once", "created comes again")
        if kind == "error":
            value = parse_json(data)
            nested = value.get("error") if isinstance(value, dict) else None
            self.error = nested if isinstance(nested, dict) else value
        elif response is None:
            self.problem = self.problem or f"{kind} without a response"
        else:
            self._response(kind, response)
        if kind in TERMINAL:
            self._terminal = kind

    def _response(self, kind: str, response: dict[str, Any]) -> None:
        name = response.get("id")
        if self._id is None:
            self._id = name
        elif name != self._id:
            self._violate("responses.stream.id-constant", f"id {name!r} after {self._id!r}")
        if kind not in TERMINAL:
            return
        self._usage = response.get("usage")
        self.limited = kind == "response.incomplete"
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        self.finish = reason if isinstance(reason, str) and reason in BAD_FINISHES else ""
        output = response.get("output")
        if isinstance(output, list):
            self.output = [item for item in output if isinstance(item, dict)]
        if self._keep:
            self._text = output_text(response)
        if kind == "response.failed":
            self.error = response.get("error") or "response.failed"

    def _unusual(self, data: str) -> None:
        if data.strip() == DONE:
            self._violate("responses.stream.done-marker", "[DONE]")
            return
        self.events += 1
        value = parse_json(data)
        if isinstance(value, Invalid) or not isinstance(value, dict):
            self.problem = self.problem or f"event {self.events} is not a JSON object"
            self._violate("responses.stream.json", "not a JSON object")
        elif value.get("error") is not None and not isinstance(value.get("type"), str):
            self.error, self._terminal = value["error"], "error"
        elif not isinstance(value.get("type"), str):
            self._violate("responses.stream.json", "no type")
        elif value["type"] in _DELTAS:
            self._violate("responses.stream.delta-string", "a field has not the documented type")
        else:
            # An object where the deltas have a string, as in partial images or annotations.
            response = value.get("response")
            if value["type"] in LIFECYCLE or value["type"] == "error":
                self._lifecycle(
                    value["type"], data, response if isinstance(response, dict) else None
                )
