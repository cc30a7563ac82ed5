"""The judge: rules over exchanges, made into one result a requirement and model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from conformance.judging.area import Catalogue
from conformance.judging.declined import declined
from conformance.judging.finding import Finding, Unsure
from conformance.judging.profile import Profile
from conformance.judging.requirement import Level, Requirement
from conformance.judging.rule import Rule, RunRule
from conformance.judging.run import Run, for_model
from conformance.judging.selector import Selector
from wire.exchange import Exchange

MAX_FINDINGS = 20


class Outcome(StrEnum):
    """The verdict words; see DESIGN for what each means and whether it counts."""

    PASS = "pass"  # noqa: S105 - a verdict, not a secret
    FAIL = "fail"
    ADVISORY = "advisory"
    NOT_CLAIMED = "not-claimed"
    INCONCLUSIVE = "inconclusive"
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


@dataclass
class Judge:
    """Judges the exchanges of a run. Each rule reads each exchange once, whoever asks."""

    catalogue: Catalogue
    profile: Profile
    exchanges: tuple[Exchange, ...]
    unsent: Mapping[tuple[str, str], str] = field(default_factory=dict)
    judgements: dict[tuple[int, str], tuple[Finding | Unsure, ...]] = field(default_factory=dict)
    """What each rule said of each exchange, by (id of the rule, id of the exchange)."""
    _runs: dict[str, Run] = field(default_factory=dict)

    def result(self, requirement: Requirement, model: str) -> Result:
        """The verdict; a rule that crashes is an `error` of the suite, never of the target."""
        if not self.profile.claims_feature(requirement.feature):
            reason = f"profile {self.profile.name} does not claim {requirement.feature}"
            return Result(requirement, model, Outcome.NOT_CLAIMED, reason=reason)
        rules = self.catalogue.rules_for(requirement.id)
        if not rules:
            return Result(requirement, model, Outcome.ERROR, reason="no rule judges it")
        judged: list[Exchange] = []
        judgements: list[Finding | Unsure] = []
        ran = False
        settled: set[str] = set()
        doubts = 0
        for rule in rules:
            try:
                exchanges, words = self._apply(rule, model)
            except Exception as error:  # noqa: BLE001 - the target must not pay for our mistakes
                where = f"{type(error).__name__}: {error}"
                return Result(requirement, model, Outcome.ERROR, reason=f"the rule broke: {where}")
            if requirement.since:
                young = {x.id for x in exchanges if x.day is None or x.day >= requirement.since}
                exchanges = [x for x in exchanges if x.id in young]
                words = [w for w in words if not isinstance(w, Finding) or w.exchange in young]
            ran = ran or bool(exchanges)
            judged += exchanges
            mine = [w for w in words if w.requirement == requirement.id]
            judgements += mine
            unsure = sum(isinstance(word, Unsure) for word in mine)
            # A rule over the run that only doubts has settled nothing, however much it read.
            if not isinstance(rule, RunRule):
                doubts += unsure
            if not (isinstance(rule, RunRule) and mine and unsure == len(mine)):
                settled |= {x.id for x in exchanges}
        certain = doubts < len(settled)
        return self._verdict(requirement, model, rules, ran, judged, judgements, certain=certain)

    def _verdict(
        self,
        requirement: Requirement,
        model: str,
        rules: list[Rule | RunRule],
        ran: bool,
        judged: list[Exchange],
        judgements: list[Finding | Unsure],
        *,
        certain: bool,
    ) -> Result:
        findings = [w for w in judgements if isinstance(w, Finding)]
        unsure = [w for w in judgements if isinstance(w, Unsure)]
        guilty = [f.exchange for f in findings if f.exchange]
        ids = tuple(dict.fromkeys([*guilty, *(x.id for x in judged)]))
        if findings:
            bad = Outcome.FAIL if requirement.level is Level.MUST else Outcome.ADVISORY
            probes = {x.id: x.probe or "" for x in judged}
            probe = probes.get(findings[0].exchange, "")
            shown = tuple(findings[:MAX_FINDINGS])
            return Result(requirement, model, bad, shown, exchanges=ids, probe=probe)
        if not ran:
            return Result(requirement, model, Outcome.BLOCKED, reason=self._why(rules, model))
        if unsure and not certain:
            reason = unsure[0].reason
            return Result(requirement, model, Outcome.INCONCLUSIVE, reason=reason, exchanges=ids)
        return Result(requirement, model, Outcome.PASS, exchanges=ids)

    def _apply(
        self, rule: Rule | RunRule, model: str
    ) -> tuple[list[Exchange], list[Finding | Unsure]]:
        run = self._run(model)
        if isinstance(rule, RunRule):
            groups = [run.named(pattern) for pattern in rule.probes]
            if not all(groups):
                return [], []
            present = list({x.id: x for group in groups for x in group}.values())
            key = (id(rule), f"model {model}")
            if key not in self.judgements:
                self.judgements[key] = tuple(rule.judge(run))
            return present, list(self.judgements[key])
        matching = self.matching(rule.on, run)
        judgements: list[Finding | Unsure] = []
        for exchange in matching:
            key = (id(rule), exchange.id)
            if key not in self.judgements:
                self.judgements[key] = tuple(rule.judge(exchange))
            judgements += self.judgements[key]
        return matching, judgements

    def matching(self, selector: Selector, run: Run) -> list[Exchange]:
        """The exchanges of a run that a selector matches."""
        return [x for x in run.exchanges if selector.matches(x)]

    def _run(self, model: str) -> Run:
        if model not in self._runs:
            if model:
                self._runs[model] = for_model(self.exchanges, self.profile, model)
            else:
                self._runs[model] = Run(self.exchanges, self.profile, model)
        return self._runs[model]

    def _why(self, rules: Iterable[Rule | RunRule], model: str) -> str:
        """Why nothing was judged: what became of the probes that the rules need."""
        for rule in rules:
            plans = rule.plans if isinstance(rule, RunRule) else rule.on.plans
            for (name, of_model), reason in self.unsent.items():
                if plans(name) and of_model in {model, ""}:
                    return f"{name} was not sent: {reason}"
        for rule in rules:
            plans = rule.plans if isinstance(rule, RunRule) else rule.on.plans
            for exchange in self._run(model).exchanges:
                if exchange.probe and plans(exchange.probe):
                    what = exchange.reply.status or exchange.connection.error or "nothing"
                    if declined(exchange):
                        return f"{exchange.probe} was answered {what} in place of an answer"
                    lacking = ""
                    if exchange.ok and isinstance(rule, Rule):
                        lacking = f", but not with {rule.on.name}"
                    return f"{exchange.probe} was answered {what}{lacking}"
        return "nothing in this run answers it"
