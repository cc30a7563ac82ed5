"""Log probabilities for the scripted model's tokens: made up, but always the same and plausible."""

import zlib
from typing import Any

from gateway.model.tokens import tokenize


def logprobs(text: str, top: int, *, most: int | None = None) -> list[dict[str, Any]]:
    """One entry a token of `text`, each with the `top` likeliest alternatives."""
    return [_entry(token, top) for token in tokenize(text)[:most]]


def _entry(token: str, top: int) -> dict[str, Any]:
    chance = -0.2 - (zlib.crc32(token.encode()) % 1000) / 10_000  # the rivals have their share
    rivals = [token, *(f"{token.strip()}{'~' * rank}" for rank in range(1, top))][:top]
    ranked = [_named(rival, chance - 2.5 * rank) for rank, rival in enumerate(rivals)]
    return {**_named(token, chance), "top_logprobs": ranked}


def _named(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
