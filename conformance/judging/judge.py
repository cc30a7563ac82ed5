"""The judge: rules over exchanges, made into one result a requirement and model."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from conformance.judging import ability
from conformance.judging.area import Catalogue
from conformance.judging.declined import declined
from conformance.judging.finding import Finding, Unsure, varied
from conformance.judging.level import levelled
from conformance.judging.profile import Profile
from conformance.judging.requirement import Level, Requirement
from conformance.judging.route import Routes, Silence, routes
from conformance.judging.rule import Rule, RunRule
from conformance.judging.run import Noting, Run, for_model
from wire.exchange import Exchange

MAX_FINDINGS = 20


class Outcome(StrEnum):
    """The verdict words; see DESIGN for what each means and whether it counts."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    FAIL = "fail"
    ADVISORY = "advisory"
    NOT_CLAIMED = "not-claimed"
    INCONCLUSIVE = "inconclusive"
    NOT_OFFERED = "not-offered"
    BLOCKED = "blocked"
    ERROR = "error"


@dataclass(frozen=True)
class Result:
    """The verdict on one requirement for one model (empty for none)."""

    requirement: Requirement
    model: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    exchanges: tuple[str, ...] = ()
    """Ids of the exchanges that were judged, those with findings first."""
    probe: str = ""


_Said = tuple[Iterable[Exchange], Iterable[Exchange], Iterable[Finding | Unsure]]
"""The exchanges that stand for a judgement, those that were read for it, and its words."""


@dataclass(frozen=True)
class Reading:
    """One application of a rule, as far as one requirement is concerned."""

    exchanges: tuple[Exchange, ...]
    seen: frozenset[str]
    """Ids of those that have what the requirement speaks of."""
    words: tuple[Finding | Unsure, ...]


@dataclass
class Judge:
    """Judges the exchanges of a run. Each rule reads each exchange once, whoever asks."""

    catalogue: Catalogue
    profile: Profile
    exchanges: tuple[Exchange, ...]
    unsent: Mapping[tuple[str, str], str] = field(default_factory=dict)
    absent: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Steps that were left out because the target does not offer what they ask for, and how that was seen."""
    lacks_feature: Callable[[str], str] = lambda _: ""
    """How it was seen that a claim is about nothing on this target, or nothing."""
    judgements: dict[tuple[int, str], tuple[Finding | Unsure, ...]] = field(default_factory=dict)
    """What each rule said of each exchange, by (id of the rule, id of the exchange)."""
    _of_runs: dict[tuple[int, str], tuple[Exchange, ...]] = field(default_factory=dict)
    """What each rule over a run read, by the same keys."""
    _matching: dict[tuple[int, int], list[Exchange]] = field(default_factory=dict)
    """What each rule over single exchanges reads of a run, by their ids."""
    _abilities: dict[tuple[str, str], bool] = field(default_factory=dict)
    _runs: dict[tuple[str, frozenset[Silence]], Run] = field(default_factory=dict)

    def result(self, requirement: Requirement, model: str) -> Result:
        """The verdict; a rule that crashes is an `error` of the suite, never of the target."""
        if not self.profile.claims_feature(requirement.feature):
            reason = f"profile {self.profile.name} does not claim {requirement.feature}"
            return Result(requirement, model, Outcome.NOT_CLAIMED, reason=reason)
        if reason := self.lacks_feature(requirement.feature):
            return Result(requirement, model, Outcome.NOT_OFFERED, reason=reason)
        rules = self.catalogue.rules_for(requirement.id)
        if not rules:
            return Result(requirement, model, Outcome.ERROR, reason="no rule judges it")
        judged: list[Exchange] = []
        judgements: list[Finding | Unsure] = []
        settled: set[str] = set()
        doubted: set[str] = set()
        for rule in rules:
            try:
                readings = self._readings(rule, model, requirement)
            except Exception as error:  # noqa: BLE001 - the target must not pay for our mistakes
                where = f"{type(error).__name__}: {error}"
                return Result(requirement, model, Outcome.ERROR, reason=f"the rule broke: {where}")
            for reading in readings:
                judged += reading.exchanges
                judgements += reading.words
                doubts = any(isinstance(word, Unsure) for word in reading.words)
                if doubts and not isinstance(rule, RunRule):
                    doubted |= {x.id for x in reading.exchanges}
                # A rule over the run that only doubts has settled nothing, however much it read.
                elif not doubts or any(isinstance(word, Finding) for word in reading.words):
                    settled |= reading.seen
        return self._verdict(
            requirement, model, rules, judged, judgements,
            ran=bool(settled or doubted or judgements), certain=bool(settled - doubted),
        )  # fmt: skip

    def _verdict(
        self,
        requirement: Requirement,
        model: str,
        rules: list[Rule | RunRule],
        judged: list[Exchange],
        judgements: list[Finding | Unsure],
        *,
        ran: bool,
        certain: bool,
    ) -> Result:
        findings = tuple(w for w in judgements if isinstance(w, Finding))
        unsure = [w for w in judgements if isinstance(w, Unsure)]
        guilty = [f.exchange for f in findings if f.exchange]
        ids = tuple(dict.fromkeys([*guilty, *(x.id for x in judged)]))
        requirement, findings, lesser = levelled(requirement, findings, self.profile.levels)
        if findings:
            bad = Outcome.FAIL if requirement.level is Level.MUST else Outcome.ADVISORY
            probes = {x.id: x.probe or "" for x in judged}
            probe = probes.get(findings[0].exchange, "")
            shown = tuple(varied(findings)[:MAX_FINDINGS])
            why = (
                f"{requirement.level} under profile {self.profile.name}: {lesser}" if lesser else ""
            )
            return Result(requirement, model, bad, shown, why, exchanges=ids, probe=probe)
        if not ran and (reason := self._absent(rules, model)):
            return Result(requirement, model, Outcome.NOT_OFFERED, reason=reason)
        if not ran:
            outcome, reason = self._why(rules, model)
            return Result(requirement, model, outcome, reason=reason)
        if unsure and not certain:
            open_ = [word for word in unsure if not word.lacking]
            reason = (open_ or unsure)[0].reason
            if any(not word.refused for word in open_):
                outcome = Outcome.INCONCLUSIVE
            else:
                outcome = Outcome.BLOCKED if open_ else Outcome.NOT_OFFERED
            return Result(requirement, model, outcome, reason=reason, exchanges=ids)
        return Result(requirement, model, Outcome.PASS, exchanges=ids)

    def _readings(
        self, rule: Rule | RunRule, model: str, requirement: Requirement
    ) -> list["Reading"]:
        """What the rule read, piece by piece, and what it had to say about the requirement."""
        run = self._run(model, rule.silence)
        found = (
            [self._over_run(rule, run)] if isinstance(rule, RunRule) else self._singly(rule, run)
        )
        young = requirement.since
        readings = []
        for exchanges, read, words in found:
            kept = [x for x in exchanges if not young or x.day is None or x.day >= young]
            ids = {x.id for x in kept}
            mine = tuple(
                self._doubted(word, model) for word in words
                if word.requirement == requirement.id
                and not (young and isinstance(word, Finding) and word.exchange not in ids)
            )  # fmt: skip
            if kept or mine:
                seen = {x.id for x in read if rule.sees(x, requirement.id)}
                readings.append(Reading(tuple(kept), frozenset(seen), mine))
        return readings

    def _doubted(self, word: Finding | Unsure, model: str) -> Finding | Unsure:
        """What a model was not seen to be able to do is held against nobody."""
        if isinstance(word, Unsure) or not word.ability or self.profile.scripted:
            return word
        key = (word.ability, model)
        if key not in self._abilities:
            mine = (x for x in self.exchanges if not model or x.model in {None, "", model})
            self._abilities[key] = ability.shown(word.ability, mine)
        if self._abilities[key]:
            return word
        reason = f"the answers of this run do not show that the model is able {word.ability}"
        return Unsure(reason, requirement=word.requirement)

    def _over_run(self, rule: RunRule, run: Run) -> "_Said":
        groups = rule.brought(run)
        if not all(groups):
            return (), (), ()
        key = (id(rule), f"model {run.model}")
        if key not in self._of_runs:
            noting = Noting(run)
            words = tuple(rule.judge(noting))
            self.judgements[key] = words
            self._of_runs[key] = noting.noted
        present = tuple({x.id: x for group in groups for x in group}.values())
        return present, self._of_runs[key], self.judgements[key]

    def _singly(self, rule: Rule, run: Run) -> Iterable["_Said"]:
        matching = (id(rule), id(run))
        if matching not in self._matching:  # asked again for each requirement of the rule
            self._matching[matching] = list(run.where(rule.on))
        for exchange in self._matching[matching]:
            key = (id(rule), exchange.id)
            if key not in self.judgements:
                self.judgements[key] = tuple(rule.judge(exchange))
            yield (exchange,), (exchange,), self.judgements[key]

    def _run(self, model: str, silence: frozenset[Silence]) -> Run:
        """The run as a rule sees it: without what says nothing, unless silence is its question."""
        key = (model, silence)
        if key not in self._runs:
            exchanges = self._routes.heard(self.exchanges, *silence)
            self._runs[key] = (
                for_model(exchanges, self.profile, model)
                if model else Run(exchanges, self.profile, model)
            )  # fmt: skip
        return self._runs[key]

    @cached_property
    def _routes(self) -> Routes:
        return routes(self.exchanges)

    def _absent(self, rules: Iterable[Rule | RunRule], model: str) -> str:
        """How it was seen that what the rules ask for is not there."""
        for rule in rules:
            for (name, of_model), reason in self.absent.items():
                if rule.plans(name) and (not model or of_model in {model, ""}):
                    return reason
        return ""

    @staticmethod
    def _unasked(rules: Iterable[Rule | RunRule]) -> str:
        """No request was planned that could tell: which kind of answer is needed."""
        needed = sorted({r.on.name for r in rules if isinstance(r, Rule)})
        names = sorted({p for r in rules if isinstance(r, RunRule) for p in r.probes})
        words = needed or [f"answers to {', '.join(names)}"]
        return f"no request of this run brings {' or '.join(words)}"

    @staticmethod
    def _unheard(silent: tuple[Silence, str]) -> tuple[Outcome, str]:
        passing = {
            Silence.CLOSED, Silence.BUSY, Silence.BROKEN, Silence.LATE, Silence.NOT_KEPT, Silence.TORN, Silence.PACKED,
            Silence.ELSE,
        }  # fmt: skip
        return Outcome.BLOCKED if silent[0] in passing else Outcome.NOT_OFFERED, silent[1]

    def _why(self, rules: Iterable[Rule | RunRule], model: str) -> tuple[Outcome, str]:
        """Why nothing was judged: what became of the probes that the rules need."""
        for rule in rules:
            for (name, of_model), reason in self.unsent.items():
                if rule.plans(name) and (not model or of_model in {model, ""}):
                    return Outcome.BLOCKED, f"{name} was not sent: {reason}"
        asked = [
            (rule, x)
            for rule in rules
            for x in self.exchanges
            if x.probe and rule.plans(x.probe) and (not model or x.model in {None, "", model})
        ]
        # A route that is not there comes first: what else the rule reads may well have been answered.
        for _, x in asked:
            if silent := self._routes.silence(x):
                return self._unheard(silent)
        for rule, x in asked:
            what = x.reply.status or x.connection.error or "nothing"
            if declined(x):
                return Outcome.BLOCKED, f"{x.probe} was answered {what} in place of an answer"
            without = f", but not with {rule.on.name}" if x.ok and isinstance(rule, Rule) else ""
            return Outcome.BLOCKED, f"{x.probe} was answered {what}{without}"
        # What is asked once a run is planned for the first model, and speaks for the others.
        for rule in rules:
            for (name, _), reason in self.unsent.items():
                if rule.plans(name):
                    return Outcome.BLOCKED, f"{name} was not sent: {reason}"
        return Outcome.BLOCKED, self._unasked(rules)
