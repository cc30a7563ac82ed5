"""Reads a stream of `/v1/completions`, the older endpoint that some servers have alone: texts instead of deltas.

https://platform.openai.com/docs/api-reference/completions/streaming. No requirement of the catalogue is about it.
"""

from typing import Any, Final

import msgspec

from load.transport.reader import BAD_FINISHES, Reader
from wire.sse import DONE
from wire.usage import Usage


class _Choice(msgspec.Struct, gc=False):
    text: str | None = None
    index: int = 0
    finish_reason: str | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] = []
    usage: dict[str, Any] | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Chunk).decode


class CompletionReader(Reader):
    __slots__ = ("_done", "_finished", "_usage")

    def __init__(self) -> None:
        super().__init__()
        self._finished: dict[int, bool] = {}  # by choice
        self._usage: dict[str, Any] | None = None
        self._done = False

    def take(self, data: str, name: str, at_ns: int) -> None:  # noqa: ARG002 - no names here either
        if data.strip() == DONE:
            self._done = True
            return
        self.events += 1
        try:
            chunk = _decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            self.problem = self.problem or f"event {self.events}: {error}"
            return
        if chunk.error is not None:
            self.error = chunk.error
        if chunk.usage is not None:
            self._usage = chunk.usage
        said = False
        for choice in chunk.choices:
            self._finished.setdefault(choice.index, False)
            if choice.text:
                said = True
                self.texts.append(choice.text)
            if choice.finish_reason is not None:
                self._finished[choice.index] = True
                self.limited |= choice.finish_reason == "length"
                if choice.finish_reason in BAD_FINISHES:
                    self.finish = choice.finish_reason
        if said:
            self.stamps.append(at_ns)
            self.visible_ns = self.visible_ns or at_ns

    @property
    def whole(self) -> bool:
        return self._done and self.finished

    @property
    def finished(self) -> bool:
        return bool(self._finished) and all(self._finished.values())

    @property
    def usage(self) -> Usage | None:
        return None if self._usage is None else Usage.of(self._usage)

    def violations(self) -> dict[str, str]:
        return self.seen
