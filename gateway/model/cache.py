"""The prompt cache: how many tokens of a prompt were seen before with the same beginning."""

import hashlib
from collections import OrderedDict
from typing import Final

from gateway.model import tokens
from gateway.model.answer import Conversation, Generation

STEP: Final = 128
LEAST: Final = 1024
_ENTRIES: Final = 20_000


class PromptCache:
    """Remembers the hash of every prefix in steps of 128 tokens, the oldest are forgotten first."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def cached(self, owner: str, conversation: Conversation, asked: Generation, prompt: int) -> int:
        """Tokens of this prompt that an earlier one shares; remembers the prompt."""
        if prompt < LEAST:
            return 0
        hits = 0
        unbroken = True
        for number, digest in enumerate(_prefixes(owner, conversation, asked), start=1):
            unbroken = unbroken and digest in self._seen
            if unbroken:
                hits = number * STEP
            self._seen[digest] = None
            self._seen.move_to_end(digest)
        while len(self._seen) > _ENTRIES:
            self._seen.popitem(last=False)
        hits = min(hits, (prompt - 1) // STEP * STEP)
        return hits if hits >= LEAST else 0


def _prefixes(owner: str, conversation: Conversation, asked: Generation) -> list[bytes]:
    running = hashlib.blake2b(digest_size=16)
    tools = repr([(tool.name, tool.parameters) for tool in asked.tools])
    running.update(f"{owner}\0{asked.model}\0{asked.cache_key}\0{tools}".encode())
    words: list[str] = []
    for turn in conversation.turns:
        words += [f"\0{turn.role}\0", *tokens.tokenize(turn.text)]
    found: list[bytes] = []
    for start in range(0, len(words) - STEP + 1, STEP):
        running.update("".join(words[start : start + STEP]).encode("utf-8", "surrogatepass"))
        found.append(running.digest())
    return found
