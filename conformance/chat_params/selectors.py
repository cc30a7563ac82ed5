"""Kinds of chat exchanges that rules about honoured parameters read."""

from typing import Final

from conformance.chat import selectors
from conformance.judging.selector import Selector
from wire.exchange import Exchange

BROKEN: Final = ("chat_params.refuse.", "chat_params.hostile.")


def whole(x: Exchange) -> bool:
    """Not one of the requests that ought to be refused: what they bring is judged as such."""
    return not (x.probe or "").startswith(BROKEN)


SUCCESS: Final[Selector] = selectors.SUCCESS.only("of a valid request", whole)
STREAM: Final[Selector] = selectors.STREAM.only("of a valid request", whole)
