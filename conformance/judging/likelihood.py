"""Log probabilities of tokens: what cannot be true of them together, whoever the model is."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from conformance.judging.finding import Finding, Findings, show

SAME: Final = 0.02
"""Of a logarithm: numbers are rounded on their way."""
ABOVE: Final = 1.05
"""Of probabilities together, rounded."""
ENOUGH: Final = 8


def impossible(row: dict[str, Any], where: str, event: int | None = None) -> Findings:
    """One token with its `top_logprobs`: they differ, are one at most together, and agree with its own."""
    given = row.get("top_logprobs")
    others = [o for o in given if isinstance(o, dict)] if isinstance(given, list) else []
    chances = [(_key(o), o["logprob"]) for o in others if is_number(o.get("logprob"))]
    names = [name for name, _ in chances if name is not None]
    if twice := next((name for name in names if names.count(name) > 1), None):
        found = f"{show(twice[0])} {names.count(twice)} times"
        yield Finding(f"{where}.top_logprobs", "alternatives that differ", found, event)
        return
    together = sum(math.exp(min(0.0, chance)) for _, chance in chances)
    if together > ABOVE:
        said = "probabilities of one at most together"
        yield Finding(f"{where}.top_logprobs", said, f"{together:.2f}", event)
    own, key = row.get("logprob"), _key(row)
    mine = next((chance for name, chance in chances if name == key and key is not None), None)
    if mine is not None and is_number(own) and abs(mine - own) > SAME:
        said = f"{mine:.4f}, as among its alternatives"
        yield Finding(f"{where}.logprob", said, f"{own:.4f}", event)


def summed_up(where: str, chain: Sequence[float]) -> Findings:
    """The logarithms of a whole answer, token by token: sums from its start only ever fall."""
    if len(chain) >= ENOUGH and all(a > b for a, b in pairwise(chain)):
        found = f"{len(chain)} that only fall, from {chain[0]:.2f} to {chain[-1]:.2f}"
        yield Finding(where, "those of each token by itself, not their sum", found)


def is_number(value: Any) -> bool:
    """One that can be reckoned with: an integer of hundreds of digits is no logarithm."""
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**63)


def _key(token: dict[str, Any]) -> tuple[Any, ...] | None:
    """What makes a token: its text and bytes, for two tokens may look alike; None where it has no bytes."""
    given = token.get("bytes")
    return (token.get("token"), *given) if isinstance(given, list) and given else None
