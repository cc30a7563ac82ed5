"""A client that was late itself accuses nobody of buffering."""

from dataclasses import replace

from conformance.chat.timing import _incremental, incremental
from conformance.chat.timing import closes as chat_closes
from conformance.judging.finding import Finding, Unsure
from conformance.responses.timing import closes
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


def test_an_end_that_was_read_late_is_doubt():
    for probe, rule in (("chat.echo-stream", chat_closes), ("responses.stream.echo", closes)):
        sent, _ = traffic(probes=[probe])
        (stream,) = sent.exchanges[probe, "gpt-5.5"]
        end = stream.reply.events[-1].at_ms + 4_000
        open_ = replace(stream, connection=replace(stream.connection, total_ms=end, late_ms=0.0))
        assert [type(said) for said in rule.judge(open_)] == [Finding]
        late = replace(open_, connection=replace(open_.connection, late_ms=2_000.0))
        assert [type(said) for said in rule.judge(late)] == [Unsure]
