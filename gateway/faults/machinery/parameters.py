"""Faults about parameters, for any endpoint: what is wrong in a request is taken, as if it were not there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from gateway.faults.machinery.fault import Family, Fault
from gateway.faults.machinery.forgiveness import refused_for, repaired
from gateway.faults.machinery.request_edits import with_param
from gateway.faults.machinery.selection import When, both

TYPE: Final = "^invalid_type$"
BOUNDS: Final = "^(?!invalid_type$|unknown_parameter$|missing).*"
"""Codes of refusals that are about the value itself."""
WITHIN: Final = r"([.\[].*)?"
"""Whatever stands within a parameter."""


@dataclass(frozen=True)
class Parameters:
    """The makers of an endpoint's faults."""

    prefix: str
    """What the names of the faults begin with."""
    joint: str
    """What stands in a name between a parameter and what is wrong with it."""
    requests: When
    streams: When

    def fault(
        self, name: str, says: str, family: Family, when: When | None = None, *, breaks: tuple[str, ...] = (), **how: Any
    ) -> Fault:  # fmt: skip
        named = tuple(f"{self.prefix}{row}" for row in breaks)
        return Fault(f"{self.prefix}{name}", named, says, family, when=when or self.requests, **how)

    def taken(
        self, name: str, param: str, code: str, message: str, left_out: str, *, breaks: tuple[str, ...] = ()
    ) -> Fault:  # fmt: skip
        """A refusal that is not given: of this param, with a word of its code and of its message."""
        return self.fault(
            f"{name}-taken", f"What {name} is about is not checked.", Family.PARAMETER,
            both(self.requests, refused_for(param, code=code, message=message)),
            breaks=breaks, request=repaired(*left_out.split()),
        )  # fmt: skip

    def unchecked(
        self, words: Iterable[str], within: Callable[[str], str], bounds: str = BOUNDS, message: str = ""
    ) -> list[Fault]:  # fmt: skip
        """Type and bounds of parameters are not checked; `:` before those that have only a type."""
        made = []
        for word in words:
            name = word.removeprefix(":")
            place = name + within(name)
            made.append(self.taken(self._of(name, "type"), place, TYPE, "", name))
            if not word.startswith(":"):
                made.append(self.taken(self._of(name, "bounds"), place, bounds, message, name))
        return made

    def unchecked_in_streams(self, name: str) -> Fault:
        return self.fault(
            self._of(name, "unchecked-in-streams"), f"Streams do not check {name}.", Family.PARAMETER,
            both(self.streams, refused_for(name + WITHIN)), request=repaired(name),
        )  # fmt: skip

    def booleans_as_numbers(self, name: str, number: int = 1) -> Fault:
        return self.fault(
            self._of(name, "true-as-one"), f"{name} true is read as {number}.", Family.PARAMETER,
            both(self.requests, lambda request: request.params.get(name) is True),
            request=with_param(name, number),
        )  # fmt: skip

    def _of(self, name: str, what: str) -> str:
        return f"{name.replace('_', '-')}{self.joint}{what}"
