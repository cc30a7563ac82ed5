"""A text that servers like to tidy up: whatever they make of it costs another number of tokens."""

from typing import Final

from conformance.judging.profile import Profile
from wire.tokens.vocabulary import CARRIED

START, END = " \n\t \t \t \n\t", "\n\t \t \t \t \t \t \n \n"
"""What stands at the ends of a text is part of it, and each of these costs tokens of its own."""
WILD: Final = (
    ";\r\n\n\n  \t\n1 ;\t\r\n\t  \r\n1 \u200bcafe\u0301 \u00e9 \ufb01n 1\u2003m 2\u00a0m\ufeff so\u00adft  "
    "\x07\x07 \x1b[1mok\x1b[0m it\u2019s &amp;lt; <b>C:\\n \U0001f680"
)
"""Line ends of two systems, tabs, runs of spaces, marks that stand for themselves, signs without width, rare
spaces, signs and colours of a terminal, entities: whatever a server makes of them costs another number of tokens."""
SPARSE: Final = f"{' ' * 1270}:\n"
"""1,272 characters that cost about twelve tokens: a nearly empty line of a table."""


def framed(text: str, times: int = 1) -> str:
    """A text with the wild one behind it, and with white space at both of its ends."""
    return f"{START * times}{text}{WILD * times}{END}"


def cheap(profile: Profile, model: str) -> bool:
    """Whether a model counts with a vocabulary at hand, for which nearly empty lines are known to be cheap."""
    sold = profile.sells(model)
    return sold is not None and sold.tokenizer in CARRIED
