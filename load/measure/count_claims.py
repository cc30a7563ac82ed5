"""`python -m load.measure.count_claims MODEL`: how many tokens answers must have cost, in a process of its own.

Says first which vocabulary fits the model, then answers each line, a list of answers, with the least and the most of
each: the tokens of its text and what was measured beside such a text (`wire.tokens`); null where nothing is known.
"""

import json
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from wire.endpoint import Endpoint
from wire.tokens.family import Family, family_of


def serve(model: str, lines: Iterable[str], out: TextIO) -> None:
    """An answer is `[text, endpoint, declared reasoning tokens, cut, tools, schema]`."""
    family = family_of(model)
    print(json.dumps(family.vocabulary_name if family else ""), file=out, flush=True)
    if family is None:
        return
    for line in lines:
        print(json.dumps([_bounds(family, *one) for one in json.loads(line)]), file=out, flush=True)


def _bounds(
    family: Family, text: str, endpoint: str, reasoning: int, cut: bool, tools: bool, schema: bool
) -> tuple[int, int] | None:
    constants: Any = family.endpoints.get(Endpoint(endpoint))
    over = constants.overhead(reasoning=reasoning > 0, tools=tools, schema=schema) if constants else None  # fmt: skip
    if over is None:
        return None
    tokens = family.vocabulary.count(text) + reasoning
    # An answer that was cut lacks the tokens that end it, and some of its last character.
    return tokens + (-1 if cut else over.low), tokens + over.high


if __name__ == "__main__":
    serve(sys.argv[1], sys.stdin, sys.stdout)
