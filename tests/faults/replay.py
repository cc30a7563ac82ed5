"""Replays a recorded clean run with a fault, without scheduling and sending everything anew.

A fault that only changes answers is a function of request and reply: it is applied to the recorded
replies. One that changes requests or charges needs a gateway with its own state: the recorded
requests are handed to a fresh one. Either way only answers that differ become new exchanges. A replay
gives up (`None`) where the run itself would have gone another way: a probe builds something else on a
changed answer, a retry becomes due, a connection ends otherwise.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from conformance.probe import Ask, Probe
from conformance.profile import Profile
from conformance.sender import RETRYABLE
from gateway.core import Gateway
from gateway.fault import Fault, Faulty
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


@dataclass
class Log:
    """The sendings of a run in order, and what is needed to build its requests again."""

    profile: Profile
    model: str
    at: float
    sender: "RecordingSender"
    entries: list[Entry] = field(default_factory=list)

    def replayed(self, fault: Fault) -> dict[str, Exchange] | None:
        """Changed exchanges by id; None when the run would not have been the same."""
        try:
            if not fault.request and not fault.settle:
                said = self._said_of_answers(fault)
                if said is not None:
                    return self._changed(said)
            return self._changed(self._said_by_gateway(fault))
        except GaveUp:
            return None

    def _said_of_answers(self, fault: Fault) -> list[GatewayReply] | None:
        """The replies of a fault that only changes answers; None when money changes with them."""
        replies = []
        for entry in self.entries:
            said = entry.said
            if fault.when(entry.sent):
                if fault.reply:
                    said = fault.reply(entry.sent, said)
                if fault.wire:
                    said = replace(said, pieces=fault.wire(entry.sent, encode(said)))
                if said.charge != entry.said.charge:
                    return None
                if said != entry.said and entry.probe.handling.abort_after_events is not None:
                    return None
            replies.append(said)
        return replies

    def _said_by_gateway(self, fault: Fault) -> Iterator[GatewayReply]:
        """What a gateway with the fault answers to the recorded requests, one after the other."""
        passed = 0.0
        handler = Faulty(Gateway(seed=1, clock=lambda: self.at + passed), (fault,))
        for entry in self.entries:
            passed = entry.passed
            said = handler.handle(entry.sent)
            handler.settle(said, len(_played(said, entry.probe)))
            yield said

    def _changed(self, replies: Iterable[GatewayReply]) -> dict[str, Exchange]:
        changed: dict[str, Exchange] = {}
        touched: set[str] = set()
        for entry, said in zip(self.entries, replies, strict=True):
            after = touched.intersection(entry.probe.after)
            if after and self._built(entry, changed) != entry.built:
                raise GaveUp
            new = self._answer(entry, said)
            if new is not entry.exchange:
                changed[new.id] = new
                touched.add(entry.probe.name)
        return changed

    def _built(self, entry: Entry, changed: dict[str, Exchange]) -> Request | None:
        """The request as it would be built on the changed answers; None when it cannot be."""
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

    def _answer(self, entry: Entry, said: GatewayReply) -> Exchange:
        """The exchange with this reply; the old object when nothing differs."""
        old = entry.said
        if said is old or said == old or said == _with_tokens_left(old, said):
            return entry.exchange
        due = said.status in RETRYABLE and entry.probe.retries
        moved = (said.ending, said.header("connection")) != (old.ending, old.header("connection"))
        if due or moved:
            raise GaveUp
        reply, connection = self.sender.received(said, _played(said, entry.probe), entry.raw)
        until = entry.probe.until
        if until and (until(reply), reply.status) != (until(entry.raw.reply), old.status):
            raise GaveUp
        raw = replace(entry.raw, reply=reply, connection=connection)
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
