"""Ends the sending at the first failures, as `pytest -x` and `--maxfail` want it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from conformance.judging.area import Catalogue
from conformance.judging.finding import Finding
from conformance.judging.profile import Profile
from conformance.judging.requirement import Level
from conformance.judging.rule import Rule
from wire.exchange import Exchange


@dataclass
class FirstFailures:
    """Judges each exchange as it comes, by the rules over one exchange, until enough failed."""

    catalogue: Catalogue
    profile: Profile
    requirements: Iterable[str]
    most: int
    fail_on_should: bool = False
    failed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        rows = self.catalogue.requirements
        known = {entry.requirement for entry in self.profile.known}
        self._counts = {
            name
            for name in self.requirements
            if self.profile.claims_feature(rows[name].feature)
            and name not in known
            and (rows[name].level is Level.MUST or self.fail_on_should)
        }
        self._rules = [
            rule
            for rule in self.catalogue.rules
            if isinstance(rule, Rule) and self._counts & set(rule.requirements)
        ]

    def enough(self) -> bool:
        return bool(self.most) and len(self.failed) >= self.most

    def see(self, exchange: Exchange) -> None:
        """Judge one exchange; a rule that breaks is told when the judge asks it again."""
        for rule in self._rules if self.most else ():
            try:
                words = list(rule.judge(exchange)) if rule.on.matches(exchange) else []
            except Exception:  # noqa: BLE001, S112 - the judge tells it
                continue
            found = {word.requirement for word in words if isinstance(word, Finding)}
            self.failed |= found & self._counts
