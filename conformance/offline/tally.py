"""What became of each requirement over any number of exchanges, in memory that does not grow."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from conformance.judging.finding import Finding, Unsure
from conformance.judging.judge import MAX_FINDINGS, Outcome, Result
from conformance.judging.level import Relevel, entry_for
from conformance.judging.requirement import Level, Requirement
from wire.exchange import Exchange, Reply, Request

SHOWN_EXCHANGES = 2
EVIDENCE_BYTES = 16 * 2**20


@dataclass
class Tally:
    """Counts for one requirement and model, and the first findings with their places."""

    requirement: Requirement
    model: str
    judged: int = 0
    unsure: int = 0
    not_claimed: int = 0
    not_offered: int = 0
    findings: int = 0
    guilty: int = 0
    """Exchanges with findings."""
    lesser: int = 0
    """Findings that the profile holds against nobody at the requirement's own level."""
    lowered: Relevel | None = None
    """By which entry of the profile, the first of them."""
    shown: list[tuple[Finding, str]] = field(default_factory=list)
    """The first findings, each with the place of its exchange."""
    exchanges: list[str] = field(default_factory=list)
    reason: str = ""
    error: str = ""
    probe: str = ""

    def count(
        self, words: Iterable[Finding | Unsure], place: str, levels: Iterable[Relevel] = ()
    ) -> bool:
        """Count one judged exchange. True when its findings are among those that are shown."""
        self.judged += 1
        found, unsure, shown = 0, False, False
        for word in words:
            if isinstance(word, Unsure):
                unsure, self.reason = True, self.reason or word.reason
                continue
            found += 1
            if entry := entry_for(self.requirement, word, levels):
                self.lesser += 1
                self.lowered = self.lowered or entry
            if len(self.shown) < MAX_FINDINGS:
                self.shown.append((word, place))
                shown = True
        self.findings += found
        self.guilty += bool(found)
        self.unsure += unsure and not found
        return shown and self.guilty <= SHOWN_EXCHANGES

    @property
    def level(self) -> Level:
        """The level of what was found: lower where the profile lowers all of it."""
        lowered = self.lowered is not None and self.lesser == self.findings
        return self.lowered.level if lowered and self.lowered else self.requirement.level

    @property
    def outcome(self) -> Outcome:
        if self.error:
            return Outcome.ERROR
        if self.findings:
            return Outcome.FAIL if self.level is Level.MUST else Outcome.ADVISORY
        if not self.judged and self.not_claimed:
            return Outcome.NOT_CLAIMED
        if not self.judged:
            return Outcome.NOT_OFFERED if self.not_offered else Outcome.BLOCKED
        return Outcome.INCONCLUSIVE if self.unsure >= self.judged else Outcome.PASS

    def result(self) -> Result:
        """The verdict in the form that the run document is made of."""
        reason = self.error or self.reason
        if self.outcome is Outcome.BLOCKED and not reason:
            reason = "nothing in the recordings answers it"
        if self.level is not self.requirement.level and self.lowered:
            reason = f"{self.level} under this profile: {self.lowered.reason}"
        found = tuple(finding for finding, _ in self.shown)
        ids = tuple(dict.fromkeys([*(f.exchange for f in found if f.exchange), *self.exchanges]))
        return Result(
            replace(self.requirement, level=self.level),
            self.model,
            self.outcome,
            found,
            reason,
            ids,
            probe=self.probe,
        )


def merged(requirement: Requirement, model: str, tallies: Iterable[Tally]) -> Tally:
    """Several tallies of one requirement as one."""
    whole = Tally(requirement, model)
    for one in tallies:
        whole.judged += one.judged
        whole.unsure += one.unsure
        whole.not_claimed += one.not_claimed
        whole.not_offered += one.not_offered
        whole.findings += one.findings
        whole.guilty += one.guilty
        whole.lesser += one.lesser
        whole.lowered = whole.lowered or one.lowered
        whole.shown = (whole.shown + one.shown)[:MAX_FINDINGS]
        whole.exchanges = (whole.exchanges + one.exchanges)[:SHOWN_EXCHANGES]
        whole.reason = whole.reason or one.reason
        whole.error = whole.error or one.error
        whole.probe = whole.probe or one.probe
    return whole


@dataclass
class Evidence:
    """The exchanges that findings point at, as many as memory is meant for."""

    kept: dict[str, Exchange] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    size: int = 0

    def keep(self, exchange: Exchange, place: str) -> None:
        if exchange.id in self.kept:
            return
        size = len(exchange.reply.body) + len(exchange.request.body)
        if self.size + size <= EVIDENCE_BYTES:
            self.size += size
            self.kept[exchange.id] = _bare(exchange)
            self.places[exchange.id] = place


def _bare(exchange: Exchange) -> Exchange:
    """The exchange without the views that were computed while it was judged."""
    request, reply = exchange.request, exchange.reply
    return replace(
        exchange,
        request=Request(
            request.method, request.path, request.headers, request.body, request.body_recorded
        ),
        reply=Reply(reply.status, reply.headers, reply.chunks, reply.headers_at_ms, reply.timed),
    )
