"""Rules: pure functions from an exchange to findings, and how they say what they read.

A rule judges every exchange that its selector matches. Applicability lives in the selector alone:
a rule that runs and yields nothing holds. A rule yields `Unsure` when the model did not do what the
question needs; that is neither pass nor fail.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

from wire.exchange import Exchange

if TYPE_CHECKING:
    from conformance.judging.run import Run


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a requirement does not hold."""

    where: str
    """`status`, `header x-request-id`, `chunk 7, choices[0].delta`, …"""
    expected: str
    found: str
    event: int | None = None
    """Index of the stream event, when there is one."""
    requirement: str = ""
    """Filled in by rules that judge several requirements; else by the judge."""
    exchange: str = ""

    @property
    def message(self) -> str:
        return f"expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nothing can be said from this exchange, and why."""

    reason: str
    requirement: str = ""


Findings = Iterator[Finding | Unsure]


@dataclass(frozen=True)
class Selector:
    """Which exchanges a rule reads. `probes` are globs of probe names that bring such exchanges."""

    name: str
    matches: Callable[[Exchange], bool]
    probes: tuple[str, ...] = ()
    of_probe: bool = False
    """Matches nothing but exchanges that a probe sent: recordings need not be asked."""

    def __and__(self, other: "Selector") -> "Selector":
        """Both hold; the probes of the narrower (right) side win when it names any."""
        return Selector(
            f"{self.name} {other.name}",
            lambda x: self.matches(x) and other.matches(x),
            other.probes or self.probes,
            self.of_probe or other.of_probe,
        )

    def only(self, name: str, matches: Callable[[Exchange], bool], *probes: str) -> "Selector":
        """The selector narrowed by one more condition."""
        return self & Selector(name, matches, probes)

    def plans(self, probe: str) -> bool:
        return any(named(probe, pattern) for pattern in self.probes)


def probe(*names: str) -> Selector:
    """Exchanges of the named probes (globs), whatever came back."""
    return Selector(f"an answer to {' or '.join(names)}", lambda x: _named(x, names), names, True)


def ok_probe(*names: str) -> Selector:
    """Exchanges of the named probes that were answered with a 2xx status."""
    return Selector(
        f"a success of {' or '.join(names)}", lambda x: x.ok and _named(x, names), names, True
    )


@cache
def named(probe: str, pattern: str) -> bool:
    """Whether a glob names a probe; remembered, as every selector asks it of every exchange."""
    return fnmatchcase(probe, pattern)


def _named(exchange: Exchange, names: tuple[str, ...]) -> bool:
    probe = exchange.probe
    return probe is not None and any(named(probe, n) for n in names)


@dataclass(frozen=True)
class Rule:
    """A judging function with the requirements it settles and the exchanges it reads."""

    requirements: tuple[str, ...]
    on: Selector
    check: Callable[[Exchange], Findings]

    def judge(self, exchange: Exchange) -> Iterator[Finding | Unsure]:
        """What the rule has to say about a matching exchange, requirement and exchange filled in."""
        for said in self.check(exchange):
            name = said.requirement or self.requirements[0]
            if isinstance(said, Unsure):
                yield replace(said, requirement=name)
            else:
                yield replace(said, requirement=name, exchange=said.exchange or exchange.id)


@dataclass(frozen=True)
class RunRule:
    """A rule over several exchanges of one run and model (`Run`), or over run and profile."""

    requirements: tuple[str, ...]
    probes: tuple[str, ...]
    check: Callable[["Run"], Findings]

    def judge(self, run: "Run") -> Iterator[Finding | Unsure]:
        for said in self.check(run):
            yield replace(said, requirement=said.requirement or self.requirements[0])

    def plans(self, name: str) -> bool:
        return any(named(name, pattern) for pattern in self.probes)


def rule(*requirements: str, on: Selector) -> Callable[[Callable[[Exchange], Findings]], Rule]:
    """Make a rule of a generator function; the module's attributes are the registry."""

    def make(check: Callable[[Exchange], Findings]) -> Rule:
        return Rule(requirements, on, check)

    return make


def run_rule(
    *requirements: str, probes: tuple[str, ...]
) -> Callable[[Callable[["Run"], Findings]], RunRule]:
    """Make a rule over a whole run. It is judged only when every named probe has an exchange."""

    def make(check: Callable[["Run"], Findings]) -> RunRule:
        return RunRule(requirements, probes, check)

    return make


def show(value: Any, limit: int = 100) -> str:
    """A value as short JSON-like text for the `found` part of a finding."""
    import json

    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
