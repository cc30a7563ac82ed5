"""A key that does not print: who wants its characters says so."""

from typing import Final

SHOWN: Final = "[secret]"


class Secret(str):
    """A string whose repr, str and format are no longer than a word. Equality and hash are the string's.

    Lists, dicts and dataclasses that hold one print without it; so do f-strings and the locals of a
    crash. `reveal` gives the characters, for the one header that carries them and for the redactor.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return SHOWN

    def __str__(self) -> str:
        return SHOWN

    def __format__(self, _: str) -> str:
        return SHOWN

    def reveal(self) -> str:
        """The characters, as a string that prints."""
        return "".join(self)


def revealed(text: str) -> str:
    """The characters of a string, be it secret or not."""
    return text.reveal() if isinstance(text, Secret) else text
