"""Notes of exchanges that no probe brought, for rules that judge many answers together."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.judging.area import Catalogue
from conformance.judging.finding import Finding, Unsure
from conformance.judging.profile import Profile
from conformance.judging.requirement import Requirement
from conformance.judging.rule import RunRule
from conformance.offline.tally import Tally
from wire.exchange import Exchange, NotRecordedError

MOST = 20_000  # notes of one group: more of them would say the same
HELD = 5


@dataclass
class Notes:
    """Notes by group, taken while files are read and judged at the end."""

    catalogue: Catalogue
    requirements: tuple[Requirement, ...]
    _groups: dict[tuple[int, str], list[Any]] = field(default_factory=dict)
    _held: dict[str, list[tuple[Exchange, str]]] = field(default_factory=dict)
    """The first notable exchanges of each group with their places: evidence, should it come to that."""

    _broken: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = {row.id for row in self.requirements}
        rules = (rule for rule in self.catalogue.rules if isinstance(rule, RunRule) and rule.series)
        self._rules = [rule for rule in rules if not names.isdisjoint(rule.requirements)]
        # Rules share how they note: each exchange is noted once.
        self._ways = {id(rule.series.note): rule.series for rule in self._rules if rule.series}

    def take(self, x: Exchange, profile: Profile, place: str) -> None:
        """Note an exchange."""
        for way, series in self._ways.items():
            try:
                note = series.note(x, profile)
            except NotRecordedError:
                continue  # what it asks was left out by the recorder
            except Exception as error:  # noqa: BLE001 - the target must not pay for our mistakes
                self._broken[way] = f"the rule broke at {place}: {type(error).__name__}: {error}"
                continue
            if note is None:
                continue
            name = f"{profile.name} {series.group(note)}"
            group = self._groups.setdefault((way, name), [])
            if len(group) < MOST:
                group.append(note)
            held = self._held.setdefault(name, [])
            if len(held) < HELD and series.notable(note):
                held.append((x, place))

    def evidence(self, name: str) -> tuple[Exchange, str] | None:
        """An exchange that a finding points at, with its place, if it was held."""
        every = (pair for held in self._held.values() for pair in held)
        return next((pair for pair in every if pair[0].id == name), None)

    def tallies(self, clean: Callable[[Finding | Unsure], Finding | Unsure]) -> Iterator[Tally]:
        """One tally a requirement and group; a rule that crashes is an error of the suite."""
        rows = {row.id: row for row in self.requirements}
        for rule in self._rules:
            for row in (rows[name] for name in rule.requirements if name in rows):
                if rule.series and (error := self._broken.get(id(rule.series.note))):
                    yield Tally(row, "", error=error)
                for (way, _), notes in self._groups.items():
                    if rule.series and way == id(rule.series.note):
                        yield self._tally(rule, row, notes, clean)

    def _tally(
        self,
        rule: RunRule,
        row: Requirement,
        notes: Iterable[Any],
        clean: Callable[[Finding | Unsure], Finding | Unsure],
    ) -> Tally:
        tally = Tally(row, "")
        notes = list(notes)
        assert rule.series is not None
        try:
            said = [clean(word) for word in rule.series.conclude(notes)]
        except Exception as error:  # noqa: BLE001 - the target must not pay for our mistakes
            tally.error = f"the rule broke: {type(error).__name__}: {error}"
            return tally
        findings = [word for word in said if isinstance(word, Finding)]
        tally.judged = len(notes)
        tally.findings = len(findings)
        tally.guilty = len({finding.exchange for finding in findings})
        tally.shown = [
            (f, pair[1] if (pair := self.evidence(f.exchange)) else "") for f in findings
        ]
        if said and not findings:
            tally.unsure = len(notes)
            tally.reason = next(word.reason for word in said if isinstance(word, Unsure))
        return tally
