"""Selectors: which exchanges a rule reads, and which probes bring such exchanges."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import translate
from functools import cache
from typing import Final

from conformance.judging.declined import declined
from wire.exchange import Exchange

MAGIC: Final = frozenset("*?[")
"""What makes a glob of a name."""


@dataclass(frozen=True)
class Selector:
    """Which exchanges a rule reads. `probes` are globs of probe names that bring such exchanges."""

    name: str
    matches: Callable[[Exchange], bool]
    probes: tuple[str, ...] = ()
    of_probe: bool = False
    """Matches nothing but exchanges that a probe sent: recordings need not be asked."""
    within: tuple[str, ...] = ()
    """Globs of the only probes whose exchanges can match, where these are known."""

    def __and__(self, other: "Selector") -> "Selector":
        """Both hold; the probes of the narrower (right) side win when it names any."""
        return Selector(
            f"{self.name} {other.name}",
            lambda x: self.matches(x) and other.matches(x),
            other.probes or self.probes,
            self.of_probe or other.of_probe,
            other.within or self.within,
        )

    def only(self, name: str, matches: Callable[[Exchange], bool], *probes: str) -> "Selector":
        """The selector narrowed by one more condition."""
        return self & Selector(name, matches, probes)

    def plans(self, probe: str) -> bool:
        return any(named(probe, pattern) for pattern in self.probes)


def probe(*names: str) -> Selector:
    """Exchanges of the named probes (globs), whatever came back but a passing refusal."""
    return Selector(
        f"an answer to {' or '.join(names)}",
        lambda x: _named(x, names) and not declined(x),
        names,
        of_probe=True,
        within=names,
    )


def ok_probe(*names: str) -> Selector:
    """Exchanges of the named probes that were answered with a 2xx status."""
    return Selector(
        f"a success of {' or '.join(names)}",
        lambda x: x.ok and _named(x, names),
        names,
        of_probe=True,
        within=names,
    )


def named(probe: str, pattern: str) -> bool:
    """Whether a glob names a probe."""
    glob = _glob(pattern)
    return probe == pattern if glob is None else glob.match(probe) is not None


@cache
def _glob(pattern: str) -> re.Pattern[str] | None:
    """What a glob matches; None for a plain name, as most of a thousand are."""
    return re.compile(translate(pattern)) if MAGIC.intersection(pattern) else None


def _named(exchange: Exchange, names: tuple[str, ...]) -> bool:
    probe = exchange.probe
    return probe is not None and any(named(probe, n) for n in names)
