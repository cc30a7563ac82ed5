"""What tells of a route, and what does not."""

from dataclasses import replace

import pytest

from conformance.judging.area import catalogue
from conformance.judging.judge import Judge, Outcome
from tests.direct import traffic
from wire.exchange import Chunk, Connection, Ended


def test_a_key_without_credit_is_no_stranger():
    """Alone beside the right key, it does not make a server look as if it asked for none."""
    sent, profile = traffic(probes=["billing.no-credit", "usage.small"])
    judge = Judge(catalogue(), profile, tuple(sent.all()), sent.unsent)
    row = judge.catalogue.requirements["billing.empty-refused"]
    assert judge.result(row, "").outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("error", "ended", "blamed"),
    [
        ("peer closed the connection", Ended.CUT, "http.whole"),
        ("no whole answer within 40 s", Ended.TIMEOUT, "http.whole"),
        (
            "the suite hung up after 0 events and 300000 bytes",
            Ended.ABORTED,
            "chat.param.max-completion-tokens.honoured",
        ),
        ("comments for ever", Ended.TIMEOUT, "http.whole"),
        ("content-encoding br was not asked for", Ended.COMPLETE, "http.encoding.asked"),
    ],
)
def test_what_did_not_come_whole_is_no_word_about_its_shape(error, ended, blamed):
    """Half a body lacks members that were on their way: one requirement is blamed, not twenty."""
    sent, profile = traffic(probes=["chat.echo", "models.list"])
    half = []
    for x in sent.all():
        reply = replace(x.reply, chunks=(Chunk(1.0, x.reply.body[:40]),))
        if "comments" in error:
            reply = replace(
                reply,
                headers=(("content-type", "application/json"),),
                chunks=(Chunk(1.0, b": x\n\n" * 20),),
            )
        if ended is Ended.COMPLETE:
            reply = replace(reply, headers=(*reply.headers, ("content-encoding", "br")))
        half.append(replace(x, reply=reply, connection=Connection(ended, error=error)))
    judge = Judge(catalogue(), profile, tuple(half), sent.unsent)
    models = {x.model for x in half if x.model}
    found = {
        row.id: judge.result(row, model)
        for row in judge.catalogue.requirements.values()
        for model in (models if row.per_model else [""])
        if row.id.startswith(("chat.", "models.", "http."))
    }
    assert {
        name
        for name, r in found.items()
        if r.outcome is Outcome.FAIL and r.requirement.level == "MUST"
    } - {"chat.response.json"} == {blamed}
    assert found["chat.response.choices"].outcome is Outcome.BLOCKED
    assert (
        "whole" in found["chat.response.id"].reason or "coding" in found["chat.response.id"].reason
    )
