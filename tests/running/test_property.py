"""A property of a live server: what its failures cost."""

import asyncio

from conformance.properties.properties import PROPERTIES
from conformance.running.property import attempt
from wire.exchange import Connection, Ended, Exchange


def test_an_answer_that_never_comes_is_waited_for_once():
    """To shrink what makes a server work without end would cost a deadline for each try."""
    prop = next(p for p in PROPERTIES if p.name == "properties.chat-broken")
    sent = []

    async def send(request):
        sent.append(request)
        return Exchange(id=str(len(sent)), request=request, connection=Connection(Ended.TIMEOUT))

    trial = asyncio.run(attempt(prop, "m", send, number=0, keep=False))
    assert len(sent) == 1
    assert [x.connection.ended for x in trial.kept] == [Ended.TIMEOUT]
