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
INTERACTIONS: Final = frozenset({"interactions", "http_interactions", "recordings"})


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
        self._anchors: dict[str, Any] = {}

    def interactions(self) -> Iterator[tuple[int, Any]]:
        """Each element of a list of interactions, or each document, with its line."""
        yaml = self._yaml
        event = self._next()
        while not isinstance(event, yaml.StreamEndEvent):
            if isinstance(event, yaml.MappingStartEvent):
                yield from self._of_mapping(event)
            elif isinstance(event, yaml.SequenceStartEvent):
                yield from self._elements()
            elif isinstance(event, yaml.ScalarEvent):
                raise TornError(0, "neither a HAR file, nor a cassette, nor JSON Lines")
            event = self._next()

    def _of_mapping(self, start: Any) -> Iterator[tuple[int, Any]]:
        yaml = self._yaml
        rest: dict[str, Any] = {}
        line = start.start_mark.line + 1
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = _key(self._value(event))
            event = self._next()
            if key in INTERACTIONS and isinstance(event, yaml.SequenceStartEvent):
                rest[key] = True
                yield from self._elements()
            else:
                rest[key] = self._value(event)
        if "request" in rest:
            yield line, rest
        elif not INTERACTIONS & rest.keys():
            raise TornError(0, "neither a HAR file, nor a cassette, nor JSON Lines")

    def _elements(self) -> Iterator[tuple[int, Any]]:
        while not isinstance(event := self._next(), self._yaml.SequenceEndEvent):
            yield event.start_mark.line + 1, self._value(event)

    def _value(self, event: Any) -> Any:
        yaml = self._yaml
        value: Any
        if isinstance(event, yaml.AliasEvent):
            return self._anchors.get(event.anchor)
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
            self._anchors[event.anchor] = value
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
