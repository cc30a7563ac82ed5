"""Tokens claimed against tokens counted, over the answers of a run."""

import io
import json

import pytest

from load.measure import claims
from load.measure.claims import Claims, sentence
from load.measure.count_claims import serve
from load.measure.outcome import Outcome
from load.transport.request import Arrival, Request
from load.transport.responses_reader import ResponsesReader
from tests.load.streams import HEAD, chunk, chunked, gateway, serving, session, sse
from wire.endpoint import Endpoint
from wire.tokens.vocabulary import vocabulary
from wire.usage import Usage

WORDS = " time year people way day"
TRUE = vocabulary("o200k_base").count(WORDS) + 3  # what OpenAI counts beside a text


def claiming(tokens, reasoning=0, delta=None):
    details = {"completion_tokens_details": {"reasoning_tokens": reasoning}}
    usage = {"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": 9 + tokens} | details
    parts = (chunk({"role": "assistant", "content": ""}), chunk(delta or {"content": WORDS}), chunk({"content": WORDS}) if delta else "",
             chunk(finish="stop"), chunk(usage=usage), "[DONE]")  # fmt: skip

    def answer(connection, _request):
        connection.sendall(HEAD + chunked(sse([part for part in parts if part])))

    return answer


@pytest.mark.parametrize(("tokens", "difference", "above", "below"), [
    (TRUE, 0, 0, 0), (TRUE + 4, 40, 10, 0), (TRUE - 3, -30, 0, 10),
])  # fmt: skip
def test_what_is_claimed_is_held_against_the_text(tokens, difference, above, below):
    with serving(claiming(tokens)) as base_url:
        document, _ = session(base_url, requests="10", rate=50.0)
    found = document["claims"]
    assert (found["answers"], found["claimed"], found["counted"]) == (10, 10 * tokens, 10 * TRUE)
    assert (found["difference"], found["answers_above"], found["answers_below"]) == (difference, above, below)  # fmt: skip
    assert found["vocabulary"] == "o200k_base"


def test_declared_reasoning_is_counted_as_declared():
    with serving(claiming(TRUE + 100, reasoning=100)) as base_url:
        document, _ = session(base_url, requests="10", rate=50.0)
    assert document["claims"]["difference"] == 0
    assert document["claims"]["counted"][0] == 10 * (TRUE + 100)


@pytest.mark.parametrize("options", [{"model": "llama"}, {"extra_body": '{"n": 2}'}, {"scenario": "models"}, {"exact": True, "arrivals": "poisson"}])  # fmt: skip
def test_what_cannot_be_counted_is_not_compared(options):
    with serving(claiming(TRUE)) as base_url:
        document, _ = session(base_url, requests="10", rate=50.0, **options)
    assert document["claims"] is None


def test_an_answer_that_is_more_than_text_is_not_compared():
    with serving(claiming(500, delta={"reasoning_content": "hm"})) as base_url:
        document, _ = session(base_url, requests="10", rate=50.0)
    assert document["claims"] is None


@pytest.mark.parametrize(("output", "compared"), [
    ([{"type": "message", "content": [{"type": "output_text", "text": WORDS}]}], True),
    ([{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": WORDS}]}], True),
    ([{"type": "message", "content": [{"type": "output_text", "text": WORDS}]}] * 2, False),
    ([{"type": "message", "content": [{"type": "output_text", "text": WORDS}]}, {"type": "function_call"}], False),
    ([{"type": "message", "content": None}], False), ([], False),
])  # fmt: skip
def test_of_responses_only_one_text_alone_is_compared(output, compared):
    reader = ResponsesReader(keep_text=True)
    reader.output, reader.texts = output, [WORDS]
    request = Request("responses-stream", Endpoint.RESPONSES, "/responses", b"{}")
    arrival = Arrival(
        request,
        reader,
        outcome=Outcome.OK,
        usage=Usage.of({"input_tokens": 1, "output_tokens": 9, "total_tokens": 10}),
    )
    found = Claims("gpt-5.5")
    found.add(arrival)
    assert bool(found._texts) is compared


@pytest.mark.parametrize(
    ("most", "of_what"), [(4 * len(WORDS) - 3, "MOST_LETTERS"), (4, "MOST_ANSWERS")]
)
def test_so_much_text_is_kept_and_no_more(monkeypatch, most, of_what):
    monkeypatch.setattr(claims, of_what, most)
    with serving(claiming(TRUE)) as base_url:
        document, _ = session(base_url, requests="10", rate=50.0)
    assert document["claims"]["answers"] == 4


@pytest.mark.parametrize("scenario", ["chat-stream", "responses-stream", "chat"])
def test_the_reference_gateway_claims_what_it_says(scenario):
    with gateway() as (base_url, key):
        document, _ = session(base_url, key, scenario=scenario, requests="12", rate=40.0)
    found = document["claims"]
    assert (found["answers"], found["difference"], found["answers_above"], found["answers_below"]) == (12, 0, 0, 0)  # fmt: skip
    assert sentence(found).endswith("(o200k_base), difference +0")


def test_a_gateway_that_inflates_is_seen():
    with gateway("usage.chat.doubled") as (base_url, key):
        document, _ = session(base_url, key, requests="12", rate=40.0)
    assert document["claims"]["answers_above"] == 12
    assert "12 answers claim more than their text can have cost" in sentence(document["claims"])


def test_a_model_without_a_vocabulary_has_none():
    out = io.StringIO()
    serve("llama", iter([]), out)
    assert json.loads(out.getvalue()) == ""
