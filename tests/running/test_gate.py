"""Fewer requests at once where a server says that they are too many."""

import asyncio

from conformance.running.gate import CALM, Gate
from conformance.running.probe import Probe, get
from wire.exchange import Attempt, Connection, Ended, Exchange, Reply

PROBE = Probe("chat.echo", lambda _: get("/"))
LIMITED = Probe("errors.rate-limit", lambda _: get("/"), asks_for=frozenset({429}))


def answered(status, *tries):
    attempts = tuple(Attempt(earlier, 1.0) for earlier in tries)
    reply = Reply(status, (), (), None)
    return Exchange("1", get("/"), reply, Connection(Ended.COMPLETE), attempts=attempts)


def test_too_many_halves_it_and_calm_mends_it():
    gate = Gate(8)
    gate.came(PROBE, answered(200, 429))  # cured by a retry: told all the same
    assert gate.width == 4
    for _ in range(3):
        gate.came(PROBE, answered(503))
    assert gate.width == 1
    for _ in range(CALM):
        gate.came(PROBE, answered(200))
    assert gate.width == 2
    for _ in range(100 * CALM):
        gate.came(PROBE, answered(200))
    assert gate.width == 8


def test_a_refusal_that_was_asked_for_says_nothing_of_load():
    gate = Gate(8)
    gate.came(LIMITED, answered(429))
    assert gate.width == 8


def test_no_more_are_inside_than_it_is_wide():
    async def run():
        gate = Gate(4)
        gate.came(PROBE, answered(429))
        inside, most = 0, 0

        async def one():
            nonlocal inside, most
            async with gate:
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(one() for _ in range(20)))
        return most

    assert asyncio.run(run()) == 2
