"""Rules: pure functions from an exchange to findings, and how they say what they read.

A rule judges every exchange that its selector matches. Applicability lives in the selector alone:
a rule that runs and yields nothing holds. A rule yields `Unsure` when the model did not do what the
question needs; that is neither pass nor fail.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from conformance.judging.finding import Finding, Findings, Unsure
from conformance.judging.run import Run
from conformance.judging.selector import Selector, named
from wire.exchange import Exchange


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
    check: Callable[[Run], Findings]

    def judge(self, run: Run) -> Iterator[Finding | Unsure]:
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
) -> Callable[[Callable[[Run], Findings]], RunRule]:
    """Make a rule over a whole run. It is judged only when every named probe has an exchange."""

    def make(check: Callable[[Run], Findings]) -> RunRule:
        return RunRule(requirements, probes, check)

    return make
