"""Judges recorded traffic, one exchange at a time, with the rules that judge live traffic.

Exchanges that probes of a run sent are judged as that run was: together, with the rules that
compare several. All others are judged each for itself.
"""

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from conformance.authenticity.bill import Bill
from conformance.judging.area import Catalogue
from conformance.judging.finding import Finding, Unsure, once_a_stream
from conformance.judging.judge import Judge, Outcome
from conformance.judging.profile import Profile
from conformance.judging.requirement import Requirement
from conformance.judging.route import unreadable
from conformance.judging.rule import Rule
from conformance.judging.selector import Selector
from conformance.offline.notes import Notes
from conformance.offline.record import is_scrubbed
from conformance.offline.recordings import Entry
from conformance.offline.request_keys import RequestKeys
from conformance.offline.skipped import Skipped, host_of, why_skipped
from conformance.offline.tally import Evidence, Tally, merged
from conformance.running.planned import plan, probes, wanted_probes
from conformance.running.profiles import load_profile, profile_for
from wire.exchange import Exchange, NotRecordedError

RUN_BYTES = 48 * 2**20  # a run that is longer is judged exchange by exchange


@dataclass
class OfflineJudge:
    """The verdicts so far. `profile` None: by the host of each exchange."""

    catalogue: Catalogue
    requirements: tuple[Requirement, ...]
    profile: Profile | None = None
    hosts: tuple[str, ...] = ()
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)
    judged: int = 0
    skipped: Counter[Skipped] = field(default_factory=Counter)
    seen_hosts: Counter[str] = field(default_factory=Counter)
    seen_models: dict[str, None] = field(default_factory=dict)
    bill: Bill = field(default_factory=Bill)

    def __post_init__(self) -> None:
        self._rows = {row.id: row for row in self.requirements}
        self._grouped = grouped(self.catalogue, set(self._rows))
        self._profiles: dict[str, Profile] = {}
        self._claims: dict[tuple[str, str], bool] = {}
        self._run: dict[str, Entry] = {}
        self._run_bytes = 0
        self._keys_seen = RequestKeys()
        self._notes = Notes(self.catalogue, self.requirements)

    def judge(self, entry: Entry) -> None:
        """Judge one exchange, or keep it until its run is whole."""
        x = entry.exchange
        if why := why_skipped(x, self.hosts):
            self.skipped[why] += 1
            return
        x = self._keys_seen.redacted(x)
        self.judged += 1
        if host := host_of(x):
            self.seen_hosts[host] += len(self.seen_hosts) < 100 or host in self.seen_hosts
        if x.probe is None:
            self._single(x, entry.place)
            return
        if x.id in self._run:
            self.end_of_run()  # a second run in the same file
        self._run[x.id] = Entry(x, entry.place)
        self._run_bytes += len(x.reply.body) + len(x.request.body)
        if self._run_bytes > RUN_BYTES:
            for part in self._run.values():
                self._single(part.exchange, part.place)
            self._forget_run()

    def end_of_run(self) -> None:
        """Judge the exchanges of a run together; to be called at the end of each file."""
        if self._run:
            exchanges = tuple(entry.exchange for entry in self._run.values())
            profile = self.profile or self._profile_of_run(exchanges)
            models = list(dict.fromkeys(x.model for x in exchanges if x.model))
            judge = Judge(self.catalogue, profile, exchanges)
            for x in exchanges:
                self._bill(x, profile)
            for row in self.requirements:
                for model in models if row.per_model and models else [""]:
                    self._count_result(judge, row, model)
            self.seen_models.update(dict.fromkeys(models))
        self._forget_run()

    def verdicts(self) -> Iterator[Tally]:
        """One tally a requirement and model, in the catalogue's order."""
        noted: dict[str, list[Tally]] = {}
        for tally in self._notes.tallies(self._clean):
            noted.setdefault(tally.requirement.id, []).append(tally)
            for finding, _ in tally.shown:
                if held := self._notes.evidence(finding.exchange):
                    self.evidence.keep(*held)
        for row in self.requirements:
            for model in self.seen_models if row.per_model and self.seen_models else [""]:
                names = dict.fromkeys([model, ""])
                parts = [t for name in names if (t := self.tallies.get((row.id, name)))]
                yield merged(row, model, [*parts, *noted.get(row.id, ())])

    def _forget_run(self) -> None:
        self._run, self._run_bytes = {}, 0

    def _tally(self, row: Requirement, model: str) -> Tally:
        key = (row.id, model)
        if key not in self.tallies:
            self.tallies[key] = Tally(row, model)
        return self.tallies[key]

    def _single(self, x: Exchange, place: str) -> None:
        found: dict[str, list[Finding | Unsure]] = {}
        silent = unreadable(x)
        for selector, rules in self._grouped:
            if selector.of_probe and x.probe is None:
                continue
            try:
                matches = selector.matches(x)
            except NotRecordedError:
                continue
            except Exception as error:  # noqa: BLE001 - the target must not pay for our mistakes
                self._broken(rules, x, place, error)
                continue
            for rule in rules if matches else ():
                if silent and silent[0] not in rule.silence:
                    continue
                try:
                    words = list(rule.judge(x))
                except NotRecordedError:
                    continue
                except Exception as error:  # noqa: BLE001
                    self._broken([rule], x, place, error)
                    continue
                for name in rule.requirements:
                    found.setdefault(name, [])
                for word in words:
                    found.setdefault(word.requirement, []).append(word)
        self._count(x, place, found)
        self._notes.take(x, self._profile_of(x), place)
        self._bill(x, self._profile_of(x))

    def _bill(self, x: Exchange, profile: Profile) -> None:
        """A bill that cannot be made of an exchange is no word about the server."""
        with contextlib.suppress(Exception):  # what it asks was left out, or is beyond reading
            self.bill.note(x, profile)

    def _count(self, x: Exchange, place: str, found: dict[str, list[Finding | Unsure]]) -> None:
        profile = self._profile_of(x)
        for name, words in found.items():
            row = self._rows.get(name)
            if row is None or (row.since and x.day and x.day < row.since):
                continue
            if _thinned(x) and any(_of_missing_header(word, x) for word in words):
                continue
            if x.source is not None and any(_of_placeholder(word) for word in words):
                continue
            tally = self._tally(row, (x.model or "") if row.per_model else "")
            if not self._claimed(profile, row.feature):
                tally.not_claimed += 1
            elif tally.count(
                [self._clean(word) for word in once_a_stream(words)], place, profile.levels
            ):
                self.evidence.keep(x, place)

    def _claimed(self, profile: Profile, feature: str) -> bool:
        key = (profile.name, feature)
        if key not in self._claims:
            self._claims[key] = profile.claims_feature(feature)
        return self._claims[key]

    def _broken(self, rules: Iterable[Rule], x: Exchange, place: str, error: Exception) -> None:
        for name in (name for rule in rules for name in rule.requirements if name in self._rows):
            reason = f"the rule broke at {place}: {type(error).__name__}: {error}"
            self._tally(self._rows[name], x.model or "").error = reason

    def _count_result(self, judge: Judge, row: Requirement, model: str) -> None:
        result = judge.result(row, model)
        tally = self._tally(row, model)
        if result.outcome is Outcome.NOT_CLAIMED:
            tally.not_claimed += 1
        elif result.outcome is Outcome.ERROR:
            tally.error = result.reason
        elif result.outcome is Outcome.INCONCLUSIVE:
            tally.count([Unsure(result.reason)], "")
        elif result.outcome is Outcome.NOT_OFFERED:
            tally.not_offered += 1
            tally.reason = tally.reason or result.reason
        elif result.outcome is not Outcome.BLOCKED:
            by_exchange: dict[str, list[Finding | Unsure]] = {n: [] for n in result.exchanges}
            for finding in result.findings:
                by_exchange.setdefault(finding.exchange, []).append(self._clean(finding))
            for name, words in by_exchange.items():
                entry = self._run.get(name)
                place = entry.place if entry else ""
                if tally.count(once_a_stream(words), place, judge.profile.levels) and entry:
                    self.evidence.keep(entry.exchange, place)
            tally.probe = tally.probe or result.probe

    def _clean(self, word: Finding | Unsure) -> Finding | Unsure:
        """A finding may quote what a stream said in pieces, each too short to look like a key."""
        if isinstance(word, Unsure):
            return word
        return replace(
            word,
            where=self._keys_seen.text(word.where),
            expected=self._keys_seen.text(word.expected),
            found=self._keys_seen.text(word.found),
        )

    def _profile_of(self, x: Exchange) -> Profile:
        if self.profile:
            return self.profile
        host = host_of(x)
        if host not in self._profiles:
            if len(self._profiles) > 1000:
                self._profiles.clear()
            self._profiles[host] = profile_for(f"https://{host}/")
        return self._profiles[host]

    def _profile_of_run(self, exchanges: Iterable[Exchange]) -> Profile:
        """What a run claimed is not recorded, but what it asked is: the least that plans it."""
        exchanges = list(exchanges)
        by_host = self._profile_of(exchanges[0])
        sent = {x.probe for x in exchanges} & set(probes(self.catalogue))
        everything = wanted_probes(self.catalogue, self.catalogue.requirements)
        plans = []
        for name in ("reference", "codex", "openai"):
            profile = load_profile(name)
            steps = plan(probes(self.catalogue), everything, profile, ["any"])
            names = {step.probe.name for step in steps}
            plans.append((len(sent - names), name != by_host.name, len(names), name, profile))
        return min(plans)[4]


def _thinned(x: Exchange) -> bool:
    """Whether a recorder kept few of the headers: what is missing then says nothing of the server."""
    return not x.reply.headers or (x.source is not None and x.reply.header("date") is None)


def _of_placeholder(word: Finding | Unsure) -> bool:
    """Whether what was found is a word that somebody wrote in the place of a value: `"Sanitized"`."""
    found = word.found if isinstance(word, Finding) else ""
    quoted = len(found) > 2 and found[0] == found[-1] == '"'
    return quoted and is_scrubbed(found[1:-1])


def _of_missing_header(word: Finding | Unsure, x: Exchange) -> bool:
    if not isinstance(word, Finding) or not word.where.startswith("header"):
        return False
    return x.reply.header(word.where.removeprefix("header").removeprefix("s").strip()) is None


def grouped(catalogue: Catalogue, names: set[str]) -> list[tuple[Selector, list[Rule]]]:
    """The rules that settle any of the requirements, by selector: each is asked once."""
    groups: dict[int, tuple[Selector, list[Rule]]] = {}
    for rule in catalogue.rules:
        if isinstance(rule, Rule) and not names.isdisjoint(rule.requirements):
            groups.setdefault(id(rule.on), (rule.on, []))[1].append(rule)
    return list(groups.values())
