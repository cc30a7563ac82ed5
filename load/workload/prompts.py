"""What is asked: texts of a wanted length whose faithful answer is known, lines of a file, or a trace.

A synthetic prompt asks to repeat a text, so that the answer's length is under control and every delta
can be compared with what was asked for. Each starts with words of its own, so that no cache of
prefixes helps, unless a shared prefix is asked for.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from load.workload.rows import InputError, Row, json_rows, tokens_of
from load.workload.trace import Entry

# Common words: one token each with the blank before it, in the vocabularies in use.
WORDS: Final = (  # noqa: SIM905 - to be read as words
    "time year people way day man thing woman life child world school state family student group "
    "country problem hand part place case week company system program question work government "
    "number night point home water room mother area money story fact month lot right study book "
    "eye job word business issue side kind head house service friend father power hour game line"
).split()
BLOCK_TOKENS: Final = 512  # of a trace's hash id
_ECHO: Final = "Repeat the text between the markers exactly, and nothing else.\n<<<\n{}\n>>>"
# Tokens beside the texts: of the instruction, of the start of its own, and of a chat message.
ECHO_TOKENS: Final = 15
START_TOKENS: Final = 8
MESSAGE_TOKENS: Final = 7
NUMBER_TOKENS: Final = 4  # of a start that is only a number
_LONG: Final = 1 << 14  # words of the text that all prompts are cut from


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages to send, the answer of a faithful model if known, and how long it shall be."""

    messages: tuple[dict[str, Any], ...]
    expected: str | None = None
    output_tokens: int | None = None
    extra: dict[str, Any] | None = None  # further parameters of the request
    input_tokens: int | None = None  # how long it is meant to be, as the server counts it
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
        text = f"{begin} {filler}\n{_ECHO.format(expected)}"
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


class FromTrace:
    """Prompts with the lengths of a trace; equal block ids give equal text, so caches see the same.

    Where the answer is too long to be asked for within the prompt's length, its limit alone makes it so.
    """

    def __init__(self, trace: Sequence[Entry], seed: int) -> None:
        self._trace = trace
        self._synthetic = Synthetic(Lengths(), seed)

    def __call__(self, number: int) -> Prompt:
        entry = self._trace[number % len(self._trace)]
        if entry.text is not None:
            message = {"role": "user", "content": entry.text}
            return Prompt((message,), None, entry.output_tokens or None, cut=True)
        wanted, output = max(1, entry.input_tokens), entry.output_tokens or 0
        beside = MESSAGE_TOKENS + (ECHO_TOKENS + 1 + output if output else 0)
        start = START_TOKENS if not entry.blocks else 0
        echoes = bool(output) and wanted >= beside + start
        if echoes and not entry.blocks:
            return self._synthetic.of(number, wanted, output)
        text = self._text(entry, number, wanted - (beside if echoes else MESSAGE_TOKENS))
        expected = None
        if echoes:
            expected = self._synthetic.words(number * 7919, output)
            text = f"{text}\n{_ECHO.format(expected)}"  # what repeats must stand first, or no cache sees it
        return Prompt(
            ({"role": "user", "content": text},),
            expected,
            output or None,
            input_tokens=wanted,
            cut=not echoes,
        )

    def _text(self, entry: Entry, number: int, tokens: int) -> str:
        """So many tokens, by the blocks first; a block is as long as its room is, the last one shorter."""
        parts = []
        left = max(1, tokens)
        for block in entry.blocks:
            parts.append(self._synthetic.words(block * 7907, min(left, BLOCK_TOKENS)))
            left -= BLOCK_TOKENS
            if left <= 0:
                break
        if left > 0:
            if not entry.blocks:
                parts.append(f"Request {number:x}.")
                left = max(1, left - NUMBER_TOKENS)
            parts.append(self._synthetic.words(number * 7919 + 1, left))
        return " ".join(parts)


class FromFile:
    """Rows of JSON: `prompt` or `messages` or `input`, and further parameters of the request."""

    def __init__(self, path: Path) -> None:
        self._prompts = [_prompt(row) for row in json_rows(path)]
        if not self._prompts:
            raise InputError(f"{path}:1:1: no prompts")

    def __len__(self) -> int:
        return len(self._prompts)

    def __call__(self, number: int) -> Prompt:
        return self._prompts[number % len(self._prompts)]


def _prompt(row: Row) -> Prompt:
    value, where = row
    if isinstance(value, str):
        value = {"prompt": value}
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected an object or a string")
    rest = dict(value)
    messages = rest.pop("messages", None) or rest.pop("input", None)
    text = rest.pop("prompt", None) or rest.pop("text_input", None)
    if isinstance(messages, str):
        text, messages = messages, None
    if isinstance(text, str):
        messages = [{"role": "user", "content": text}]
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise InputError(f"{where}: neither prompt nor messages nor input")
    expected = rest.pop("expected", None)
    name = "output_tokens" if "output_tokens" in rest else "output_length"
    output = tokens_of(rest.pop("output_tokens", rest.pop("output_length", None)), where, name)
    for name in ("timestamp", "input_length", "hash_ids", "model", "stream"):
        rest.pop(name, None)
    return Prompt(
        tuple(messages),
        expected if isinstance(expected, str) else None,
        output or None,
        rest or None,
    )
