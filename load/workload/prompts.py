"""What is asked where nothing else is named: texts of a wanted length whose faithful answer is known.

A synthetic prompt asks to repeat a text, so that the answer's length is under control and every delta
can be compared with what was asked for. Each starts with words of its own, so that no cache of
prefixes helps, unless a shared prefix is asked for.
"""

import random
from dataclasses import dataclass
from typing import Any, Final

# Common words: one token each with the blank before it, in the vocabularies in use.
WORDS: Final = (  # noqa: SIM905 - to be read as words
    "time year people way day man thing woman life child world school state family student group "
    "country problem hand part place case week company system program question work government "
    "number night point home water room mother area money story fact month lot right study book "
    "eye job word business issue side kind head house service friend father power hour game line"
).split()
ECHO: Final = "Repeat the text between the markers exactly, and nothing else.\n<<<\n{}\n>>>"
# Tokens beside the texts: of the instruction, of the start of its own, and of a chat message.
ECHO_TOKENS: Final = 15
START_TOKENS: Final = 8
MESSAGE_TOKENS: Final = 7
_LONG: Final = 1 << 14  # words of the text that all prompts are cut from


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages to send, the answer of a faithful model if known, and how long it shall be."""

    messages: tuple[dict[str, Any], ...]
    expected: str | None = None
    output_tokens: int | None = None
    extra: dict[str, Any] | None = None  # further parameters of the request
    input_tokens: int | None = None  # how long it is meant to be, as the server counts it
    bare: bool = False  # the limit is the length itself: nothing is said beside it
    cut: bool = False  # the length of the answer is had by the limit alone: nothing asks for it


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of prompt and answer: a mean, and a spread as a share of it (log-normal)."""

    input_tokens: float = 64
    output_tokens: float = 32
    spread: float = 0.0


class Synthetic:
    """Prompts by number: the same number gives the same prompt in every process."""

    def __init__(self, lengths: Lengths, seed: int, *, shared_prefix: int = 0) -> None:
        self.lengths = lengths
        self.seed = seed
        source = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._words = source.choices(WORDS, k=_LONG)
        # Words joined once: a prompt is a slice, not a thousand small strings.
        self._starts = [0]
        for word in self._words:
            self._starts.append(self._starts[-1] + len(word) + 1)
        self._text = " ".join(self._words) + " "
        self._prefix = self.words(0, shared_prefix)
        self._prefix_tokens = shared_prefix

    def words(self, start: int, count: int) -> str:
        """So many words from a place on; the text is a ring."""
        if count <= 0:
            return ""
        start %= _LONG
        if start + count <= _LONG:
            return self._text[self._starts[start] : self._starts[start + count] - 1]
        rest = self.words(start, _LONG - start)
        return f"{rest} {self.words(0, count - (_LONG - start))}"

    def __call__(self, number: int) -> Prompt:
        source = random.Random(self.seed * 1_000_003 + number)  # noqa: S311
        wanted = max(1, round(self._length(source, self.lengths.input_tokens)))
        output = max(1, round(self._length(source, self.lengths.output_tokens)))
        return self.of(number, wanted, output)

    def of(self, number: int, input_tokens: int, output_tokens: int) -> Prompt:
        """A prompt of about these lengths that no other has as its start."""
        place = (number * 7919 + self.seed) % _LONG
        expected = self.words(place, output_tokens)
        beside = ECHO_TOKENS + MESSAGE_TOKENS
        begin = self._prefix or f"Request {self.seed:x}-{number:x}."
        if not self._prefix:
            beside += START_TOKENS
        room = max(0, input_tokens - output_tokens - beside - self._prefix_tokens)
        filler = self.words(place + output_tokens, room)
        text = f"{begin} {filler}\n{ECHO.format(expected)}"
        return Prompt(
            ({"role": "user", "content": text},),
            expected,
            output_tokens,
            input_tokens=input_tokens,
        )

    def _length(self, source: random.Random, mean: float) -> float:
        if not self.lengths.spread:
            return mean
        import math

        sigma = math.sqrt(math.log(1 + self.lengths.spread**2))
        return mean * source.lognormvariate(-sigma * sigma / 2, sigma)
