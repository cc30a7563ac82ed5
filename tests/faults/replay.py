"""Replays a recorded clean run with a fault that only changes answers, without asking the gateway again.

Such a fault is a function of request and reply, so what it would have sent is the fault applied to
the recorded replies. A replay gives up (`None`) where the run itself would have gone another way: a
probe builds something else on a changed answer, a retry becomes due, money or the connection changes.
"""

from dataclasses import dataclass, field, replace

from conformance.probe import Ask, Probe
from conformance.profile import Profile
from conformance.sender import RETRYABLE
from gateway.fault import Fault
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
    raw: Exchange
    exchange: Exchange


@dataclass
class Log:
    """The sendings of a run in order, and what is needed to build its requests again."""

    profile: Profile
    model: str
    entries: list[Entry] = field(default_factory=list)
    sender: "RecordingSender | None" = None

    def replayed(self, fault: Fault) -> dict[str, Exchange] | None:
        """Changed exchanges by id; None when the run would not have been the same."""
        if fault.request or fault.settle:
            return None
        changed: dict[str, Exchange] = {}
        touched: set[str] = set()
        for entry in self.entries:
            if (
                touched.intersection(entry.probe.after)
                and self._built(entry, changed) != entry.built
            ):
                return None
            if not fault.when(entry.sent):
                continue
            new = self._answer(entry, fault)
            if new is None:
                return None
            if new is not entry.exchange:
                changed[new.id] = new
                touched.add(entry.probe.name)
        return changed

    def _built(self, entry: Entry, changed: dict[str, Exchange]) -> Request | None:
        """The request as it would be built on the changed answers; None when it cannot be."""
        assert self.sender is not None
        earlier: dict[str, list[Exchange]] = {}
        for name in entry.probe.after:
            own = [e for e in self.entries if e.probe.name == name]
            mine = [e for e in own if e.model in {entry.model, ""}] or own
            # A polled probe keeps its last answer only.
            last = mine[-1:] if mine and mine[0].probe.until else mine
            earlier[name] = [changed.get(e.exchange.id, e.exchange) for e in last]
        keys = self.sender.target.keys
        ask = Ask(self.profile, entry.model or self.model, entry.index, earlier, keys, "0")
        try:
            return entry.probe.build(ask)
        except Exception:
            return None

    def _answer(self, entry: Entry, fault: Fault) -> Exchange | None:
        """The exchange with the fault; the old object when it changes nothing, None to give up."""
        assert self.sender is not None
        said = fault.reply(entry.sent, entry.said) if fault.reply else entry.said
        if fault.wire:
            said = replace(said, pieces=fault.wire(entry.sent, encode(said)))
        if said is entry.said or said == entry.said:
            return entry.exchange
        old = entry.said
        due = said.status in RETRYABLE and entry.probe.retries
        moved = (said.charge, said.ending, said.header("connection")) != (
            old.charge, old.ending, old.header("connection"),
        )  # fmt: skip
        if due or moved or entry.probe.until:
            return None
        chunks, paid = _played(said, entry.probe)
        if paid != _played(old, entry.probe)[1]:
            return None
        reply, connection = self.sender.received(said, chunks, entry.raw)
        raw = replace(entry.raw, reply=reply, connection=connection)
        if raw.reply == entry.raw.reply and raw.connection == entry.raw.connection:
            return entry.exchange
        return self.sender.redacted(raw)


def _played(said: GatewayReply, probe: Probe) -> tuple[list[Chunk], tuple[int, int]]:
    """What arrives of a reply, and how much of how much was sent when the client hangs up."""
    now = said.delay_ms
    chunks: list[Chunk] = []
    decoder, events = Decoder(), 0
    pieces = encode(said)
    for delay_ms, data in pieces:
        now += delay_ms + probe.handling.pause_ms
        chunks.append(Chunk(now, data))
        if probe.handling.abort_after_events is not None:
            events += len(decoder.feed(data))
            if events >= probe.handling.abort_after_events:
                return chunks, (len(chunks), len(pieces))
    return chunks, (0, 0)


class RecordingSender(DirectSender):
    """A direct sender that keeps a log of everything."""

    log: Log
    _sent: Request
    _said: GatewayReply
    _raw: Exchange

    async def _once(self, probe: Probe, request: Request, model: str, index: int) -> Exchange:
        exchange = await super()._once(probe, request, model, index)
        entry = Entry(probe, model, index, request, self._sent, self._said, self._raw, exchange)
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
