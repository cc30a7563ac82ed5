"""Replays a recorded clean run with a fault, without scheduling and sending everything anew.

A fault that only changes answers is a function of request and reply: it is applied to the recorded
replies. Where it changes requests or charges, or where a probe builds something else on a changed
answer, a gateway with a state of its own is needed: the requests are handed to a fresh one. Either way
only answers that differ become new exchanges. A replay gives up (`None`) where the run itself would
have gone another way: a connection ends otherwise.
"""

from dataclasses import dataclass, field, replace

from conformance.judging.profile import Profile
from conformance.running.probe import Probe, ProbeContext
from conformance.running.retries import tries_before
from gateway.core import Gateway
from gateway.faults.machinery.fault import Fault, Faulty
from gateway.frames import GatewayReply, encode
from tests.direct import DirectSender
from wire.exchange import Chunk, Exchange, Reply, Request
from wire.sse import Decoder


@dataclass(frozen=True)
class Entry:
    """One sending of the clean run: what was built, what the gateway saw and said, what came of it."""

    probe: Probe
    model: str
    index: int
    built: Request
    sent: Request
    said: GatewayReply
    passed: float
    """Seconds that had passed when it was sent, on the clock that else stands still."""
    raw: Exchange
    exchange: Exchange


class GaveUp(Exception):  # noqa: N818 - no error: the run has to be made in full
    """The run would have gone another way."""


class AsksOtherwise(Exception):  # noqa: N818 - no error: the gateway has to be asked
    """A probe builds another request on a changed answer."""


@dataclass
class Log:
    """The sendings of a run in order, and what is needed to build its requests again."""

    profile: Profile
    model: str
    at: float
    sender: "RecordingSender"
    entries: list[Entry] = field(default_factory=list)

    def replayed(self, fault: Fault) -> dict[str, Exchange | None] | None:
        """Changed exchanges by id, None for those that were not made; or None for a run in full."""
        if fault.late_s:
            return None  # readings of the balance wait, which moves all that follows
        try:
            if not fault.request and not fault.settle:
                try:
                    return self._of_answers(fault)
                except AsksOtherwise:
                    pass
            return self._of_gateway(fault)
        except GaveUp:
            return None

    def _of_answers(self, fault: Fault) -> dict[str, Exchange | None]:
        """The fault applied to the recorded replies."""
        changed: dict[str, Exchange | None] = {}
        touched: set[str] = set()
        for entry in self.entries:
            after = touched.intersection(entry.probe.after)
            if after and self._built(entry, changed) != entry.built:
                raise AsksOtherwise
            if not fault.when(entry.sent):
                continue
            said = fault.reply(entry.sent, entry.said) if fault.reply else entry.said
            if fault.wire:
                said = replace(said, pieces=fault.wire(entry.sent, encode(said)))
            if said.charge != entry.said.charge:
                raise AsksOtherwise
            if said != entry.said and entry.probe.handling.abort_after_events is not None:
                raise AsksOtherwise
            self._note(entry, said, changed, touched)
        return changed

    def _of_gateway(self, fault: Fault) -> dict[str, Exchange | None]:
        """What a gateway with the fault answers to the requests, one after the other."""
        changed: dict[str, Exchange | None] = {}
        touched: set[str] = set()
        passed = 0.0
        gateway = Gateway(seed=1, clock=lambda: self.at + passed)
        handler = Faulty(gateway, (fault,))
        for number, recorded in enumerate(self.entries):
            entry = recorded
            if touched.intersection(entry.probe.after):
                built = self._built(entry, changed)
                if built is None:
                    changed[entry.exchange.id] = None
                    touched.add(entry.probe.name)
                    continue
                entry = self._asking(entry, built) if built != entry.built else entry
            passed = entry.passed
            gateway.handled = number  # its ids are those of the recorded run
            said = handler.handle(entry.sent)
            handler.settle(said, len(_played(said, entry.probe)))
            self._note(entry, said, changed, touched)
        return changed

    def _note(
        self, entry: Entry, said: GatewayReply, changed: dict[str, Exchange | None],
        touched: set[str],
    ) -> None:  # fmt: skip
        new = self._answer(entry, said)
        if new is not entry.exchange:
            changed[new.id] = new
            touched.add(entry.probe.name)

    def _asking(self, entry: Entry, built: Request) -> Entry:
        """The entry with another request; what was said to the old one is forgotten."""
        handling = entry.probe.handling
        request = self.sender._addressed(built, entry.probe.key, handling)
        sent = self.sender.on_the_wire(request, handling)
        raw = replace(entry.raw, request=request)
        return replace(entry, built=built, sent=sent, said=replace(entry.said, status=0), raw=raw)

    def _built(self, entry: Entry, changed: dict[str, Exchange | None]) -> Request | None:
        """The request as it would be built on the changed answers; None when it cannot be."""
        earlier: dict[str, list[Exchange]] = {}
        for name in entry.probe.after:
            own = [e for e in self.entries if e.probe.name == name]
            mine = [e for e in own if e.model in {entry.model, ""}] or own
            # A polled probe keeps its last answer only.
            last = mine[-1:] if mine and mine[0].probe.until else mine
            kept = [changed.get(e.exchange.id, e.exchange) for e in last]
            earlier[name] = [x for x in kept if x is not None]
            if own and not earlier[name]:
                return None
        keys = self.sender.target.keys
        context = ProbeContext(
            self.profile, entry.model or self.model, entry.index, earlier, keys, "0"
        )
        try:
            return entry.probe.build(context)
        except Exception:
            return None

    def _answer(self, entry: Entry, said: GatewayReply) -> Exchange:
        """The exchange with this reply; the old object when nothing differs."""
        old = entry.said
        if said is old or said == old or said == _with_tokens_left(old, said):
            return entry.exchange
        moved = (said.ending, said.header("connection")) != (old.ending, old.header("connection"))
        if moved:
            raise GaveUp
        played = _played(said, entry.probe)
        if entry.probe.handling.abort_after_events is not None and len(played) == len(encode(said)):
            raise GaveUp  # nothing was there to be cut
        reply, connection = self.sender.received(said, played, entry.raw)
        # The books of the gateway are kept at once: readings that wait for them need not.
        until = None if entry.probe.settles else entry.probe.until
        if until and (until(reply), reply.status) != (
            until(entry.raw.reply),
            entry.raw.reply.status,
        ):
            raise GaveUp
        tries = tries_before(entry.probe, reply)
        raw = replace(entry.raw, reply=reply, connection=connection, attempts=tries)
        if raw.reply == entry.raw.reply and raw.connection == entry.raw.connection:
            return entry.exchange
        return self.sender.redacted(raw)


TOKENS_LEFT = "x-ratelimit-remaining-tokens"


def _with_tokens_left(old: GatewayReply, said: GatewayReply) -> GatewayReply:
    """The old reply with the new one's tokens left: a number that moves with every charge before it,
    and that no rule compares with another answer's."""
    left = said.header(TOKENS_LEFT)
    if left is None or said.status != old.status:
        return old
    headers = tuple((n, left if n == TOKENS_LEFT else value) for n, value in old.headers)
    return replace(old, headers=headers)


def _played(said: GatewayReply, probe: Probe) -> list[Chunk]:
    """What arrives of a reply until its end, or until the client hangs up."""
    now = said.delay_ms
    chunks: list[Chunk] = []
    decoder, events = Decoder(), 0
    for delay_ms, data in encode(said):
        now += delay_ms + probe.handling.pause_ms
        chunks.append(Chunk(now, data))
        if probe.handling.abort_after_events is not None:
            events += len(decoder.feed(data))
            if events >= probe.handling.abort_after_events:
                break
    return chunks


class RecordingSender(DirectSender):
    """A direct sender that keeps a log of everything."""

    log: Log
    _sent: Request
    _said: GatewayReply
    _raw: Exchange

    async def _once(self, probe: Probe, request: Request, model: str, index: int) -> Exchange:
        exchange = await super()._once(probe, request, model, index)
        entry = Entry(
            probe, model, index, request, self._sent, self._said, sum(self._passed), self._raw,
            exchange,
        )  # fmt: skip
        self.log.entries.append(entry)
        return exchange

    def _handled(self, sent: Request) -> GatewayReply:
        self._sent, self._said = sent, super()._handled(sent)
        return self._said

    def _clean(self, raw: Exchange) -> Exchange:
        self._raw = raw
        return super()._clean(raw)

    def redacted(self, raw: Exchange) -> Exchange:
        return self._redactor(raw.request).exchange(raw)

    def received(
        self, said: GatewayReply, chunks: list[Chunk], raw: Exchange
    ) -> tuple[Reply, object]:
        """Reply and connection of a replayed answer; the connection was as reused as before."""
        reply, connection = self._received(said, chunks, raw.connection.ended, "")
        return reply, replace(
            connection, reused=raw.connection.reused, total_ms=raw.connection.total_ms
        )
