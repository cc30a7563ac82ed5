"""What a model was seen to be able to do: a model that cannot is no proof of a server that did not pass on.

Small models say "unknown" to anything. Before such an answer is held against a server, the answers of the
same run must show that the model mostly does what the question needs.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from wire.exchange import Exchange

CODE_WORD: Final = "to name a code word that it was told"
MOSTLY: Final = 0.5  # of the answers
_TOLD: Final = re.compile(rb"The code word is ([A-Z]+-\d+)")


def _names_code_word(x: Exchange) -> bool | None:
    """Whether an answer does it; None for an exchange that does not ask for it."""
    if not x.ok or x.request.method != "POST" or not x.request.body_recorded:
        return None
    words = _TOLD.findall(x.request.body)
    return any(word in x.reply.body for word in words) if words else None


_DOES: Final[Mapping[str, Callable[[Exchange], bool | None]]] = {CODE_WORD: _names_code_word}


def shown(ability: str, exchanges: Iterable[Exchange]) -> bool:
    """Whether the answers that ask for it mostly show it."""
    asked = [did for x in exchanges if (did := _DOES[ability](x)) is not None]
    return bool(asked) and sum(asked) > MOSTLY * len(asked)
