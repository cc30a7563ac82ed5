"""What a model cannot do is held against no server; what it did elsewhere is."""

import json
from dataclasses import replace

from conformance.judging.ability import CODE_WORD
from conformance.judging.finding import Finding
from conformance.judging.judge import Outcome
from conformance.judging.profile import Profile
from tests.judging.test_judge import exchange, verdict
from wire.exchange import Chunk, Reply, Request

ASKED = json.dumps(
    {"messages": [{"role": "user", "content": "The code word is OTTER-12. What is it?"}]}
)


def says(_):
    yield Finding("content", "OTTER-12, as it was told", '"unknown"', ability=CODE_WORD)


def answered(text):
    reply = Reply(200, (("content-type", "application/json"),), (Chunk(0.0, text.encode()),))
    return replace(
        exchange("other.probe"), request=Request("POST", "/x", (), ASKED.encode()), reply=reply
    )


def test_a_model_that_never_named_a_code_word_proves_nothing():
    result = verdict(says, [exchange(), answered("I do not know")])
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "to name a code word" in result.reason


def test_a_model_that_mostly_can_does():
    assert verdict(says, [exchange(), answered("OTTER-12")]).outcome is Outcome.FAIL


def test_a_model_that_does_it_now_and_then_proves_nothing():
    others = [answered("OTTER-12"), *(answered("no") for _ in range(3))]
    assert verdict(says, [exchange(), *others]).outcome is Outcome.INCONCLUSIVE


def test_the_scripted_model_always_can():
    assert verdict(says, [exchange()], profile=Profile("p", scripted=True)).outcome is Outcome.FAIL
