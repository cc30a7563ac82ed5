"""Log probabilities of a fixed prompt: how likely a model held its first words, on two nights.

A model is not quite the same to itself, so each night asks twice: the difference of the two answers
is the noise, and only what is clearly more is held to be another model.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from math import log
from typing import Any, Final

from conformance.authenticity.probes import LOGPROBS
from conformance.authenticity.said import logprobs_of
from wire.exchange import Exchange

LEAST: Final = 0.1  # nats on average; batches and hardware move less
TIMES: Final = 4.0  # so many times the noise
TOKENS: Final = 3
SURE: Final = log(0.9)
Likely = Sequence[tuple[str, float]]


def measured(exchanges: Iterable[Exchange]) -> dict[str, Any] | None:
    """`tokens` with their log probabilities, and the `noise` between two answers; None without two."""
    answers = [found for x in exchanges if x.probe == LOGPROBS.name and x.ok and (found := _of(x))]
    if len(answers) < 2:
        return None
    noise = _distance(answers[0], answers[1])
    if noise is None:
        return None
    return {"tokens": [list(pair) for pair in answers[0]], "noise": round(noise, 4)}


def difference(now: object, then: object) -> str:
    """How two nights differ, in words; empty where they do not, or where that cannot be said."""
    mine, others = _read(now), _read(then)
    if mine is None or others is None:
        return ""
    tokens, noise = mine
    earlier, earlier_noise = others
    floor = max(noise, earlier_noise)
    apart = _distance(tokens, earlier)
    if apart is not None and apart > max(LEAST, TIMES * floor):
        return (
            f"its log probabilities of a fixed prompt are {apart:.2f} off (to itself {floor:.2f})"
        )
    at = _common(tokens, earlier)
    if at < min(len(tokens), len(earlier)) and earlier[at][1] > SURE and tokens[at][1] > SURE:
        return f"it continues a fixed prompt with {tokens[at][0]!r}, then with {earlier[at][0]!r}, each time sure"
    return ""


def _common(one: Likely, two: Likely) -> int:
    pairs = zip(one, two, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0][0] == pair[1][0], pairs))


def _distance(one: Likely, two: Likely) -> float | None:
    """The mean difference over the tokens that both begin with; None for fewer than three."""
    size = _common(one, two)
    if size < TOKENS:
        return None
    return sum(abs(a[1] - b[1]) for a, b in zip(one[:size], two[:size], strict=True)) / size


def _of(x: Exchange) -> list[tuple[str, float]]:
    return [
        (row["token"], round(float(row["logprob"]), 4))
        for row in logprobs_of(x)[:20]
        if isinstance(row.get("token"), str) and type(row.get("logprob")) in (int, float)
    ]


def _read(value: object) -> tuple[list[tuple[str, float]], float] | None:
    """What a run document says, which somebody may have edited."""
    if not isinstance(value, Mapping) or type(value.get("noise")) not in (int, float):
        return None
    rows = value.get("tokens")
    pairs = [
        (row[0], float(row[1]))
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, list)
        and len(row) == 2
        and isinstance(row[0], str)
        and type(row[1]) in (int, float)
    ]
    return pairs, float(value["noise"])
