"""What is asked: texts of a wanted length whose faithful answer is known, lines of a file, or a trace.

A synthetic prompt asks to repeat a text, so that the answer's length is under control and every delta
can be compared with what was asked for. Each starts with words of its own, so that no cache of
prefixes helps, unless a shared prefix is asked for.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

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
_LONG: Final = 1 << 14  # words of the text that all prompts are cut from


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages to send, the answer of a faithful model if known, and how long it shall be."""

    messages: tuple[dict[str, Any], ...]
    expected: str | None = None
    output_tokens: int | None = None
    extra: dict[str, Any] | None = None  # further parameters of the request


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

    def of(self, number: int, input_tokens: int, output_tokens: int, filler: str = "") -> Prompt:
        """A prompt of about these lengths that no other has as its start."""
        place = (number * 7919 + self.seed) % _LONG
        expected = self.words(place, output_tokens)
        room = max(0, input_tokens - output_tokens - 20)
        begin = self._prefix or f"Request {self.seed:x}-{number:x}."
        if not filler and room:
            filler = self.words(place + output_tokens, room)
        text = f"{begin} {filler}\n{_ECHO.format(expected)}"
        return Prompt(({"role": "user", "content": text},), expected, output_tokens)

    def _length(self, source: random.Random, mean: float) -> float:
        if not self.lengths.spread:
            return mean
        import math

        sigma = math.sqrt(math.log(1 + self.lengths.spread**2))
        return mean * source.lognormvariate(-sigma * sigma / 2, sigma)


class FromTrace:
    """Prompts with the lengths of a trace; equal block ids give equal text, so caches see the same."""

    def __init__(self, trace: Sequence[Entry], seed: int) -> None:
        self._trace = trace
        self._synthetic = Synthetic(Lengths(), seed)

    def __call__(self, number: int) -> Prompt:
        entry = self._trace[number % len(self._trace)]
        blocks = " ".join(
            self._synthetic.words(block * 7907, BLOCK_TOKENS) for block in entry.blocks
        )
        prompt = self._synthetic.of(number, entry.input_tokens, entry.output_tokens, blocks)
        if not blocks:
            return prompt
        # What repeats must stand first, or no cache sees it.
        text = f"{blocks}\n{_ECHO.format(prompt.expected)}"
        return Prompt(({"role": "user", "content": text},), prompt.expected, prompt.output_tokens)


class FromFile:
    """Lines of JSON: `prompt` or `messages` or `input`, and further parameters of the request."""

    def __init__(self, path: Path) -> None:
        self._prompts = [
            _line(json.loads(line), path, number)
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if line.strip()
        ]
        if not self._prompts:
            raise ValueError(f"{path}: no prompts")

    def __len__(self) -> int:
        return len(self._prompts)

    def __call__(self, number: int) -> Prompt:
        return self._prompts[number % len(self._prompts)]


def _line(value: Any, path: Path, number: int) -> Prompt:
    if isinstance(value, str):
        value = {"prompt": value}
    if not isinstance(value, dict):
        raise ValueError(f"{path}:{number}: expected an object or a string")  # noqa: TRY004
    rest = dict(value)
    messages = rest.pop("messages", None) or rest.pop("input", None)
    text = rest.pop("prompt", None) or rest.pop("text_input", None)
    if isinstance(messages, str):
        text, messages = messages, None
    if isinstance(text, str):
        messages = [{"role": "user", "content": text}]
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise ValueError(f"{path}:{number}: neither prompt nor messages nor input")
    expected = rest.pop("expected", None)
    output = rest.pop("output_tokens", rest.pop("output_length", None))
    for name in ("timestamp", "input_length", "hash_ids", "model", "stream"):
        rest.pop(name, None)
    return Prompt(
        tuple(messages),
        expected if isinstance(expected, str) else None,
        output if isinstance(output, int) else None,
        rest or None,
    )
