"""What a model was seen to be able to do: a model that cannot is no proof of a server that did not pass on.

Small models say "unknown" to anything. Before such an answer is held against a server, one answer of the
same run must show that the model does what the question needs.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from wire.exchange import Exchange

CODE_WORD: Final = "to name a code word that it was told"
_TOLD: Final = re.compile(rb"The code word is ([A-Z]+-\d+)")


def _names_code_word(x: Exchange) -> bool:
    if not x.ok or x.request.method != "POST" or not x.request.body_recorded:
        return False
    return any(word in x.reply.body for word in _TOLD.findall(x.request.body))


_SHOWN: Final[Mapping[str, Callable[[Exchange], bool]]] = {CODE_WORD: _names_code_word}


def shown(ability: str, exchanges: Iterable[Exchange]) -> bool:
    """Whether any answer shows it."""
    return any(_SHOWN[ability](x) for x in exchanges)
