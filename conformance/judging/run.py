"""The exchanges of one run as rules over several exchanges see them: by probe, for one model."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from conformance.judging.declined import declined
from conformance.judging.profile import Profile
from conformance.judging.selector import MAGIC, Selector, named
from wire.exchange import Exchange


@dataclass(frozen=True)
class Run:
    """Exchanges of one model and of no model, in the order they were sent.

    What is asked for by probe leaves out passing refusals: they do not say what the probe asks.
    """

    exchanges: tuple[Exchange, ...]
    profile: Profile
    model: str = ""

    @cached_property
    def _by_probe(self) -> dict[str, list[Exchange]]:
        table: dict[str, list[Exchange]] = {}
        for exchange in self.exchanges:
            if exchange.probe and not declined(exchange):
                table.setdefault(exchange.probe, []).append(exchange)
        return table

    def all(self, probe: str) -> list[Exchange]:
        """Every exchange of a probe (a repeated probe has several)."""
        return self._by_probe.get(probe, [])

    @cached_property
    def _named(self) -> dict[str, list[Exchange]]:
        return {}

    def named(self, pattern: str) -> list[Exchange]:
        """The exchanges of every probe that a glob names."""
        if not MAGIC.intersection(pattern):
            return self.all(pattern)
        if pattern not in self._named:
            names = [name for name in self._by_probe if named(name, pattern)]
            self._named[pattern] = [x for name in names for x in self._by_probe[name]]
        return self._named[pattern]

    def brought(self, pattern: str) -> list[Exchange]:
        """Whatever the probes that a glob names brought, passing refusals as well."""
        return [x for x in self.exchanges if x.probe and named(x.probe, pattern)]

    def one(self, probe: str) -> Exchange:
        """The exchange of a probe; the judge made sure that there is one."""
        return self._by_probe[probe][0]

    def where(self, selector: Selector) -> Iterator[Exchange]:
        """What the selector matches, in the order it was sent."""
        asked = self._within(selector.within) if selector.within else self.exchanges
        return (exchange for exchange in asked if selector.matches(exchange))

    def _within(self, globs: tuple[str, ...]) -> list[Exchange]:
        """The exchanges of the probes that these globs name: of a thousand rules each reads but a few."""
        places = [
            place
            for name, sent in self._places.items()
            if any(named(name, glob) for glob in globs)
            for place in sent
        ]
        return [self.exchanges[place] for place in sorted(places)]

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        """Where the exchanges of each probe stand."""
        table: dict[str, list[int]] = {}
        for place, exchange in enumerate(self.exchanges):
            table.setdefault(exchange.probe or "", []).append(place)
        return table


class Noting(Run):
    """A run that notes which exchanges a rule was given."""

    def __init__(self, run: Run) -> None:
        vars(self).update(_run=run, profile=run.profile, model=run.model, read={})

    def _noted(self, exchanges: Iterable[Exchange]) -> list[Exchange]:
        given = list(exchanges)
        vars(self)["read"].update((x.id, x) for x in given)
        return given

    @property
    def noted(self) -> tuple[Exchange, ...]:
        """What was given so far."""
        return tuple(vars(self)["read"].values())

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        return tuple(self._noted(self._inner.exchanges))

    @property
    def _inner(self) -> Run:
        run: Run = vars(self)["_run"]
        return run

    def all(self, probe: str) -> list[Exchange]:
        return self._noted(self._inner.all(probe))

    def named(self, pattern: str) -> list[Exchange]:
        return self._noted(self._inner.named(pattern))

    def brought(self, pattern: str) -> list[Exchange]:
        return self._noted(self._inner.brought(pattern))

    def one(self, probe: str) -> Exchange:
        return self._noted([self._inner.one(probe)])[0]

    def where(self, selector: Selector) -> Iterator[Exchange]:
        for exchange in self._inner.where(selector):
            self._noted([exchange])
            yield exchange


def for_model(exchanges: Iterable[Exchange], profile: Profile, model: str) -> Run:
    """The run as seen for `model`; the empty model sees only exchanges of no model."""
    mine = tuple(x for x in exchanges if not x.model or x.model == model)
    return Run(mine, profile, model)
