"""Fees of tools that the server runs: reckoned with before a request, booked after it."""

import json
from decimal import Decimal

from conformance.judging.fees import fees_usd, most_fees_usd
from conformance.judging.profile import Profile
from conformance.running.budget import Budget
from conformance.running.probe import Probe, post
from wire.exchange import Chunk, Exchange, Reply, Request

SEARCHED = {
    "object": "response",
    "output": [{"type": "web_search_call"}, {"type": "file_search_call"}, {"type": "message"}],
    "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
}


def asked(**body: object) -> Request:
    return post("/responses", {"model": "gpt-5.5", "input": "Hello", **body})


def test_a_tool_that_is_offered_may_be_called():
    assert most_fees_usd(asked()) == 0
    assert most_fees_usd(asked(tools=[{"type": "web_search"}])) == Decimal("0.02")
    assert most_fees_usd(asked(tools=[{"type": "web_search"}], max_tool_calls=1)) == Decimal("0.01")
    assert most_fees_usd(asked(tools=[{"type": "web_search"}], max_tool_calls=0)) == 0
    assert most_fees_usd(asked(tools=[{"type": "function"}, None, {"type": 5}])) == 0
    assert most_fees_usd(post("/chat/completions", {"web_search_options": {}})) == Decimal("0.01")


def test_what_is_ordered_of_the_scripted_model_is_called():
    assert most_fees_usd(asked(input="[[script web_search]] [[script web_search]]")) == Decimal(
        "0.02"
    )


def test_calls_that_an_answer_shows_are_booked():
    request = asked(tools=[{"type": "web_search"}, {"type": "file_search"}])
    body = json.dumps(SEARCHED).encode()
    x = Exchange(
        "1", request, Reply(200, (("content-type", "application/json"),), (Chunk(0, body),))
    )
    assert fees_usd(x) == Decimal("0.0125")
    budget = Budget(Profile("openai"))
    probe = Probe("a", lambda _: request)
    worst = budget.worst_usd("gpt-5.5", request, probe)
    assert worst > Decimal("0.025")
    budget.settle(x, worst, probe)
    assert budget.spent_usd == Decimal("0.0125")
