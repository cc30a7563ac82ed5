"""`python -m load.measure.count_tokens MODEL`: counts tokens for a load run, in a process of its own.

A vocabulary takes half a second and 80 MB to read: that must not happen inside of a client that stamps
what it receives. Says first whether one fits the model, then answers each line of texts with their counts.
"""

import json
import sys
from collections.abc import Iterable
from typing import TextIO

from wire.tokens.family import family_of


def serve(model: str, lines: Iterable[str], out: TextIO) -> None:
    """Lines of JSON in and out: `["a text", …]`, `[2, …]`."""
    family = family_of(model)
    print(json.dumps(family.vocabulary_name if family else ""), file=out, flush=True)
    if family is None:
        return
    for line in lines:
        print(
            json.dumps([family.vocabulary.count(text) for text in json.loads(line)]),
            file=out,
            flush=True,
        )


if __name__ == "__main__":
    serve(sys.argv[1], sys.stdin, sys.stdout)
