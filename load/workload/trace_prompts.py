"""Prompts with the lengths of a trace, and with its shared parts: blocks of text, sessions, conversations."""

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from load.workload.dialogue import Dialogue, Turn
from load.workload.prompts import (
    ECHO,
    ECHO_TOKENS,
    MESSAGE_TOKENS,
    START_TOKENS,
    Lengths,
    Prompt,
    Synthetic,
)
from load.workload.trace import Entry

BLOCK_TOKENS: Final = 512  # of a hash id
NUMBER_TOKENS: Final = 4  # of a start that is only a number
FOLLOWING: Final = 997  # between the texts of two conversations


class FromTrace:
    """Prompts with the lengths of a trace; equal block ids give equal text, so caches see the same.

    Where the answer is too long to be asked for within the prompt's length, its limit alone makes it so.
    """

    def __init__(self, trace: Sequence[Entry], seed: int) -> None:
        self._trace = trace
        self._synthetic = Synthetic(Lengths(), seed)

    def __call__(self, number: int) -> Prompt:
        return self._of(self._trace[number % len(self._trace)], number)

    def size(self, number: int) -> int:
        """How much an entry asks for, roughly in tokens, with all that its turns say again."""
        total = said = 0
        entry = self._trace[number]
        for one in (entry, *entry.later):
            said += one.input_tokens
            total += said + 6 * (one.output_tokens or 0)
        return total

    def dialogue(self, number: int) -> Dialogue | None:
        """The conversation that an entry begins, where it does."""
        entry = self._trace[number % len(self._trace)]
        if not entry.later:
            return None
        later = [
            Turn(self._of(one, number * FOLLOWING + n), one.at_s)
            for n, one in enumerate(entry.later, 1)
        ]
        return Dialogue((Turn(self(number)), *later), entry.session)

    def _of(self, entry: Entry, number: int) -> Prompt:
        if entry.text is not None:
            message = {"role": "user", "content": entry.text}
            return Prompt((message,), None, entry.output_tokens or None, cut=True)
        wanted, output = max(1, entry.input_tokens), entry.output_tokens or 0
        beside = MESSAGE_TOKENS + (ECHO_TOKENS + 1 + output if output else 0)
        own = not entry.blocks and not entry.session  # nothing that another one begins with
        echoes = bool(output) and wanted >= beside + (START_TOKENS if own else 0)
        if echoes and own:
            return self._synthetic.of(number, wanted, output)
        text = self._text(entry, number, wanted - (beside if echoes else MESSAGE_TOKENS))
        expected = None
        if echoes:
            expected = self._synthetic.words(number * 7919, output)
            text = f"{text}\n{ECHO.format(expected)}"  # what repeats must stand first, or no cache sees it
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
            if entry.session and not entry.blocks:
                # Of one session every text is cut from the same place: a longer one begins with a shorter.
                return self._synthetic.words(crc32(entry.session.encode()), left)
            if not entry.blocks:
                parts.append(f"Request {number:x}.")
                left = max(1, left - NUMBER_TOKENS)
            parts.append(self._synthetic.words(number * 7919 + 1, left))
        return " ".join(parts)
