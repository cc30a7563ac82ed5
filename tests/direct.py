"""Drives a gateway inside this process, in virtual time: no sockets, no sleeping.

Delays that a gateway asks for become arrival times, so timing rules see what a socket would show.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Self

from conformance.judging.area import Catalogue, catalogue
from conformance.judging.judge import Judge, Result
from conformance.judging.profile import Profile
from conformance.running import planned
from conformance.running.budget import Budget
from conformance.running.content_coding import decoded
from conformance.running.output_limit import OutputLimit
from conformance.running.planned import plan
from conformance.running.probe import Handling
from conformance.running.profiles import load_profile
from conformance.running.schedule import Schedule, Traffic
from conformance.running.sender import Sender
from conformance.running.share import complaint, passes
from conformance.running.target import Target
from gateway.core import Gateway
from gateway.faults.machinery.fault import Faulty, Handler, all_faults
from gateway.frames import Ending, GatewayReply, encode
from wire.exchange import Chunk, Connection, Ended, Exchange, Reply, Request
from wire.sse import Decoder

ENDED = {Ending.COMPLETE: Ended.COMPLETE, Ending.CUT: Ended.CUT, Ending.RESET: Ended.RESET}


class DirectSender(Sender):
    """A sender whose wire is a function call."""

    def __init__(
        self,
        handler: Handler,
        keys: dict[str, str],
        clock: Callable[[], float] = time.time,
        known: dict[tuple[object, ...], Exchange] | None = None,
        passed: list[float] | None = None,
    ) -> None:
        super().__init__(Target("http://gateway/v1", keys), sleep=_no_sleep, clock=clock)
        self._handler = handler
        self._open: set[str] = set()
        self._known = {} if known is None else known
        self._passed = [] if passed is None else passed

    async def __aenter__(self) -> Self:
        return self  # time is virtual: nothing is late

    def _clean(self, raw: Exchange) -> Exchange:
        """The exchange without keys; the same object again for what came byte for byte before."""
        raw = replace(raw, connection=replace(raw.connection, total_ms=_end_ms(raw.reply)))
        key = (raw.id, raw.request, raw.reply, replace(raw.connection, total_ms=None))
        if key not in self._known:
            self._known[key] = super()._clean(raw)
        return self._known[key]

    async def let_pass(self, seconds: float) -> None:
        self._passed.append(seconds)

    async def _exchange(
        self, request: Request, handling: Handling, start: float
    ) -> tuple[Reply, Connection]:
        reply = self._handled(self.on_the_wire(request, handling))
        now = reply.delay_ms
        chunks: list[Chunk] = []
        ended, decoder, events, size, error = ENDED[reply.ending], Decoder(), 0, 0, ""
        for delay_ms, data in encode(reply):
            now += delay_ms + handling.pause_ms
            chunks.append(Chunk(now, data))
            if handling.abort_after_events is not None or handling.share_tokens is not None:
                events += len(decoder.feed(data))
            if handling.abort_after_events is not None and events >= handling.abort_after_events:
                ended = Ended.ABORTED
                break
            size += len(data)
            share = handling.share_tokens
            if share is not None and passes(share, events, size):
                ended, error = Ended.ABORTED, complaint(share, events, size)
                break
        self._handler.settle(reply, len(chunks))
        return self._received(reply, chunks, ended, handling.lane, error)

    def on_the_wire(self, request: Request, handling: Handling) -> Request:
        """The request as the gateway sees it."""
        path = self.target.url(request.path).removeprefix(self.target.origin)
        body = request.body + b" " * handling.padding_bytes
        size = ("content-length", str(len(body)))
        framing = ("transfer-encoding", "chunked") if handling.chunked else size
        headers = (*request.headers, framing) if body else request.headers
        return Request(request.method, path, headers, body)

    def _handled(self, sent: Request) -> GatewayReply:
        return self._handler.handle(sent)

    def _received(
        self, reply: GatewayReply, chunks: list[Chunk], ended: Ended, lane: str, error: str = ""
    ) -> tuple[Reply, Connection]:
        plain, damage = decoded(chunks, reply.header("content-encoding") or "")
        reused = not lane or lane in self._open
        whole = ended is Ended.COMPLETE and reply.header("connection") != "close"
        (self._open.add if whole else self._open.discard)(lane)
        return Reply(reply.status, reply.headers, tuple(plain), reply.delay_ms), Connection(
            ended, reused, error or damage, origin=self.target.origin
        )


def _end_ms(reply: Reply) -> float:
    """When an answer was over, in the time of this wire: how long this machine took says nothing."""
    return reply.chunks[-1].at_ms if reply.chunks else reply.headers_at_ms or 0.0


async def _no_sleep(_: float) -> None:
    return None


def traffic(
    faults: Sequence[str] = (),
    probes: Iterable[str] | None = None,
    models: Sequence[str] = ("gpt-5.5",),
    profile: Profile | None = None,
    known: Catalogue | None = None,
    at: float | None = None,
    seed: int | None = None,
    exchanges: dict[tuple[object, ...], Exchange] | None = None,
    sender_type: type[DirectSender] = DirectSender,
    use: Callable[[DirectSender], None] = lambda _: None,
    around: Callable[[Handler], Handler] = lambda inner: inner,
    limits: OutputLimit | None = None,
) -> tuple[Traffic, Profile]:
    """Everything a run would send, answered by a fresh gateway with these faults.

    `at` stops the clock there and seeds the gateway: the same requests get the same bytes.
    `seed`: properties are tried, too, with this seed. `exchanges` remembers what has come before.
    `use` is given the sender before it sends; `around` puts something in front of the gateway.
    `limits`: what the first look would have seen of the server's limits of output.
    """
    profile = profile or load_profile("reference")
    known = known or catalogue()
    passed: list[float] = []  # seconds, while a probe waited for work in the background

    def clock() -> float:
        return (time.time() if at is None else at) + sum(passed)

    gateway = Gateway(seed=None if at is None else 1, clock=clock)
    keys = dict(gateway.keys.secrets)
    keys["main"] = keys.pop("codex")
    handler: Handler = (
        Faulty(gateway, tuple(all_faults()[n] for n in faults)) if faults else gateway
    )
    handler = around(handler)
    every = planned.probes(known)
    steps = plan(every, every if probes is None else probes, profile, models)

    async def run() -> Traffic:
        async with sender_type(handler, keys, clock, exchanges, passed) as sender:
            use(sender)
            budget = Budget(profile, limits=limits or OutputLimit())
            schedule = Schedule(sender, profile, budget, run="" if at is None else "0")
            await schedule.run(steps)
            for prop in planned.properties(known).values() if seed is not None else ():
                for model in models:
                    await schedule.attempt(prop, model, number=seed, keep=False)
            return schedule.traffic

    return asyncio.run(run()), profile


def results(
    faults: Sequence[str] = (),
    models: Sequence[str] = ("gpt-5.5",),
    requirements: Iterable[str] | None = None,
) -> dict[str, Result]:
    """Verdicts by requirement id (of the first model) with these faults in the gateway."""
    known = catalogue()
    sent, profile = traffic(faults, models=models)
    judge = Judge(known, profile, tuple(sent.all()), sent.unsent)
    rows = known.requirements
    wanted = rows if requirements is None else requirements
    return {
        name: judge.result(rows[name], models[0] if rows[name].per_model else "")
        for name in wanted
        if not rows[name].excluded
    }


def main() -> None:
    """`python -m tests.direct [FAULT …]`: every verdict that is not a pass, and what fails."""
    import sys

    for name, result in results(sys.argv[1:]).items():
        if result.outcome != "pass":
            print(f"{result.outcome:<13}{name}  {result.reason}")
            for finding in result.findings[:3]:
                print(f"             {finding.exchange}: {finding.where}: {finding.message}")


if __name__ == "__main__":
    main()
