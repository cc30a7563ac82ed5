"""The ledger: published rates, worked examples, aborts, and sums that never drift."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.accounts.charge import Charge
from gateway.accounts.ledger import Ledger
from gateway.accounts.prices import price
from gateway.faults.machinery.fault import Faulty, all_faults
from gateway.model.usage import Usage
from tests.gateway.chatting import say
from tests.gateway.in_process import Desk

# (model, tier, prompt, cached, completion, dollars): the worked examples of the price list.
EXAMPLES = [
    ("gpt-5.5", "default", 19, 0, 238, "0.007235"),
    ("gpt-5.4", "default", 19, 0, 238, "0.0036175"),
    ("gpt-5.5", "default", 12033, 11904, 44, "0.007917"),
    ("gpt-5.4", "default", 272000, 0, 1000, "0.695"),
    ("gpt-5.4", "default", 272001, 0, 1000, "1.382505"),
    ("gpt-5.5", "flex", 1000, 0, 500, "0.01"),
    ("gpt-5.5", "priority", 1000, 0, 500, "0.05"),
    ("gpt-5.4", "priority", 1000, 0, 500, "0.02"),
]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def balance(desk: Desk) -> Decimal:
    body = desk.ask("/credits").body
    assert body["object"] == "credit_balance"
    return Decimal(body["balance_usd"])


@pytest.mark.parametrize(("model", "tier", "prompt", "cached", "completion", "dollars"), EXAMPLES)
@pytest.mark.parametrize("stream", [False, True])
def test_worked_examples(
    desk: Desk, model: str, tier: str, prompt: int, cached: int, completion: int, dollars: str,
    stream: bool,
):  # fmt: skip
    usage = Usage(prompt=prompt, cached=cached, completion=completion)
    assert price(model, tier, usage) == Decimal(dollars)
    start = balance(desk)
    text = f"hi [[usage prompt={prompt} cached={cached} completion={completion}]]"
    reply = say(desk, text, model=model, service_tier=tier, stream=stream)
    assert reply.status == 200
    desk.gateway.settle(reply)
    assert start - balance(desk) == Decimal(dollars)


def test_snapshot_costs_as_its_alias():
    usage = Usage(prompt=100, completion=100)
    assert price("gpt-5.5-2026-04-23", "default", usage) == price("gpt-5.5", "default", usage)


def test_cache_writes_cost_as_input():
    assert price("gpt-5.5", "default", Usage(prompt=100, cache_write=50)) == Decimal("0.0005")


def test_refusals_and_reads_cost_nothing(desk: Desk):
    start = balance(desk)
    for reply in (
        say(desk, "hi", n=0),
        desk.ask("/models"),
        desk.ask("/chat/completions"),
        desk.ask("/x"),
    ):
        desk.gateway.settle(reply)
    assert balance(desk) == start


def test_stream_is_billed_the_same_with_and_without_usage(desk: Desk):
    costs = []
    for more in ({}, {"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}):
        start = balance(desk)
        desk.gateway.settle(say(desk, "Count from 1 to 20", **more))
        costs.append(start - balance(desk))
    assert len(set(costs)) == 1


def test_abort_costs_what_was_sent(desk: Desk):
    text = "Count from 1 to 100"
    whole = say(desk, text, stream=True)
    assert whole.charge is not None
    for sent in range(len(whole.frames or ()) + 1):
        start = balance(desk)
        desk.gateway.settle(say(desk, text, stream=True), sent)
        shown = min(max(0, sent - 1), 199)  # the numbers and the spaces between them
        if sent > 201:  # all but [DONE]: the tokens around the text are billed with the last frame
            shown = whole.charge.usage.completion
        usage = Usage(prompt=whole.charge.usage.prompt, completion=shown)
        assert start - balance(desk) == price("gpt-5.5", "default", usage), sent


def test_broken_stream_costs_what_came(desk: Desk):
    start = balance(desk)
    reply = say(desk, "Count from 1 to 100 [[script midstream_error]]", stream=True)
    desk.gateway.settle(reply)
    said = sum(
        bool(f.payload.get("choices") and f.payload["choices"][0]["delta"].get("content"))
        for f in reply.frames
    )
    expected = Usage(prompt=reply.charge.usage.prompt, completion=said)
    assert start - balance(desk) == price("gpt-5.5", "default", expected)


def test_choices_share_the_prompt(desk: Desk):
    one, two = say(desk, "hi").charge, say(desk, "hi", n=2).charge
    assert one is not None
    assert two is not None
    assert two.usage.prompt == one.usage.prompt
    assert two.usage.completion == 2 * one.usage.completion


def test_no_charge_is_lost_or_rounded(tmp_path: Path):
    ledger = Ledger({"a": Decimal(1)}, str(tmp_path / "ledger.sqlite"))
    charge = Charge("a", "req", "gpt-5.4", "flex", Usage(prompt=1, cached=1))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ledger.debit(charge, 0.0), range(1000)))
    assert Decimal(1) - ledger.balance("a") == 1000 * Decimal("0.00000013")
    assert ledger.count() == 1000
    ledger.close()
    again = Ledger({"a": Decimal(1)}, str(tmp_path / "ledger.sqlite"))
    assert again.count() == 1000
    assert again.balance("a") < 1
    again.close()


def test_empty_credit_ends_service(desk: Desk):
    reply = say(desk, "hi [[usage completion=1000]]", key="small_credit")
    desk.gateway.settle(reply)
    assert desk.gateway.ledger.balance("small_credit") < 0
    refused = say(desk, "hi", key="small_credit")
    assert refused.body["error"]["code"] == "insufficient_quota"
    assert say(desk, "hi").status == 200


@pytest.mark.parametrize(
    ("fault", "factor"), [("billing.free", 0), ("billing.double", 2), ("billing.flat", None)]
)
def test_faults_of_billing(fault: str, factor: int | None):
    desk = Desk(lambda gateway: Faulty(gateway, (all_faults()[fault],)))
    start = balance(desk)
    desk.handler.settle(say(desk, "hi [[usage prompt=1000 completion=1000]]"))
    cost = start - balance(desk)
    right = Decimal("0.035")
    assert cost == (right * factor if factor is not None else Decimal("0.0035"))
