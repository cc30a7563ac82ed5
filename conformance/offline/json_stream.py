"""Elements of a long JSON document one at a time, so that memory does not grow with the file."""

import codecs
import json
from collections.abc import Iterator
from typing import IO, Any, Final

PIECE: Final = 1 << 18
MAX_ELEMENT: Final = 1 << 28  # characters; a longer element is a torn string
_NEAR_END: Final = 16  # an error so close to the end of what is read may be a lack of more
_DECODER: Final = json.JSONDecoder()
_NUMBER: Final = "0123456789.eE+-"
_SPACE: Final = " \t\n\r\ufeff"


class TornError(ValueError):
    """The document is not JSON from `offset` (bytes) on."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset


class JsonStream:
    """A cursor in a JSON document that is read in pieces."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._text = ""
        self._at = 0
        self._dropped = 0  # bytes before the text at hand
        self._ended = False

    @property
    def offset(self) -> int:
        """Where the cursor stands, in bytes."""
        return self._dropped + len(self._text[: self._at].encode("utf-8", "surrogateescape"))

    def peek(self) -> str:
        """The next character that is no space, or nothing at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._fill(PIECE):
                return ""

    def take(self, wanted: str) -> None:
        """Go past a character that must come now."""
        if (found := self.peek()) != wanted:
            end = "the file ends" if not found else f"{found!r} stands"
            raise TornError(self.offset, f"{end} where {wanted!r} should")
        self._at += 1

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        piece = PIECE
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                short = error.pos >= len(self._text) - _NEAR_END
                short = short or error.msg.startswith("Unterminated")
                too_long = len(self._text) - self._at > MAX_ELEMENT
                if not short or too_long or not self._fill(piece):
                    raise TornError(self.offset, f"{error.msg}, in what starts here") from None
                piece *= 2
            except RecursionError:
                raise TornError(self.offset, "nested too deeply") from None
            else:
                # A number at the end of what is read may go on in the next piece.
                whole = type(value) not in {int, float} or self._text[end:].strip(_NUMBER)
                if whole or not self._fill(PIECE):
                    self._at = end
                    return value

    def members(self) -> Iterator[str]:
        """The keys of the object that starts here. Whoever asks takes each value before the next."""
        self.take("{")
        while self.peek() != "}":
            key = self.value()
            if not isinstance(key, str):
                raise TornError(self.offset, "a key that is no text")
            self.take(":")
            yield key
            if self.peek() != "}":
                self.take(",")
        self.take("}")

    def elements(self) -> Iterator[tuple[int, Any]]:
        """The elements of the array that starts here, each with its place in bytes."""
        self.take("[")
        while self.peek() != "]":
            offset = self.offset
            yield offset, self.value()
            if self.peek() != "]":
                self.take(",")
        self.take("]")

    def _fill(self, size: int) -> bool:
        if self._ended:
            return False
        try:
            data = self._file.read(size)
        except (OSError, EOFError) as error:
            raise TornError(self.offset, f"the file is torn: {error}") from error
        self._ended = not data
        self._dropped = self.offset
        self._text = self._text[self._at :] + self._decode(data, final=self._ended)
        self._at = 0
        return not self._ended
