"""Interactions of a long YAML cassette one at a time.

Values are composed from the parser's events: tags of other languages (`!ruby/object`,
`!!python/unicode`) mean nothing here and run nothing, they only surround plain data.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import IO, Any, Final

from conformance.offline.json_stream import TornError

_BINARY: Final = frozenset({"tag:yaml.org,2002:binary", "!binary"})
_WORDS: Final = {"null": None, "~": None, "": None, "true": True, "false": False}
_NUMBERS: Final = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})
# As YAML 1.1 has them, which recorders write: 1e5 is a text, and a leading zero would be octal.
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9]\d{0,17})", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]\d+)?", re.ASCII)
MAX_NODES: Final = 4_000_000  # of one element; a few aliases can stand for any number of them


class YamlStream:
    """A cursor over the events of one YAML stream."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            import yaml
        except ImportError as error:
            raise TornError(0, "a YAML cassette needs `pip install PyYAML`") from error
        self._error: type[Exception] = yaml.YAMLError
        self._yaml = yaml
        self._events = yaml.parse(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._ahead: Any = None
        self._nodes = 0
        yaml_events = (yaml.StreamStartEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
        self._between: Final = yaml_events
        self._kinds: Final = {
            yaml.MappingStartEvent: "{",
            yaml.SequenceStartEvent: "[",
            yaml.MappingEndEvent: "}",
            yaml.SequenceEndEvent: "]",
            yaml.StreamEndEvent: "",
        }

    @property
    def offset(self) -> int:
        """The line where the cursor stands."""
        return int(self._look().start_mark.line) + 1

    def peek(self) -> str:
        """`{` or `[` where a mapping or a list begins, `s` for a scalar, nothing at the end."""
        return self._kinds.get(type(self._look()), "s")

    def value(self) -> Any:
        """The next value, whole."""
        self._nodes = 0
        try:
            return self._value(self._take())
        except RecursionError:
            raise TornError(0, "nested too deeply") from None

    def members(self) -> Iterator[str]:
        """The keys of the mapping that starts here. Whoever asks takes each value before the next."""
        self._take()
        while self.peek() != "}":
            yield _key(self.value())
        self._take()

    def elements(self) -> Iterator[tuple[int, Any]]:
        """The elements of the list that starts here, each with its line."""
        self._take()
        while self.peek() != "]":
            line = self.offset
            yield line, self.value()
        self._take()

    def _look(self) -> Any:
        while self._ahead is None or isinstance(self._ahead, self._between):
            self._ahead = self._next()
        return self._ahead

    def _take(self) -> Any:
        event, self._ahead = self._look(), None
        return event

    def _value(self, event: Any) -> Any:
        yaml = self._yaml
        value: Any
        self._nodes += 1
        before = self._nodes
        if isinstance(event, yaml.AliasEvent):
            value, nodes = self._anchors.get(event.anchor, (None, 0))
            self._nodes += nodes
            if self._nodes > MAX_NODES:
                raise TornError(event.start_mark.index, "aliases that stand for millions of values")
            return value
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(event2 := self._next(), yaml.SequenceEndEvent):
                value.append(self._value(event2))
        else:
            value = {}
            while not isinstance(event2 := self._next(), yaml.MappingEndEvent):
                key = _key(self._value(event2))
                value[key] = self._value(self._next())
        if event.anchor:
            self._anchors[event.anchor] = value, self._nodes - before + 1
        return value

    def _next(self) -> Any:
        try:
            return next(self._events)
        except self._error as error:
            mark = getattr(error, "problem_mark", None)
            offset = mark.index if mark else getattr(error, "position", 0)
            reason = getattr(error, "problem", None) or getattr(error, "reason", str(error))
            line = f" (line {mark.line + 1})" if mark else ""
            raise TornError(offset or 0, f"not YAML: {reason}{line}") from error
        except (OSError, EOFError) as error:
            raise TornError(0, f"the file is torn: {error}") from error
        except StopIteration:
            raise TornError(0, "the document ends early") from None


def _key(value: Any) -> str:
    """Keys are texts; some Python recorders wrote one-element lists of a tag of their own."""
    while isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, str) else str(value)


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.tag in _BINARY:
        try:
            return base64.b64decode(text)
        except (binascii.Error, ValueError) as error:
            raise TornError(event.start_mark.index, f"not base64: {error}") from error
    plain = event.implicit[0] and not event.style
    if not plain and event.tag not in _NUMBERS:
        return text
    if plain and text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
