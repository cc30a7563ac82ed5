"""Reads a chat stream while it arrives: few typed fields of each chunk, order checked on the way.

What `wire.chat` folds for judging at leisure is kept here only as far as timing, outcome and the cheap
rules need it, because this runs on every event of every stream. A test holds the two to one answer.
The usual chunk takes the short way through `take`; any other goes through `_unusual`.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from load.transport.batched_events import lines_of
from load.transport.chunk import Choice, Chunk, Delta, decode, decode_lines
from load.transport.reader import BAD_FINISHES, Reader
from load.transport.usage_sums import usage_violations
from wire.exchange import Invalid, parse_json
from wire.sse import DONE
from wire.usage import Usage

_unset: Final[Any] = object()
_LIMITED: Final = "length"


class ChatReader(Reader):
    __slots__ = ("_checks", "_done", "_finished", "_id", "_model", "_usage", "_usages")

    def __init__(self, *, keep_text: bool = False, usage: bool = True) -> None:
        super().__init__()
        self._keep = keep_text
        self._checks = usage
        self._finished: dict[int, bool] = {}  # by choice
        self._id: Any = _unset
        self._model: Any = _unset
        self._usage: Any = None
        self._usages = 0
        self._done = False

    def take(self, data: str, name: str, at_ns: int) -> None:  # noqa: ARG002 - chat has no names
        try:
            chunk = decode(data)
        except msgspec.DecodeError:
            self._unusual(data, at_ns)
            return
        self._take(chunk, at_ns)

    def take_batch(self, pieces: Sequence[bytes], stamps: Sequence[int]) -> bool:
        text = None if self._done else lines_of(pieces)
        if text is None:
            return False
        try:
            chunks = decode_lines(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        # No line holds less than one object, so that there are as many says that each holds one.
        if len(chunks) != len(pieces):
            return False
        if not self._take_usual(chunks, stamps):
            for chunk, at_ns in zip(chunks, stamps, strict=True):
                self._take(chunk, at_ns)
        return True

    def _take_usual(self, chunks: Sequence[Chunk], stamps: Sequence[int]) -> bool:
        """Chunks that are each one more text of a choice under way; False: one is not, and nothing was taken."""
        if not self.visible_ns or self._usages:
            return False
        known, model, finished, texts = self._id, self._model, self._finished, []
        for chunk in chunks:
            choices = chunk.choices
            if (
                len(choices) != 1
                or not (content := (choice := choices[0]).delta.content)
                or finished.get(choice.index) is not False
                or choice.finish_reason is not None
                or chunk.id != known
                or chunk.model != model
                or chunk.usage is not None
                or chunk.error is not None
            ):
                return False
            texts.append(content)
        self.events += len(texts)
        self.stamps.extend(stamps)
        if self._keep:
            self.texts += texts
        return True

    def _take(self, chunk: Chunk, at_ns: int) -> None:
        self.events += 1
        if chunk.id != self._id or chunk.model != self._model:
            self._identity(chunk.id, chunk.model)
        if chunk.usage is not None or chunk.error is not None or self._done or self._usages:
            self._beside(chunk)
        content = False
        for choice in chunk.choices:
            delta = choice.delta
            if delta.content:
                content = True
                if not self.visible_ns:
                    self.visible_ns = at_ns
                if self._keep:
                    self.texts.append(delta.content)
            elif self._other(delta, at_ns):
                content = True
            if choice.finish_reason is not None or choice.index not in self._finished:
                self._state(choice)
            elif self._finished[choice.index]:
                self._violate("chat.stream.after-finish", "a chunk after the finish_reason")
        if content:
            self.stamps.append(at_ns)
        elif not chunk.choices and chunk.usage is None and chunk.error is None:
            self._violate("chat.stream.empty-choices", "a chunk without choices and usage")

    @property
    def whole(self) -> bool:
        return self._done and self.finished

    @property
    def finished(self) -> bool:
        return bool(self._finished) and False not in self._finished.values()

    @property
    def usage(self) -> Usage | None:
        return None if self._usage is None else Usage.of(self._usage)

    def violations(self) -> dict[str, str]:
        """Of the whole stream, once it is over. What is missing after a cut is one finding, not four."""
        if self.error is not None:
            return self.seen  # that is an end of its own
        if not self._done:
            self._violate("chat.stream.done", "no [DONE]")
            if not self.finished or not self._usages:
                return self.seen
        if not self.finished:
            self._violate("chat.stream.finish-once", "a choice without finish_reason")
        if self._checks and self._usages != 1:
            self._violate(
                "chat.stream.usage-last", f"{self._usages} usage chunks, one was asked for"
            )
        if self._usage is not None:
            self.seen |= usage_violations(self._usage, "chat.chunk.usage")
        return self.seen

    def _identity(self, name: str | None, model: str | None) -> None:
        if self._id is _unset:
            self._id, self._model = name, model
            return
        if name != self._id:
            self._violate("chat.stream.id-constant", f"id {name!r} after {self._id!r}")
        if model != self._model:
            self._violate("chat.stream.model-constant", f"model {model!r} after {self._model!r}")
        self._id, self._model = name, model

    def _other(self, delta: Delta, at_ns: int) -> bool:
        """Content that is no plain text."""
        if delta.refusal or delta.tool_calls:
            if not self.visible_ns:
                self.visible_ns = at_ns
            return True
        return bool(delta.reasoning_content or delta.reasoning)

    def _state(self, choice: Choice) -> None:
        """A choice begins, or ends."""
        known = self._finished.get(choice.index)
        if known is None and choice.delta.role is None:
            self._violate("chat.stream.role-first", f"choice {choice.index} begins without a role")
        if choice.finish_reason is None:
            self._finished[choice.index] = False
            return
        if known:
            self._violate("chat.stream.finish-once", "a second finish_reason")
        self._finished[choice.index] = True
        self.limited |= choice.finish_reason == _LIMITED
        if choice.finish_reason in BAD_FINISHES:
            self.finish = choice.finish_reason

    def _beside(self, chunk: Chunk) -> None:
        """What stands beside the choices, and what follows the end."""
        if self._done:
            self._violate("chat.stream.nothing-after-done", "a chunk after [DONE]")
        if chunk.error is not None:
            self.error = chunk.error
        if chunk.usage is not None:
            self._usage = chunk.usage
            self._usages += 1
            if chunk.choices and self._checks:
                self._violate("chat.stream.usage-last", "usage comes with choices")
        elif self._usages and self._checks:
            self._violate("chat.stream.usage-last", "a chunk after the usage")

    def _unusual(self, data: str, at_ns: int) -> None:
        """The end marker, errors, and everything that is no chunk as typed."""
        if data.strip() == DONE:
            if self._done:
                self._violate("chat.stream.nothing-after-done", "a second [DONE]")
            self._done = True
            return
        self.events += 1
        if self._done:
            self._violate("chat.stream.nothing-after-done", "an event after [DONE]")
            return
        value = parse_json(data)
        if isinstance(value, Invalid):
            self.problem = self.problem or f"event {self.events} is not JSON"
            self._violate("chat.stream.json", "not JSON")
            return
        if isinstance(value, dict) and value.get("error") is not None:
            self.error = value["error"]
            return
        if not isinstance(value, dict) or not isinstance(value.get("choices"), list):
            self._violate("chat.stream.heartbeat", "an object that is neither chunk nor error")
            return
        self._loose(value, at_ns)

    def _loose(self, value: dict[str, Any], at_ns: int) -> None:
        """A chunk with fields of other types than documented: read for what it still says."""
        self._violate("chat.chunk.values", "a field has not the documented type")
        if isinstance(value.get("usage"), dict):
            self._usage = value["usage"]
            self._usages += 1
        for choice in value["choices"]:
            number = choice.get("index") if isinstance(choice, dict) else None
            if type(number) is not int:
                self.problem = self.problem or f"event {self.events}: a choice without an index"
                continue
            reason = choice.get("finish_reason")
            self._finished[number] = self._finished.get(number, False) or isinstance(reason, str)
            self.limited |= reason == _LIMITED
            if isinstance(reason, str) and reason in BAD_FINISHES:
                self.finish = reason
            delta = choice.get("delta")
            if not isinstance(delta, dict):
                self.problem = self.problem or f"event {self.events}: a choice without a delta"
            elif any(value for name, value in delta.items() if name != "role"):
                self.stamps.append(at_ns)
                self.visible_ns = self.visible_ns or at_ns
