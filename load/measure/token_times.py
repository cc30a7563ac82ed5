"""Time per output token of one stream, and whether it was streamed at all."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from load.transport.request import Arrival

LEAST_TOKENS: Final = 0.5  # behind the first content, below which there is no time per token
BURST_CHUNKS: Final = 4
BURST_NS: Final = 1_000_000
BURST_CHUNK_NS: Final = 50_000  # 20,000 contents a second of one stream: nothing writes so fast


def burst(stamps: Sequence[int]) -> bool:
    """Whether a stream came all at once: something between kept it back, or it was never streamed."""
    n = len(stamps)
    return n >= BURST_CHUNKS and stamps[-1] - stamps[0] < max(BURST_NS, n * BURST_CHUNK_NS)


def tokens_after_first(arrival: Arrival, tokens: int) -> float:
    """Tokens that came behind the first moment: what came with it took no time that could be measured.

    What was thought before and never streamed is no part of either.
    """
    reader = arrival.reader
    stamps, texts = reader.stamps, reader.texts
    hidden = arrival.usage.reasoning_tokens or 0 if arrival.usage else 0
    if hidden < tokens and reader.visible_ns == stamps[0]:
        tokens -= hidden
    at_once = bisect_right(stamps, stamps[0])
    if len(texts) == len(stamps):
        whole = len("".join(texts))  # in C, several times as fast as a sum
        share = len("".join(texts[:at_once])) / whole if whole else 1.0
    else:
        share = at_once / len(stamps)
    return tokens * (1 - share)


def time_per_token_us(arrival: Arrival, tokens: int) -> int | None:
    """From the first content to the last; None of one token, and of what came all at once."""
    stamps = arrival.reader.stamps
    if (
        tokens == 1
        or burst(stamps)
        or (later := tokens_after_first(arrival, tokens)) < LEAST_TOKENS
    ):
        return None
    return int((stamps[-1] - stamps[0]) / later) // 1000
