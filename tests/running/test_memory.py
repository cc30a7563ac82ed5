"""The memory of a run: same answers once, and what is too much accuses nobody."""

from dataclasses import replace

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge
from conformance.judging.profile import Profile
from conformance.judging.route import NOT_KEPT
from conformance.running.content_coding import HEAD_BYTES
from conformance.running.memory import Memory
from wire.exchange import Chunk, Connection, Ended, Exchange, Reply, Request

MB = 2**20


def answered(body, number=1, ended=Ended.COMPLETE):
    return Exchange(
        f"models.list-{number}",
        Request("GET", "/models", (("authorization", "Bearer [redacted:main]"),)),
        Reply(200, (("content-type", "application/json"),), (Chunk(1.0, body),), 1.0),
        Connection(ended),
        probe="models.list",
    )


def test_a_body_that_came_before_is_held_once():
    memory = Memory(budget_bytes=MB)
    body = b'{"object":"list","data":[' + b"1," * 300_000 + b"1]}"
    first, *others = [memory.holds(answered(bytes(body), n)) for n in range(50)]
    assert all(x.reply.json is first.reply.json for x in others)
    assert all(x.reply.chunks is others[0].reply.chunks for x in others)
    assert [x.id for x in others][:2] == ["models.list-1", "models.list-2"]
    assert not memory.passed


def test_what_is_too_much_is_a_head_that_tells_nothing():
    memory = Memory(budget_bytes=MB)
    held = [memory.holds(answered(b'"%06d' % n + b"x" * 400_000 + b'"', n)) for n in range(5)]
    assert [len(x.reply.body) > HEAD_BYTES for x in held] == [True, True, False, False, False]
    assert memory.passed
    assert held[4].connection.error.startswith(NOT_KEPT)
    known = catalogue()
    judge = Judge(known, Profile("p"), tuple(held[2:]))
    rows = [
        row for row in known.requirements.values() if row.area == "models" and not row.per_model
    ]
    outcomes = {row.id: judge.result(row, "").outcome for row in rows if not row.excluded}
    assert outcomes
    assert not [name for name, outcome in outcomes.items() if outcome in {"fail", "advisory"}]


def test_how_an_answer_ended_is_still_told():
    memory = Memory(budget_bytes=1000)
    told = memory.holds(answered(b"x" * 30_000, ended=Ended.RESET))
    assert told.connection.ended is Ended.RESET
    small = answered(b"{}")
    assert memory.holds(small) is small
    assert memory.holds(replace(small, id="b")).reply is small.reply
