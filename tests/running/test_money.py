"""Money is a promise: what was announced holds, on a server that keeps to nothing."""

import json
from decimal import Decimal

import pytest

from conformance.judging.area import catalogue
from conformance.judging.profile import Profile
from conformance.running import planned
from conformance.running.budget import DEAREST, Budget
from conformance.running.output_limit import LEAST, NAMES, OutputLimit, generates
from conformance.running.probe import Probe, post
from conformance.running.profiles import load_profile
from conformance.running.splice import splice
from tests.direct import traffic
from tests.running.greedy import TOKENS, Greedy, judged
from wire.endpoint import Endpoint

PRICE = DEAREST.output * TOKENS / 1_000_000


@pytest.mark.parametrize("name", ["codex", "openai", "reference"])
def test_what_was_announced_holds_on_a_server_that_keeps_no_limit(name):
    look, budget, traffic = judged(Greedy(), load_profile(name))
    assert look.excess_tokens == TOKENS
    assert look.accepts_bad
    assert budget.spent_usd <= budget.announced_usd
    assert not [reason for reason in traffic.unsent.values() if "would be passed" in reason]


@pytest.mark.parametrize("limit", [Decimal("0.5"), Decimal(1)])
def test_a_limit_holds_within_the_price_of_one_request(limit):
    _, budget, traffic = judged(Greedy(), load_profile("openai"), limit_usd=limit)
    assert budget.announced_usd == limit
    assert budget.spent_usd <= limit + PRICE
    assert [reason for reason in traffic.unsent.values() if "--max-cost" in reason]


def test_a_server_that_turns_greedy_later_cannot_pass_what_was_announced_by_more_than_is_in_flight():
    sent = 0

    def obeys(_):
        nonlocal sent
        sent += 1
        return sent < 100

    _, budget, _ = judged(Greedy(obeys=obeys), load_profile("openai"), limit_usd=Decimal("0.3"))
    assert budget.spent_usd <= Decimal("0.3") + PRICE


def test_a_server_that_obeys_is_not_cut_off():
    server = Greedy(obeys=lambda _: True, unlimited=60)
    look, budget, traffic = judged(server, load_profile("openai"))
    assert not look.excess_tokens
    assert budget.spent_usd <= budget.announced_usd
    assert not [reason for reason in traffic.unsent.values() if "would be passed" in reason]


def test_the_older_name_of_the_limit_is_used_where_only_that_is_kept():
    old = Greedy(obeys=lambda r: "max_tokens" in r.params or "max_output_tokens" in r.params)
    look, _, traffic = judged(old, load_profile("openai"), probes=["chat.echo"])
    assert look.limits.members[Endpoint.CHAT] == "max_tokens"
    assert not look.excess_tokens
    small = traffic.exchanges["chat.echo", "m"][0].request.params
    assert "max_tokens" in small
    assert "max_completion_tokens" not in small


def test_every_generating_request_has_a_limit_unless_it_is_about_having_none():
    sent, _ = traffic(seed=0)
    probes = planned.probes(catalogue())
    names = {name for every in NAMES.values() for name in every}
    without = set()
    for group in sent.exchanges.values():
        for x in group:
            params = x.request.params
            if generates(x.request) and params.get("model") and not names & set(params):
                without.add(x.probe)
    assert without == {name for name, probe in probes.items() if probe.unlimited}


def test_the_dearest_answers_are_named():
    _, budget, _ = judged(
        Greedy(),
        load_profile("openai"),
        probes=["chat.small", "chat.echo", "chat.choices", "chat.tool", "usage.small"],
    )
    assert len(budget.largest) == 5
    assert budget.largest[0].completion_tokens >= TOKENS
    assert budget.as_json()["largest"][0][1]


CHAT = Probe("a", lambda _: None, output_tokens=60)
REFUSED = Probe("b", lambda _: None, output_tokens=0)


@pytest.mark.parametrize(
    ("probe", "path", "body", "limit"),
    [
        (CHAT, "/chat/completions", {"model": "m"}, {"max_completion_tokens": 60}),
        (REFUSED, "/chat/completions", {"model": "m"}, {"max_completion_tokens": LEAST}),
        (CHAT, "/responses", {"model": "m"}, {"max_output_tokens": 60}),
        (CHAT, "/chat/completions", {"model": "m", "max_tokens": -1}, {}),
        (CHAT, "/models", {"model": "m"}, {}),
    ],
)
def test_a_limit_is_put_in_where_there_is_none(probe, path, body, limit):
    request = OutputLimit().applied(post(path, body), probe)
    assert json.loads(request.body) == {**body, **limit}


def test_the_rest_of_a_body_stays_as_it_was_written():
    raw = b'{"model": "m",  "a": 1e999, "a": "\\ud800" }\n'
    assert splice(raw, {"b": 1}) == b'{"model": "m",  "a": 1e999, "a": "\\ud800", "b": 1}\n'
    assert splice(b"[1]", {"b": 1}) == b"[1]"
    assert splice(b"{ }", {"b": 1}) == b'{"b": 1}'


@pytest.mark.parametrize(("wrong", "share"), [(10**9, 60), (-1, 60), (0, 60), ("16", 60), (40, 40)])
def test_values_out_of_bounds_give_no_share(wrong, share):
    request = post("/chat/completions", {"model": "m", "max_completion_tokens": wrong})
    assert OutputLimit().share(request, CHAT) == share


def test_an_absurd_usage_is_no_number_to_reckon_with():
    body = b'{"usage": {"prompt_tokens": 1%s, "completion_tokens": -5}}' % (b"0" * 4000)
    from wire.exchange import Chunk, Connection, Ended, Exchange, Reply

    budget = Budget(Profile("p"))
    request = post("/chat/completions", {"model": "m"})
    reply = Reply(200, (), (Chunk(1.0, body),), 1.0)
    budget.settle(Exchange("1", request, reply, Connection(Ended.COMPLETE)), Decimal(1), CHAT)
    assert budget.spent_usd.is_finite()


def test_what_a_stream_cost_is_what_it_says_last():
    from wire.exchange import Chunk, Connection, Ended, Exchange, Reply

    counts = (
        b'data: {"usage": {"prompt_tokens": 9, "completion_tokens": %d}}\n\n' % n for n in (1, 50)
    )
    chunks = tuple(Chunk(1.0, data) for data in (*counts, b"data: [DONE]\n\n"))
    reply = Reply(200, (("content-type", "text/event-stream"),), chunks, 1.0)
    request = post("/chat/completions", {"model": "m", "stream": True})
    budget = Budget(Profile("p"))
    budget.settle(Exchange("1", request, reply, Connection(Ended.COMPLETE)), Decimal(1), CHAT)
    assert budget.completion_tokens == 50


def test_the_table_of_the_reference_gateway_is_not_stale():
    from conformance.running.announced import reference_tokens
    from tests.running.measure_tokens import measured

    known, now = reference_tokens(), measured()
    old, new = (sum(p * 5 + o * 30 for p, o in t.values()) for t in (known, now))
    assert abs(old - new) <= 0.1 * new, "run python -m tests.running.measure_tokens"
