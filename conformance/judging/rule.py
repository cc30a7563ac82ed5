"""Rules: pure functions from an exchange to findings, and how they say what they read.

A rule judges every exchange that its selector matches. Applicability lives in the selector alone: a
rule that runs on an answer of the kind it speaks of and yields nothing holds. A rule yields `Unsure`
when the model did not do what the question needs; that is neither pass nor fail.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.profile import Profile
from conformance.judging.route import Silence
from conformance.judging.run import Run
from conformance.judging.selector import Selector, named
from conformance.judging.substance import says_something
from wire.exchange import Exchange


@dataclass(frozen=True)
class Rule:
    """A judging function with the requirements it settles and the exchanges it reads."""

    requirements: tuple[str, ...]
    on: Selector
    check: Callable[[Exchange], Findings]
    silence: frozenset[Silence] = frozenset()
    """Reads also what routes answer that are silent so (`judging/route.py`), which is its question."""
    sees: Callable[[Exchange, str], bool] = says_something
    """Whether an exchange has what the sentence of a requirement speaks of: else it settles nothing."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Globs of the probes that bring what it reads."""
        return self.on.probes

    def plans(self, name: str) -> bool:
        """Whether the rule reads what the probe of this name brings."""
        return self.on.plans(name)

    def judge(self, exchange: Exchange) -> Iterator[Finding | Unsure]:
        """What the rule has to say about a matching exchange, requirement and exchange filled in."""
        for said in self.check(exchange):
            name = said.requirement or self.requirements[0]
            if isinstance(said, Unsure):
                yield replace(said, requirement=name)
            else:
                yield replace(said, requirement=name, exchange=said.exchange or exchange.id)


@dataclass(frozen=True)
class Series:
    """What a rule over many answers keeps of each, so that it can judge recordings of any length."""

    note: Callable[[Exchange, Profile], Any]
    """A small note of one exchange; None when the rule has no use for it."""
    group: Callable[[Any], str]
    """Notes of one group are judged together: those of one model."""
    notable: Callable[[Any], bool]
    """Whether the exchange is worth to be kept as evidence."""
    conclude: Callable[[Sequence[Any]], Findings]


@dataclass(frozen=True)
class RunRule:
    """A rule over several exchanges of one run and model (`Run`), or over run and profile."""

    requirements: tuple[str, ...]
    probes: tuple[str, ...]
    check: Callable[[Run], Findings]
    silence: frozenset[Silence] = frozenset()
    sees: Callable[[Exchange, str], bool] = says_something
    series: Series | None = None
    """For rules that can judge answers which no probe brought."""

    def judge(self, run: Run) -> Iterator[Finding | Unsure]:
        for said in self.check(run):
            yield replace(said, requirement=said.requirement or self.requirements[0])

    def brought(self, run: Run) -> list[list[Exchange]]:
        """What each of its probes brought; passing refusals count where they are its question."""
        if Silence.BUSY in self.silence:
            return [run.brought(pattern) for pattern in self.probes]
        return [run.named(pattern) for pattern in self.probes]

    @property
    def reads(self) -> tuple[str, ...]:
        return self.probes

    def plans(self, name: str) -> bool:
        return any(named(name, pattern) for pattern in self.probes)


def rule(
    *requirements: str,
    on: Selector,
    silence: Iterable[Silence] = (),
    sees: Callable[[Exchange, str], bool] = says_something,
) -> Callable[[Callable[[Exchange], Findings]], Rule]:
    """Make a rule of a generator function; the module's attributes are the registry."""

    def make(check: Callable[[Exchange], Findings]) -> Rule:
        return Rule(requirements, on, check, frozenset(silence), sees)

    return make


def run_rule(
    *requirements: str,
    probes: tuple[str, ...],
    silence: Iterable[Silence] = (),
    sees: Callable[[Exchange, str], bool] = says_something,
) -> Callable[[Callable[[Run], Findings]], RunRule]:
    """Make a rule over a whole run. It is judged only when every named probe has an exchange."""

    def make(check: Callable[[Run], Findings]) -> RunRule:
        return RunRule(requirements, probes, check, frozenset(silence), sees)

    return make
