"""A client that was late itself accuses nobody of buffering."""

from dataclasses import replace

from conformance.chat.timing import _incremental, incremental
from conformance.judging.finding import Finding, Unsure
from tests.direct import traffic
from wire.exchange import Chunk


def test_a_burst_on_a_late_machine_is_doubt():
    sent, _ = traffic(probes=["chat.paced"])
    (paced,) = sent.exchanges["chat.paced", "gpt-5.5"]
    last = paced.reply.chunks[-1].at_ms
    chunks = tuple(Chunk(last, chunk.data) for chunk in paced.reply.chunks)
    burst = replace(paced, reply=replace(paced.reply, chunks=chunks))
    assert any(isinstance(said, Finding) for said in incremental.judge(burst))
    late = replace(burst, connection=replace(burst.connection, late_ms=80.0))
    assert list(_incremental(late))
    assert all(isinstance(said, Unsure) for said in incremental.judge(late))
